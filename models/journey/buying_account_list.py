# Account lists: journeys use them, too.
from odoo import models


class BuyingAccountList(models.Model):
    _inherit = "buying.account.list"

    def _get_users(self):
        journeys = self.env["journey.journey"].with_context(active_test=False)
        return super()._get_users() + journeys.search([("account_list_id", "=", self.id)]).mapped("display_name")
