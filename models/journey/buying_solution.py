# Solutions: journeys use them, too.
from odoo import models

from ...tools.names import names_for


class BuyingSolution(models.Model):
    _inherit = "buying.solution"

    def _get_users(self, env):
        journeys = self.env["journey.journey"].with_context(active_test=False)
        return super()._get_users(env) + names_for(env, journeys.search([("solution_id", "=", self.id)]))
