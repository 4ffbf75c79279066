# Who is taken out of a journey takes the sales alerts along that still wait in the outbox.
from odoo import models


class JourneyParticipant(models.Model):
    _inherit = "journey.participant"

    def _exit_now(self, reason):
        left = super()._exit_now(reason)
        left._cancel_waiting_alerts()
        return left

    def _cancel_waiting_alerts(self):
        """Cancel the alerts that only participants who were taken out led to; aborting cancels those of everybody."""
        if not self:
            return
        mails = (
            self.env["mail.mail"]
            .sudo()
            .search(
                [
                    ("journey_outbox", "=", "open"),
                    ("state", "=", "outgoing"),
                    ("alert_recipient_id.alert_id.participant_ids", "in", self.ids),
                ]
            )
        )
        alerts = mails.alert_recipient_id.alert_id
        gone = alerts.filtered(lambda alert: all(entry.state == "exited" for entry in alert.participant_ids))
        mails.filtered(lambda mail: mail.alert_recipient_id.alert_id in gone).cancel()
