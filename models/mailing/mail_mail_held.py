# Mails of one-off mailings that waited for the end of quiet hours: asked again before they leave.
from odoo import api, models
from odoo.exceptions import UserError

from .mailing_consent import FAILURE_TYPES


class MailMail(models.Model):
    """A mail of a journey that is held is made when it is released. One of a one-off mailing is made at once and waits
    in the outbox, maybe a whole night, in which its recipient may have unsubscribed, or become a customer.
    """

    _inherit = "mail.mail"

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        self._drop_unwanted()
        return super().send(
            auto_commit=auto_commit, raise_exception=raise_exception, post_send_callback=post_send_callback
        )

    def _drop_unwanted(self):
        """Cancel those of these mails that waited, and that their recipients must not get any more."""
        # whoever sends a mail need not be allowed to read mails
        waited = self.sudo().filtered(
            lambda mail: (
                mail.scheduled_date
                and mail.state == "outgoing"
                and mail.mailing_id
                and not mail.mailing_id.journey_node_id
                and not mail.mailing_copy_id
            )
        )
        for mailing, mails in waited.grouped("mailing_id").items():
            failures = self._find_unwanted(mailing, mails.mailing_trace_ids)
            for failure_type, ids in failures.items():
                traces = self.env["mailing.trace"].sudo().browse(ids)
                traces.mail_mail_id.cancel()
                traces.set_canceled()
                traces.failure_type = failure_type

    @api.model
    def _find_unwanted(self, mailing, traces):
        """:return: ``{failure type: [trace ids]}`` of the traces whose mails must not leave"""
        Consent = self.env["mailing.consent"]
        ids = list(dict.fromkeys(traces.mapped("res_id")))
        addresses = Consent._get_record_addresses(mailing.mailing_model_real, ids)
        refusals = Consent.get_refusals(
            {address for found in addresses.values() for part in found[:3] for address in part}, mailing
        )
        try:
            lasting = mailing._find_lasting(ids)
        except UserError:
            lasting = set(ids)  # a field was removed meanwhile: the filter worked when the mails were made
        result = {}
        for trace in traces:
            found = addresses.get(trace.res_id)
            reason = Consent._judge(found, refusals) if found else "missing"
            if reason:
                result.setdefault(FAILURE_TYPES[reason], []).append(trace.id)
            elif trace.res_id not in lasting:
                result.setdefault("mail_unmatched", []).append(trace.id)
        return result
