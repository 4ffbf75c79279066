# Steps that send the sales alert: its recipients are written on the step itself.
from odoo import api, fields, models


class JourneyNode(models.Model):
    _inherit = "journey.node"

    action_state = fields.Selection(
        selection=[("sales_alert", "Sales Alert"), ("other", "Other Server Action")],
        string="Action",
        compute="_compute_action_fields",
        inverse="_inverse_action_fields",
    )
    alert_email_to = fields.Text("Send To", compute="_compute_action_fields", inverse="_inverse_action_fields")
    alert_solution_id = fields.Many2one(
        "buying.solution", compute="_compute_action_fields", inverse="_inverse_action_fields"
    )

    @api.depends("action_server_id")
    def _compute_action_fields(self):
        for node in self:
            action = node.action_server_id.sudo()
            own = action.filtered(lambda action, node=node: action.journey_node_id == node._origin)
            node.action_state = (own and "sales_alert") or (action and "other")
            node.alert_email_to = own.alert_email_to
            node.alert_solution_id = own.alert_solution_id

    def _inverse_action_fields(self):
        """Keep the step's own sales alert as the step says. Written with system rights, since the fields are harmless
        and the action is nobody else's."""
        for node in self:
            if node.kind != "action" or node.action_state != "sales_alert":
                continue
            vals = {
                "name": node.name,
                "state": "sales_alert",
                "model_id": self.env["ir.model"]._get_id(node.model_name),
                "alert_email_to": node.alert_email_to,
                "alert_solution_id": node.alert_solution_id.id,
                "journey_node_id": node.id,
            }
            if own := node._get_owned_actions():
                own.write(vals)
            else:
                node.action_server_id = self.env["ir.actions.server"].sudo().create(vals)
