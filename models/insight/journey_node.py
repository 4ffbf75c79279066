# The parameters of our server actions, written on the step that holds one.
from odoo import api, fields, models

from ..journey.journey_node_action import step_parameter
from .actions.interesting_moment import DESCRIPTION_SIZE, MOMENT_TYPES


class JourneyNode(models.Model):
    _inherit = "journey.node"

    buying_solution_id = step_parameter(fields.Many2one, "buying_solution_id", "buying.solution", "Solution")
    buying_role_id = step_parameter(
        fields.Many2one,
        "buying_role_id",
        "buying.role",
        "Role",
        domain="[('id', 'in', buying_allowed_role_ids)]",
    )
    buying_allowed_role_ids = fields.Many2many("buying.role", compute="_compute_buying_allowed_role_ids")
    buying_stage_id = step_parameter(
        fields.Many2one,
        "buying_stage_id",
        "buying.stage",
        "New Stage",
        domain="[('id', 'in', buying_allowed_stage_ids)]",
    )
    buying_allowed_stage_ids = fields.Many2many("buying.stage", compute="_compute_buying_allowed_stage_ids")
    buying_status = step_parameter(fields.Char, "buying_status", "New Status", size=50)
    buying_account_list_id = step_parameter(
        fields.Many2one,
        "buying_account_list_id",
        "buying.account.list",
        "Account List",
        domain=[("type", "=", "static"), ("state", "=", "live")],
    )
    moment_type = step_parameter(fields.Selection, "moment_type", MOMENT_TYPES, "Type of Moment")
    moment_description = step_parameter(fields.Char, "moment_description", "Moment", size=DESCRIPTION_SIZE)

    restore_response_only = step_parameter(
        fields.Boolean,
        "restore_response_only",
        "Only After a Response",
        help="Restores a lead only if its customer answered, filled in a form or followed a link since it was lost; "
        "what machines did does not count.",
    )
    restore_stage_id = step_parameter(
        fields.Many2one, "restore_stage_id", "crm.stage", "Stage of the Lead", domain=[("is_won", "=", False)]
    )
    restore_user_id = step_parameter(
        fields.Many2one, "restore_user_id", "res.users", "Salesperson", domain=[("share", "=", False)]
    )
    restore_tag_ids = step_parameter(fields.Many2many, "restore_tag_ids", "crm.tag", string="Tags of the Lead")
    restore_activity = step_parameter(fields.Boolean, "restore_activity", "Plan an Activity")
    restore_activity_type_id = step_parameter(
        fields.Many2one,
        "restore_activity_type_id",
        "mail.activity.type",
        "Type of Activity",
        domain=[("res_model", "in", (False, "crm.lead"))],
    )

    @api.depends("buying_solution_id")
    def _compute_buying_allowed_role_ids(self):
        for node in self:
            node.buying_allowed_role_ids = node.buying_solution_id.template_id.line_ids.role_id

    @api.depends("buying_solution_id", "version_id")
    def _compute_buying_allowed_stage_ids(self):
        for node in self:
            solution = node.buying_solution_id or node.journey_id.solution_id
            node.buying_allowed_stage_ids = (
                solution.stage_model_id.stage_ids if solution else self.env["buying.stage"].search([])
            )
