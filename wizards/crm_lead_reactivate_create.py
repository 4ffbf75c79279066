# Wizard: the drafts that are made of an audience of lost leads.
from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError


class CrmLeadReactivate(models.TransientModel):
    _inherit = "crm.lead.reactivate"

    filter_name = fields.Char("Name of the Favorite Filter")

    def _get_confirmed_domain(self):
        """:return: the domain to keep, as text
        :raise UserError: nobody would get the mail
        """
        self.ensure_one()
        audience = self.get_audience()
        if not audience["count"]:
            raise UserError(
                self.env._(
                    "Nobody would get this mail: %(matched)s leads match, and the guard rails take all of them away.",
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
        """A skeleton to write on: greeting, opening, offer with a button, signature, unsubscription link.

        :rtype: Markup
        """
        # the text inside is what stands there if the lead names nobody
        name = Markup('<t t-out="object.contact_name">%s</t>') % self.env._("there")
        return Markup(
            '<div class="o_layout o_default_theme"><div class="container o_mail_wrapper o_mail_regular">'
            '<p style="margin: 0 0 16px">%(greeting)s</p>'
            '<p style="margin: 0 0 16px">%(opening)s</p>'
            '<p style="margin: 0 0 16px">%(offer)s</p>'
            '<p style="margin: 0 0 16px"><a href="%(url)s" class="btn btn-primary" style="display: inline-block; '
            'padding: 8px 16px; background-color: #714b67; color: #ffffff; text-decoration: none">%(button)s</a></p>'
            '<p style="margin: 0 0 16px">%(closing)s<br/>%(sender)s</p>'
            '<p style="margin: 0; font-size: 12px"><a href="/unsubscribe_from_list">%(unsubscribe)s</a></p>'
            "</div></div>"
        ) % {
            "greeting": Markup("%s") % self._greet(name),
            "opening": opening,
            "offer": self.env._("Write here what you offer, and until when."),
            "url": self.env.company.website or self.get_base_url(),
            "button": self.env._("See the offer"),
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
        journey = self.env["journey.journey"]._create_reactivation(domain, name=self.name)
        if self.topic_id:
            journey.node_ids.mailing_id.topic_id = self.topic_id
        return journey

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
