# Groups in the lists behind the figures of engagement.
from odoo import models


class BuyingGroup(models.Model):
    _name = "buying.group"
    _inherit = ["buying.group", "buying.engaged"]
