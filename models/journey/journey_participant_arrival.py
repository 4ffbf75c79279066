# When a participant came to its step, which is what a step that listens must know.
from odoo import fields, models


class JourneyParticipant(models.Model):
    _inherit = "journey.participant"

    arrived_at = fields.Datetime("At This Step Since", help="Empty at the first step: since entry.")
    # activities up to this id were recorded before the arrival
    arrived_after = fields.Integer()
    let_through_visit = fields.Integer(help="The visit whose waiting somebody ended by hand.")

    def _is_let_through(self):
        """Whether somebody ended the waiting by hand."""
        self.ensure_one()
        return self.let_through_visit == self.visit

    def action_skip_wait(self):
        result = super().action_skip_wait()
        for participant in self.sudo():
            if participant.state == "active" and participant.waiting_since:
                participant.let_through_visit = participant.visit
        return result
