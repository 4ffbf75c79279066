# End: the journey is completed here.
from odoo import models

from .journey_kind import Move


class JourneyKindEnd(models.AbstractModel):
    """Completes the journey. A step with nothing behind it does so too; an end node makes it explicit."""

    _name = "journey.kind.end"
    _inherit = "journey.kind"
    _description = "Journey Step: End"

    _sequence = 90
    _batch_size = 5000
    _outcomes = ()

    def _get_label(self):
        return self.env._("End")

    def _process(self, node, participants):
        return dict.fromkeys(participants.ids, Move(outcome=None))
