# Who leaves a journey before its end gets no more of its mails, not even those in the outbox.
from odoo import models


class JourneyParticipant(models.Model):
    _inherit = "journey.participant"

    def _leave_all(self, journeys, reason):
        # found before they leave, and by a subquery: there may be a million, few of whom have a mail in the outbox
        traces = self._get_outbox([("journey_id", "in", journeys.ids), ("state", "=", "active")])
        result = super()._leave_all(journeys, reason)
        self._cancel_outbox(traces)
        return result

    def _exit_now(self, reason):
        left = super()._exit_now(reason)
        self._cancel_outbox(self._get_outbox([("id", "in", left.ids)]))
        return left

    def _get_outbox(self, domain):
        """The traces of mails to these participants that wait to be sent."""
        return (
            self.env["mailing.trace"]
            .sudo()  # whoever takes somebody out need not read mailings
            .search([("journey_participant_id", "in", self._search(domain)), ("mail_mail_id.state", "=", "outgoing")])
        )

    def _cancel_outbox(self, traces):
        """Cancel the mails of these traces."""
        traces.mail_mail_id.cancel()
        traces.set_canceled()
