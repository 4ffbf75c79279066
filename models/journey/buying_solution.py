# Solutions: journeys use them, too.
from odoo import models


class BuyingSolution(models.Model):
    _inherit = "buying.solution"

    def _get_users(self):
        journeys = self.env["journey.journey"].with_context(active_test=False)
        return super()._get_users() + journeys.search([("solution_id", "=", self.id)]).mapped("display_name")
