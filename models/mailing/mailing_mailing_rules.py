# Mailings: what a mail is about, and whether it is one that people need rather than advertising.
from odoo import api, fields, models
from odoo.exceptions import AccessError


class MailingMailing(models.Model):
    """Rules of one mail.

    * ``topic_id``: a mailing list that says what the mail is about. Whoever unsubscribes from a mail with a topic opts
      out of the topic; other mails go on.
    * ``is_operational``: the mail tells people what they need to know, such as a change of the contract. It does not
      ask caps, quiet hours and opt-outs of topics. It does ask the blacklist, which also holds everybody who
      unsubscribed from all mails: nothing here overrides that. Only managers say so, and only they launch such a mail.
    """

    _inherit = "mailing.mailing"

    topic_id = fields.Many2one(
        "mailing.list",
        index="btree_not_null",
        ondelete="restrict",
        help="What the mail is about. Whoever unsubscribes from it gets no more mails of this topic, but others still; "
        "without a topic, unsubscribing is from all mails.",
    )
    is_operational = fields.Boolean(
        "Operational",
        copy=False,
        help="People need this mail, it is no advertising: it is sent regardless of caps, quiet hours and opt-outs of "
        "topics. The blacklist still counts.",
    )

    def _check_operational(self):
        """:raise AccessError: one of these mailings is operational, and the user is no manager"""
        if (
            not self.env.su
            and self.filtered("is_operational")
            and not self.env.user.has_group("crm_buying_journey.group_manager")
        ):
            raise AccessError(self.env._("Only managers may declare a mail operational, and launch it."))

    @api.model_create_multi
    def create(self, vals_list):
        mailings = super().create(vals_list)
        mailings._check_operational()
        return mailings

    def write(self, vals):
        result = super().write(vals)
        if "is_operational" in vals:
            self._check_operational()
        return result

    def action_put_in_queue(self):
        self._check_operational()
        return super().action_put_in_queue()
