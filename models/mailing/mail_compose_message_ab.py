# The composer, for arms of A/B tests.
from odoo import models


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _get_done_emails(self, mail_values_dict):
        """For a one-off A/B test: addresses of this batch that any arm has mailed already.

        The draw keeps each address once; this is for those who changed theirs afterwards.
        """
        done = super()._get_done_emails(mail_values_dict)
        # whoever sends need not see the test; each address gets one mail all the same
        test = self.mass_mailing_id.sudo().ab_test_id
        if not test or test.journey_node_id:
            return done
        recipients = self._get_recipients_data(mail_values_dict)
        addresses = {email for data in recipients.values() for email in data["mail_to_normalized"]}
        traces = (
            self.env["mailing.trace"]
            .sudo()
            .search_fetch(
                [
                    ("mass_mailing_id", "in", test.arm_ids.mailing_id.ids),
                    ("email", "in", list(addresses)),
                    ("is_test_trace", "=", False),
                    ("trace_status", "not in", ("cancel", "error")),
                ],
                ["email"],
            )
        )
        return [*done, *traces.mapped("email")]
