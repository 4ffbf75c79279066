# Merge: paths come together again.
from odoo import models

from .journey_kind import Move


class JourneyKindMerge(models.AbstractModel):
    """Lets participants through; it shows where paths of a split meet (Adobe Journey Optimizer B2B Edition, merge)."""

    _name = "journey.kind.merge"
    _inherit = "journey.kind"
    _description = "Journey Step: Merge"

    _sequence = 80
    _batch_size = 5000

    def _get_label(self):
        return self.env._("Merge")

    def _get_summary(self, node):
        return self.env._("Paths meet here")

    def _process(self, node, participants):
        return dict.fromkeys(participants.ids, Move())
