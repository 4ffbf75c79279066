# Activities wake the journeys that people enter or leave by.
from odoo import api, models
from odoo.fields import Domain

from .journey_engine import RUNNING


class EngagementActivity(models.Model):
    _inherit = "engagement.activity"

    @api.model
    def _on_recorded(self, codes):
        result = super()._on_recorded(codes)
        names = ("trigger_type_ids", "exit_type_ids", "goal_type_ids")
        waits = Domain("state", "in", RUNNING) & Domain.OR(Domain(f"{name}.code", "in", list(codes)) for name in names)
        if codes and self.env["journey.journey"].sudo().search_count(waits, limit=1):
            self.env["journey.engine"]._trigger()
        return result
