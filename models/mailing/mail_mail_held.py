# Mails that waited before they leave: asked again whether their recipients may get them.
from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import UserError

from .mailing_consent import FAILURE_TYPES

# a mail that leaves within this time was asked when it was made, just now
FRESH = timedelta(minutes=1)


class MailMail(models.Model):
    """A mail may wait after it was made: in a long outbox, for a mail server that is down, or until somebody retries
    it. Its recipient may have unsubscribed, or left the journey, meanwhile, and is asked again.

    A mail of a journey that is held in quiet hours is made when it is released. One of a one-off mailing is made at
    once and waits in the outbox, maybe a whole night, in which its recipient may have become a customer as well; so its
    filter is asked, too. Of a journey's mail the exit rules have decided.
    """

    _inherit = "mail.mail"

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        self._drop_unwanted()
        return super().send(
            auto_commit=auto_commit, raise_exception=raise_exception, post_send_callback=post_send_callback
        )

    def _drop_unwanted(self):
        """Cancel those of these mails that their recipients must not get any more."""
        # whoever sends a mail need not be allowed to read mails; their texts are not needed for this
        bare = self.sudo().with_context(prefetch_fields=False)
        ours = bare.filtered(lambda mail: mail.state == "outgoing" and mail.mailing_id and not mail.mailing_copy_id)
        made_before = fields.Datetime.now() - FRESH
        for mailing, mails in ours.grouped("mailing_id").items():
            left = self._find_left(mailing, mails.mailing_trace_ids)
            left.journey_participant_id._cancel_outbox(left)
            held = mails.filtered("scheduled_date")
            waited = (held | mails.filtered(lambda mail: mail.create_date <= made_before)).mailing_trace_ids - left
            if mailing.journey_node_id:
                held = held.browse()
            for failure_type, ids in self._find_unwanted(mailing, waited, held.mailing_trace_ids).items():
                traces = waited.browse(ids)
                traces.mail_mail_id.cancel()
                traces.set_canceled()
                traces.failure_type = failure_type

    @api.model
    def _find_left(self, mailing, traces):
        """Those of the traces whose participants left the journey early, but whose mails were not cancelled then: they
        had failed, or were on their way and came back, and wait again.

        An entry that was closed since its record was merged goes on as another one's, and so does its mail.
        """
        if not mailing.journey_node_id:
            return traces.browse()
        gone = traces.journey_participant_id._get_left_early()
        left = traces.filtered(lambda trace: trace.journey_participant_id in gone)
        Model = self.env[mailing.mailing_model_real].sudo()  # only whether they are there
        alive = set(Model.browse(left.mapped("res_id")).exists().ids)
        return left.filtered(lambda trace: trace.res_id in alive)

    @api.model
    def _find_unwanted(self, mailing, traces, held):
        """
        :param held: those of the traces of whom the mailing's filter is asked again as well
        :return: ``{failure type: [trace ids]}`` of the traces whose mails must not leave
        """
        Consent = self.env["mailing.consent"]
        ids = list(dict.fromkeys(traces.mapped("res_id")))
        addresses = Consent._get_record_addresses(mailing.mailing_model_real, ids)
        # the mail was made for the address that the recipient had then
        refusals = Consent.get_refusals(
            {address for found in addresses.values() for part in found[:3] for address in part}
            | set(traces.mapped("email")),
            mailing,
        )
        ids = held.mapped("res_id")
        try:
            unmatched = set(ids) - mailing._find_lasting(ids) if ids else set()
        except UserError:
            unmatched = set()  # a field was removed meanwhile: the filter worked when the mails were made
        result = {}
        for trace in traces:
            # nothing of one that was merged meanwhile, whose mail is another's now
            found = addresses.get(trace.res_id)
            reason = Consent._judge(found, refusals) if found else None
            reason = reason or refusals.get(tools.email_normalize(trace.email, strict=False))
            if reason:
                result.setdefault(FAILURE_TYPES[reason], []).append(trace.id)
            elif trace in held and trace.res_id in unmatched:
                result.setdefault("mail_unmatched", []).append(trace.id)
        return result
