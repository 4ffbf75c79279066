# Activities: a response may bring back a lost lead.
from odoo import api, models


class EngagementActivity(models.Model):
    _inherit = "engagement.activity"

    @api.model
    def _on_recorded(self, codes):
        result = super()._on_recorded(codes)
        self.env["mailing.mailing"]._wake_restoring(codes)
        return result
