# Mailings: what a mail is about, and whether it is one that people need rather than advertising.
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .mailing_mailing import STATISTICS


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

    @api.constrains("topic_id")
    def _check_topic(self):
        # a topic may be one that the user may not read
        for mailing in self.sudo():
            if mailing.topic_id and not mailing.topic_id.is_public:
                raise UserError(mailing.topic_id._get_hidden_topic_error())

    def _get_topic(self):
        """The topic that unsubscribing from this mail opts out of: its own, or that of its journey.

        :rtype: mailing.list
        """
        self.ensure_one()
        return self.topic_id or self.journey_node_id.journey_id.topic_id

    def _get_trace_of(self, document_id, email):
        """The newest trace of the mail to this record and address; none if there is none any more.

        :param document_id: id of the recipient, maybe as a text from a link
        :param str email: normalized
        :rtype: mailing.trace
        """
        self.ensure_one()
        # public pages ask; the link was checked before
        Trace = self.env["mailing.trace"].sudo()
        if not email or not str(document_id or "").isdecimal():
            return Trace
        domain = [("mass_mailing_id", "=", self.id), ("res_id", "=", int(document_id)), ("email", "=", email)]
        return Trace.search(domain, order="id desc", limit=1)

    def _check_operational(self):
        """:raise AccessError: one of these mailings is operational, and the user is no manager"""
        if (
            not self.env.su
            and self.sudo().filtered("is_operational")
            and not self.env.user.has_group("crm_buying_journey.group_manager")
        ):
            raise AccessError(self.env._("Only managers may declare a mail operational, and launch it."))

    def _check_content_editable(self):
        self._get_launched()._check_operational()
        return super()._check_content_editable()

    def _get_launched(self):
        return self & self.sudo().filtered(lambda mailing: mailing.state in ("in_queue", "sending"))

    @api.model_create_multi
    def create(self, vals_list):
        mailings = super().create(vals_list)
        mailings._check_operational()
        return mailings

    def write(self, vals):
        """What managers launched stays as it is, and launching is to write a state, too."""
        if vals.get("state") in ("in_queue", "sending"):
            self._check_operational()
        if vals.keys() - STATISTICS:
            self._get_launched()._check_operational()
        result = super().write(vals)
        if "is_operational" in vals:
            self._check_operational()
        return result

    def _action_send_mail(self, res_ids=None):
        self._check_operational()
        return super()._action_send_mail(res_ids=res_ids)
