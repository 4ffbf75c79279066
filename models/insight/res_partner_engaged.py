# Accounts and people in the lists behind the figures of engagement.
from odoo import models


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "buying.engaged"]
