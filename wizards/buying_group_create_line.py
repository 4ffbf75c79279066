# One line of the estimate.
from odoo import fields, models


class BuyingGroupCreateLine(models.TransientModel):
    """How many members a role would get, how many accounts would get no group and why, or how many groups nobody."""

    _name = "buying.group.create.line"
    _description = "Estimate of New Buying Groups"
    _order = "id"

    wizard_id = fields.Many2one("buying.group.create", required=True, ondelete="cascade")
    kind = fields.Selection(
        [("member", "New members"), ("left_out", "Accounts left out"), ("empty", "Worth a look")], required=True
    )
    name = fields.Char(required=True)
    count = fields.Integer()
