# Wizard: say in Odoo why the group of a sales alert is not ready.
from odoo import api, fields, models


class BuyingAlertRefuse(models.TransientModel):
    """Asks for the reason; what it does is :meth:`buying.alert._answer_by_user`."""

    _name = "buying.alert.refuse"
    _description = "Answer to a Sales Alert: Not Ready"
    _rec_name = "alert_id"

    alert_id = fields.Many2one("buying.alert", "Sales Alert", required=True, readonly=True, ondelete="cascade")
    reason = fields.Text(help="What is missing, and when it is worth trying again.")

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        wizards._check_reader()
        return wizards

    def write(self, vals):
        result = super().write(vals)
        self._check_reader()
        return result

    def _check_reader(self):
        """The host shows the name of whatever a record names, so nobody may name here what they may not read.

        :raise AccessError: the current user may not read the alert
        """
        self.alert_id.check_access("read")

    def action_refuse(self):
        """Button: the group is not ready.

        :raise UserError: the alert was answered already
        """
        self.ensure_one()
        self.alert_id._answer_by_user("not_ready", self.reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
