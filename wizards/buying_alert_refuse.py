# Wizard: say in Odoo why the group of a sales alert is not ready.
from odoo import fields, models


class BuyingAlertRefuse(models.TransientModel):
    """Asks for the reason; what it does is :meth:`buying.alert._answer_by_user`."""

    _name = "buying.alert.refuse"
    _inherit = "buying.wizard.reader"
    _description = "Answer to a Sales Alert: Not Ready"
    _rec_name = "alert_id"
    _read_checked = ("alert_id",)

    alert_id = fields.Many2one("buying.alert", "Sales Alert", required=True, readonly=True, ondelete="cascade")
    reason = fields.Text(help="What is missing, and when it is worth trying again.")

    def action_refuse(self):
        """Button: the group is not ready.

        :raise UserError: the alert was answered already
        """
        self.ensure_one()
        self.alert_id._answer_by_user("not_ready", self.reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
