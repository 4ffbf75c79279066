# Solutions: sales alerts use them, too.
from odoo import models

from ...tools.names import names_for


class BuyingSolution(models.Model):
    _inherit = "buying.solution"

    def _get_users(self, env):
        alerts = self.env["ir.actions.server"].search([("alert_solution_id", "=", self.id)])
        return super()._get_users(env) + names_for(env, alerts)
