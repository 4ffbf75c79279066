# The composer: mails of one-off mailings that use the addon go into the outbox.
from odoo import models

from ..journey.journey_engine import RETRYABLE


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _action_send_mail_mass_mail(self, res_ids, auto_commit=False):
        """All mails are made, and committed batch by batch, before the first leaves. A small mailing leaves at once, as
        Odoo's do, and a large one as soon as workers of the outbox get to it."""
        if (
            not self._is_mass_mailing()
            or "journey_visits" in self.env.context
            or not self.mass_mailing_id._uses_outbox()
        ):
            return super()._action_send_mail_mass_mail(res_ids, auto_commit=auto_commit)
        at_once = self.force_send
        self.force_send = False
        Mail = self.env["mail.mail"]
        Mail._wake_outbox()  # committed together with the first batch
        composer = self.with_context(mailing_outbox=True)
        mails = super(MailComposeMessage, composer)._action_send_mail_mass_mail(res_ids, auto_commit=auto_commit)
        mails = mails.with_env(self.env(su=True))
        Mail._wake_outbox()  # the workers may have been done with the first batches before the last ones were made
        if at_once:
            try:
                mails._get_waiting(mails.ids).send(auto_commit=auto_commit)
                if auto_commit:
                    # what was sent cannot be taken back, so neither can what is noted about it
                    self.env.cr.commit()  # pylint: disable=invalid-commit
            except RETRYABLE:
                if not auto_commit:
                    raise
                self.env.cr.rollback()  # all mails are made and committed: the workers, who are awake, send what waits
        return mails
