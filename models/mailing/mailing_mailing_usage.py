# Mailings: a month's hard limit refuses launches and keeps what is queued in the queue.
from odoo import fields, models, tools
from odoo.exceptions import UserError

from .mailing_mailing_copies import BATCH


class MailingMailing(models.Model):
    _inherit = "mailing.mailing"

    usage_hold_reason = fields.Char("Held Back", readonly=True, copy=False)

    def action_put_in_queue(self):
        for mailing in self:
            if reason := mailing._get_usage_refusal():
                raise UserError(reason)
        self.filtered("usage_hold_reason").usage_hold_reason = False
        return super().action_put_in_queue()

    def _action_send_mail(self, res_ids=None):
        """What waits in the queue goes on waiting while the limit is reached; core would carry on with the others."""
        going = self
        for mailing in self:
            reason = mailing._get_usage_refusal(res_ids)
            if not reason:
                if mailing.usage_hold_reason:
                    mailing.usage_hold_reason = False
                continue
            if mailing.state not in ("in_queue", "sending"):
                raise UserError(reason)
            if not mailing.usage_hold_reason:
                mailing._message_log(body=reason)
            mailing.write({"state": "in_queue", "usage_hold_reason": reason})
            going -= mailing
        return super(MailingMailing, going)._action_send_mail(res_ids=res_ids) if going else True

    def _get_usage_refusal(self, res_ids=None):
        """Why the month's limit keeps this mailing from going; empty: it does not."""
        self.ensure_one()
        Limit = self.env["mailing.usage.limit"]
        if self.mailing_type != "mail" or not Limit._get_limits("hard"):
            return ""
        ids = res_ids or self._get_remaining_recipients()
        planned = [address for addresses in self._get_planned_addresses(ids).values() for address in addresses]
        return Limit._get_refusal(planned)

    def _get_planned_addresses(self, ids):
        """Where the mails of these recipients would go, copies included.

        :param ids: ids of recipients
        :return: ``{record id: [address of each mail]}``
        :rtype: dict
        """
        self.ensure_one()
        Model = self.env[self.mailing_model_real]
        copied = self._count_copies() if self.copy_limit and self.cc_slot_ids else {}
        result = {}
        for batch_ids in tools.split_every(BATCH, ids):
            records = Model.browse(batch_ids)
            primaries = self._get_primary_addresses(records)
            plan = self._plan_copies(records, primaries, copied) if self.cc_slot_ids else {}
            for record_id in batch_ids:
                result[record_id] = sorted(primaries.get(record_id, ()))[:1] + [
                    normalized
                    for _slot, _partner, _address, normalized, reason in plan.get(record_id, ())
                    if not reason
                ]
        return result
