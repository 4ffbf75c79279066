# What a pause, its end and an abort mean for the mails that wait in the outbox.
from odoo import models

from ..journey.journey_engine import RETRYABLE


class JourneyJourney(models.Model):
    _inherit = "journey.journey"

    def _set_state(self, allowed, state):
        """While a journey is paused, its mails are held in the outbox; afterwards they leave. Aborting cancels all of
        them, also those of participants who had reached the end."""
        held = self.filtered(lambda journey: journey.state == "paused")
        result = super()._set_state(allowed, state)
        if state == "aborted":
            self._cancel_outbox()
        elif held:
            self.env["mail.mail"]._wake_outbox()
        return result

    def _cancel_outbox(self):
        """Cancel the mails of these journeys that wait to be sent.

        A sender in the middle of them may change one at this very moment. Aborting must not fail for that: no sender
        takes a mail of an aborted journey, and the next one to come by cancels what is left.
        """
        self.env.flush_all()  # a collision about anything else is not ours to swallow
        try:
            with self.env.cr.savepoint():
                self.env["mail.mail"]._cancel_aborted()
        except RETRYABLE:
            self.env["mail.mail"]._wake_outbox()
