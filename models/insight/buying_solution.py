# Solutions: sales alerts use them, too.
from odoo import models


class BuyingSolution(models.Model):
    _inherit = "buying.solution"

    def _get_users(self):
        alerts = self.env["ir.actions.server"].search([("alert_solution_id", "=", self.id)])
        return super()._get_users() + alerts.mapped("display_name")
