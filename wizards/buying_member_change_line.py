# One person and group that the wizard changes.
from odoo import api, fields, models


class BuyingMemberChangeLine(models.TransientModel):
    """A person, the group, and the role to get or have."""

    _name = "buying.member.change.line"
    _description = "Change of a Member"
    _order = "id"

    wizard_id = fields.Many2one("buying.member.change", required=True, ondelete="cascade")
    group_id = fields.Many2one("buying.group", "Buying Group", required=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", "Person", required=True, ondelete="cascade")
    function = fields.Char(related="partner_id.function")
    old_role_id = fields.Many2one("buying.role", "Present Role", ondelete="cascade")
    role_id = fields.Many2one("buying.role", ondelete="cascade")
    allowed_role_ids = fields.Many2many("buying.role", compute="_compute_allowed_role_ids")

    @api.depends("group_id")
    def _compute_allowed_role_ids(self):
        for line in self:
            line.allowed_role_ids = line.group_id.sudo().solution_id.template_id.line_ids.role_id
