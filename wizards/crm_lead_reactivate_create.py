# Wizard: the drafts that are made of an audience of lost leads.
from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class CrmLeadReactivate(models.TransientModel):
    _inherit = "crm.lead.reactivate"

    filter_name = fields.Char("Name of the Favorite Filter")
    offer_url = fields.Char(
        "Link to the Offer",
        default=lambda self: self._get_default_offer_url(),
        help="Where the links in the mails lead to; you may change each of them in the mails.",
    )
    restore_on = fields.Selection(
        lambda self: self.env["mailing.mailing"]._fields["restore_on"]._description_selection(self.env),
        "Bring Back After",
        help="For mailings: a lost lead comes back by itself when its customer does this. Absence notes and virus "
        "scanners bring nothing back. A journey has a step for it.",
    )

    def _get_default_offer_url(self):
        website = self.env.company.website
        if website and not self.env["mailing.mailing"]._is_example(website):
            return website
        return False

    def _get_offer_url(self):
        """:return: the address, or empty if none was given
        :raise UserError: it is no address of the web
        """
        url = (self.offer_url or "").strip()
        if url and "://" not in url and not url.startswith("/"):
            url = f"https://{url}"
        if url and not (url.startswith(("http://", "https://")) and self.env["mailing.mailing"]._is_link(url)):
            raise UserError(
                self.env._("“%(address)s” is no address of a web page. Write it like https://www.…", address=url[:200])
            )
        return url

    def _get_confirmed_domain(self):
        """:return: the domain to keep, as text
        :raise UserError: nobody would get the mail
        """
        self.ensure_one()
        audience = self.get_audience()
        if not audience["count"]:
            raise UserError(
                self.env._(
                    "Nobody would get this mail: the guard rails take away all leads that match (%(matched)s).",
                    matched=audience["matched"],
                )
                if audience["matched"]
                else self.env._("No lost lead matches your choice.")
            )
        return repr(audience["domain"])

    def action_create_mailing(self):
        """Button: a draft mailing to this audience.

        :return: the action that opens it
        """
        return self._create_mailing().get_formview_action()

    def _create_mailing(self):
        domain = self._get_confirmed_domain()
        return self.env["mailing.mailing"].create(self._prepare_mailing_values(domain))

    def action_create_ab_mailing(self):
        """Button: a draft mailing to this audience with a draft A/B test of two subjects.

        :return: the action that opens the mailing on its A/B tab
        """
        mailing = self._create_mailing()
        mailing.action_create_ab_test()
        view = self.env.ref("crm_buying_journey.mailing_mailing_view_form_ab_first")
        return mailing.get_formview_action() | {"views": [(view.id, "form")], "view_id": view.id}

    def _prepare_mailing_values(self, domain):
        sender = self.env.user.email_formatted or self.env.company.email_formatted
        if not sender:
            raise UserError(self.env._("Enter your email address in your preferences first: mails need a sender."))
        subject, opening = self._get_texts()
        body = self._get_body(opening)
        return {
            "subject": subject,
            "name": self.name,
            "mailing_type": "mail",
            "mailing_model_id": self.env["ir.model"]._get_id("crm.lead"),
            "mailing_domain": domain,
            "email_from": sender,
            "user_id": self.env.uid,
            "topic_id": self.topic_id.id,
            "restore_on": self.restore_on,
            "is_reactivation": True,
            "body_arch": body,
            "body_html": body,
        }

    def _get_texts(self):
        """:return: subject and first sentence of the mail in the user's language, by the kind of cause"""
        texts = {
            "price": (
                self.env._("We have a new price for you"),
                self.env._("When we last spoke, our offer was too expensive for you. Our prices have changed since."),
            ),
            "product": (
                self.env._("It is available again"),
                self.env._("When we last spoke, we could not deliver what you asked for. It is available now."),
            ),
            "capacity": (
                self.env._("We have time for your project now"),
                self.env._("When we last spoke, we had nobody free for your project. That is different now."),
            ),
            "timing": (
                self.env._("Is it a better time now?"),
                self.env._("When we last spoke, it was not the right time for you. How do things look today?"),
            ),
            "competitor": (
                self.env._("Are you still happy with your choice?"),
                self.env._("Some time ago you chose somebody else. We would be glad to show you what is new here."),
            ),
        }
        kinds = set(self.reason_ids.mapped("kind")) if self.reason_mode == "include" else set()
        if len(kinds) == 1 and kinds & texts.keys():
            return texts[kinds.pop()]
        return (
            self.env._("There is news for you"),
            self.env._("It has been a while since we last spoke. Here is what is new, and what we can offer today."),
        )

    def _get_body(self, opening):
        """A mail that could leave as it is: greeting, opening, offer, signature, unsubscription link; and a button if
        it has somewhere to lead to.

        :rtype: Markup
        """
        # the text inside is what stands there if the lead names nobody
        name = Markup('<t t-out="object.contact_name">%s</t>') % self.env._("there")
        url = self._get_offer_url()
        button = Markup(
            '<p style="margin: 0 0 16px"><a href="%(url)s" class="btn btn-primary" style="display: inline-block; '
            'padding: 8px 16px; background-color: #714b67; color: #ffffff; text-decoration: none">%(label)s</a></p>'
        ) % {"url": url, "label": self.env._("See the offer")}
        return Markup(
            '<div class="o_layout o_default_theme"><div class="container o_mail_wrapper o_mail_regular">'
            '<p style="margin: 0 0 16px">%(greeting)s</p>'
            '<p style="margin: 0 0 16px">%(opening)s</p>'
            '<p style="margin: 0 0 16px">%(offer)s</p>'
            "%(button)s"
            '<p style="margin: 0 0 16px">%(closing)s<br/>%(sender)s</p>'
            '<p style="margin: 0; font-size: 12px"><a href="/unsubscribe_from_list">%(unsubscribe)s</a></p>'
            "</div></div>"
        ) % {
            "greeting": Markup("%s") % self._greet(name),
            "opening": opening,
            "offer": self.env._("If that interests you, just answer this mail. We take it up where we left off."),
            "button": button if url else "",
            "closing": self.env._("Kind regards"),
            "sender": self.env.user.name,
            "unsubscribe": self.env._("Unsubscribe"),
        }

    def _greet(self, name):
        return Markup(self.env._("Hello %(name)s,", name="%s").replace("<", "&lt;")) % name

    def action_create_journey(self):
        """Button: the ready-made journey of three weeks for this audience, as a draft.

        :return: the action that opens it
        """
        return self._create_journey().get_formview_action()

    def _create_journey(self):
        domain = self._get_confirmed_domain()
        Journey = self.env["journey.journey"].with_context(offer_url=self._get_offer_url())
        journey = Journey._create_reactivation(domain, name=self.name, **self._prepare_journey_exit())
        journey = journey.with_context(offer_url=None)
        if self.topic_id:
            journey.node_ids.mailing_id.topic_id = self.topic_id
        return journey

    def _prepare_journey_exit(self):
        """Three weeks are long: who meanwhile has an open lead, or bought, leaves before the next mail. What else the
        guard rails ask is asked again for each mail, or is about the journey itself.

        :return: the exit filter, if the guard rails ask for more than the ready-made one
        :rtype: dict
        """
        guards = {"live_lead", "order"} & set(self._get_active_guards())
        if not guards:
            return {}
        leaving = Domain.OR(
            [Domain("won_status", "!=", "lost"), *(self._get_opposite(guard) for guard in sorted(guards))]
        )
        return {"exit_domain": repr(list(Domain("active", "in", [True, False]) & leaving))}

    def action_save_filter(self):
        """Button: keep the audience as a favourite filter of mailings."""
        self.ensure_one()
        self._check_choice()
        name = (self.filter_name or "").strip() or self.name
        self.env["mailing.filter"].create(
            {
                "name": name,
                "mailing_domain": repr(list(self._get_domain())),
                "mailing_model_id": self.env["ir.model"]._get_id("crm.lead"),
            }
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("“%(name)s” is among your favorite filters now.", name=name),
            },
        }
