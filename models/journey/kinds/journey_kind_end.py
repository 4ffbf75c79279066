# End: the journey is completed here.
from odoo import models

from .journey_kind import Move


class JourneyKindEnd(models.AbstractModel):
    """Completes the journey. A step with nothing behind it does so too; an end node makes it explicit."""

    _name = "journey.kind.end"
    _inherit = "journey.kind"
    _description = "Journey Step: End"

    _sequence = 90
    _outcomes = ()

    def _get_label(self):
        return self.env._("End")

    def _process(self, node, participants):
        return {participant.id: Move(outcome=None) for participant in participants}
