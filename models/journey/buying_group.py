# Groups that are merged take their journeys along.
from odoo import models


class BuyingGroup(models.Model):
    _inherit = "buying.group"

    def _on_merge(self, stays):
        result = super()._on_merge(stays)
        self.env["journey.participant"]._merge_records(self, stays)
        return result
