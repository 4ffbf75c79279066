# Mailing lists as topics of mails to leads, contacts and members of buying groups.
from odoo import api, fields, models
from odoo.exceptions import UserError


class MailingList(models.Model):
    """A mailing list may be the topic of mails that are sent to others than its contacts. Opting out of it is what the
    host knows from its mailing lists: a subscription that is opted out, with a reason, which the preferences page shows
    and takes back. Somebody who is no mailing contact yet becomes one to hold it, and no member by that.
    """

    _inherit = "mailing.list"

    # the groups: whoever may read no journeys still reads all of a list, as exports and scripts do
    topic_journey_ids = fields.One2many(
        "journey.journey", "topic_id", "Journeys with This Topic", groups="crm_buying_journey.group_user"
    )
    topic_mailing_ids = fields.One2many("mailing.mailing", "topic_id", "Mails with This Topic")
    topic_journey_count = fields.Integer("Journeys", compute="_compute_topic_counts")
    topic_mailing_count = fields.Integer("Mails of Its Own", compute="_compute_topic_counts")
    topic_opt_out_count = fields.Integer("Opted Out", compute="_compute_topic_counts")

    def _compute_topic_counts(self):
        def count(model_name, field, domain=()):
            # only counts
            rows = self.env[model_name].sudo()._read_group([(field, "in", self.ids), *domain], [field], ["__count"])
            return {topic.id: number for topic, number in rows}

        journeys, mailings = count("journey.journey", "topic_id"), count("mailing.mailing", "topic_id")
        opt_outs = count("mailing.subscription", "list_id", [("opt_out", "=", True)])
        for topic in self:
            topic.topic_journey_count = journeys.get(topic.id, 0)
            topic.topic_mailing_count = mailings.get(topic.id, 0)
            topic.topic_opt_out_count = opt_outs.get(topic.id, 0)

    def action_view_topic_opt_outs(self):
        """Button: who left this topic, when and why."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Opted out of %(topic)s", topic=self.name),
            "res_model": "mailing.subscription",
            "view_mode": "list",
            "domain": [("list_id", "=", self.id), ("opt_out", "=", True)],
            "context": {"create": False},
        }

    def _get_hidden_topic_error(self):
        return self.env._(
            "%(list)s is not shown in the recipients' preferences, so nobody could take an opt-out back. "
            "Tick “Show In Preferences” on it, or choose another topic.",
            list=self.name,
        )

    @api.constrains("is_public")
    def _check_topic(self):
        # a topic in use protects itself, also by journeys that the user may not see
        for topic in self.sudo():
            if not topic.is_public and (topic.topic_journey_ids or topic.topic_mailing_ids):
                raise UserError(topic._get_hidden_topic_error())

    def _opt_out_of_topic(self, email, name=False):
        """Note that this address wants no mails of the topic.

        :param str email: normalized
        """
        self.ensure_one()
        Contact = self.env["mailing.contact"].with_context(active_test=False)
        contacts = Contact.search([("email_normalized", "=", email)])
        if not contacts:
            contacts = Contact.create({"email": email, "name": name or email})
        if self not in contacts.subscription_ids.list_id:
            self.env["mailing.subscription"].create({"contact_id": contacts[0].id, "list_id": self.id, "opt_out": True})
        # every contact with the address: one that is still in would overrule the others
        self._update_subscription_from_email(email, opt_out=True)
