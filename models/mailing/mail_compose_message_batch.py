# The composer: what is the same for all mails of a batch is worked out once.
from odoo import models


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _prepare_mail_values(self, res_ids):
        """Let the batch share its link trackers; a search per mail for the same few links was a third of the work."""
        composer = self
        if self._is_mass_mailing() and self.mass_mailing_id._uses_addon():
            composer = self.with_context(journey_links={})
        return super(MailComposeMessage, composer)._prepare_mail_values(res_ids)
