# Who leaves a journey before its end gets no more of its mails, not even those in the outbox.
from odoo import models


class JourneyParticipant(models.Model):
    _inherit = "journey.participant"

    def _leave_all(self, journeys, reason):
        leaving = self.search([("journey_id", "in", journeys.ids), ("state", "=", "active")])
        result = super()._leave_all(journeys, reason)
        leaving._cancel_outbox()
        return result

    def _exit_now(self, reason):
        left = super()._exit_now(reason)
        left._cancel_outbox()
        return left

    def _cancel_outbox(self):
        """Cancel the mails of these participants that wait to be sent."""
        traces = (
            self.env["mailing.trace"]
            .sudo()
            .search([("journey_participant_id", "in", self.ids), ("mail_mail_id.state", "=", "outgoing")])
        )
        traces.mail_mail_id.cancel()
        traces.set_canceled()
