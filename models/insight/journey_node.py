# Steps that send the sales alert: its recipients are written on the step itself.
from odoo import api, fields, models


class JourneyNode(models.Model):
    _inherit = "journey.node"

    # one compute each: reading a field that is not being written must not reset those that are
    action_state = fields.Selection(
        selection=[("sales_alert", "Sales Alert"), ("other", "Other Server Action")],
        string="Action",
        compute="_compute_action_state",
        inverse="_inverse_action_fields",
    )
    alert_email_to = fields.Text("Send To", compute="_compute_alert_email_to", inverse="_inverse_action_fields")
    alert_solution_id = fields.Many2one(
        "buying.solution", compute="_compute_alert_solution_id", inverse="_inverse_action_fields"
    )

    @api.depends("action_server_id")
    def _compute_action_state(self):
        for node in self:
            own = node._get_owned_actions()
            node.action_state = "sales_alert" if own else "other" if node.action_server_id else False

    @api.depends("action_server_id")
    def _compute_alert_email_to(self):
        for node in self:
            node.alert_email_to = node._get_owned_actions().alert_email_to

    @api.depends("action_server_id")
    def _compute_alert_solution_id(self):
        for node in self:
            node.alert_solution_id = node._get_owned_actions().alert_solution_id

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
