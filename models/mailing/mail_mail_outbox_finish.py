# The outbox of journeys: what a batch of mails that was transmitted means for its traces.
import logging
import time

from odoo import models

from ..journey.journey_engine import RETRYABLE

_logger = logging.getLogger(__name__)

MAX_COLLISIONS = 5


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _finish(self, results, commit):
        """Tell the traces and delete what is not kept, for a whole batch.

        If other transactions keep getting in between, this is left to the next run: what was sent is noted already.
        """
        if not results:
            return
        for attempt in range(MAX_COLLISIONS):
            try:
                if commit:
                    self._commit_sent()  # a new transaction sees what the ledger wrote
                self._finish_once(results)
                if commit:
                    self._commit_sent()
                return
            except RETRYABLE as error:
                if not commit:
                    raise
                self.env.cr.rollback()
                _logger.info("Finishing mails of journeys is tried again: %s", error)
                time.sleep(0.05 * (attempt + 1))

    def _commit_sent(self):
        # what was sent cannot be taken back, so neither can what is noted about it
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _finish_once(self, results):
        sent = {mail_id: result for mail_id, result in results.items() if result.state == "sent"}
        mails = self.browse(sent).exists()
        for mail in mails:
            if mail.message_id != sent[mail.id].message_id:
                mail.message_id = sent[mail.id].message_id
        # as Odoo: a mail that reached one recipient and has an invalid one counts as sent, and as failed
        partly = mails.filtered(lambda mail: sent[mail.id].failure_type)
        whole = mails - partly
        partners = self.env["res.partner"].union(*(p for r in sent.values() for p in r.partners))
        emails = [email for result in sent.values() for email in result.emails]
        whole._finish_sent(partners, emails, {mail.id: sent[mail.id].at for mail in whole})
        failed = self.browse(mail_id for mail_id, result in results.items() if result.state == "exception").exists()
        for mail in partly | failed:
            result = results[mail.id]
            mail._finish_failed(result.failure_type, result.failure_reason, result.partners, result.emails)

    def _finish_sent(self, partners, emails, moments):
        """:param dict moments: when each mail left"""
        if not self:
            return
        self.journey_outbox = "done"
        traces = self.mailing_trace_ids
        times = {trace.id: moments[trace.mail_mail_id.id] for trace in traces}
        self.with_context(journey_sent_at=times)._postprocess_sent_message(
            success_pids=list(partners), success_emails=emails
        )

    def _finish_failed(self, failure_type, failure_reason, partners=(), emails=()):
        self.journey_outbox = "done"
        self._postprocess_sent_message(
            success_pids=list(partners),
            success_emails=list(emails),
            failure_reason=failure_reason,
            failure_type=failure_type,
        )
