# Wizard: which solution is the opportunity about?
from odoo import fields, models


class CrmLeadBuildGroup(models.TransientModel):
    """Asks for the solution before a buying group is built from an opportunity."""

    _name = "crm.lead.build.group"
    _description = "Build a Buying Group from an Opportunity"

    lead_id = fields.Many2one("crm.lead", required=True, ondelete="cascade")
    solution_id = fields.Many2one("buying.solution", required=True, ondelete="cascade")

    def action_build(self):
        """Button: build the group, or take the one there is, and show it."""
        self.ensure_one()
        return self.lead_id.build_buying_group(self.solution_id).get_formview_action()
