# Wizard: the numbers, the findings and the recipients of a preflight.
from odoo import api, fields, models


class MailingPreflightLine(models.TransientModel):
    _name = "mailing.preflight.line"
    _description = "Number of a Preflight"
    _rec_name = "label"

    preflight_id = fields.Many2one("mailing.preflight", required=True, index=True, ondelete="cascade")
    code = fields.Char(required=True)
    label = fields.Char("Recipients", required=True)
    count = fields.Integer("Number")

    def action_open(self):
        """Button: the list behind the number."""
        self.ensure_one()
        domain = [("preflight_id", "=", self.preflight_id.id)]
        if self.code != "matched":
            domain.append(("reason", "=", self.code))
        return {
            "type": "ir.actions.act_window",
            "name": self.label,
            "res_model": "mailing.preflight.recipient",
            "view_mode": "list,kanban",
            "mobile_view_mode": "kanban",
            "domain": domain,
        }


class MailingPreflightFinding(models.TransientModel):
    _name = "mailing.preflight.finding"
    _description = "Finding of a Preflight"
    _rec_name = "text"

    preflight_id = fields.Many2one("mailing.preflight", required=True, index=True, ondelete="cascade")
    level = fields.Selection([("error", "Error"), ("warning", "Warning")], required=True)
    text = fields.Char("Finding", required=True)


class MailingPreflightRecipient(models.TransientModel):
    _name = "mailing.preflight.recipient"
    _description = "Recipient in a Preflight"
    _order = "id"
    _rec_name = "email"

    preflight_id = fields.Many2one("mailing.preflight", required=True, index=True, ondelete="cascade")
    res_model = fields.Char("Model", required=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", required=True)
    name = fields.Char("Recipient", compute="_compute_name")
    email = fields.Char("Address")
    reason = fields.Selection(lambda self: self._get_reasons(), "Verdict")

    @api.model
    def _get_reasons(self):
        return [("going", self.env._("Will be sent"))] + list(self.env["mailing.audience"]._get_reason_labels().items())

    @api.depends("res_model", "res_id")
    def _compute_name(self):
        """One query per page; what the user may not read stays unnamed."""
        for model_name, rows in self.grouped("res_model").items():
            Model = self.env[model_name].with_context(active_test=False)
            names = {record.id: record.display_name for record in Model.search([("id", "in", rows.mapped("res_id"))])}
            for row in rows:
                row.name = names.get(row.res_id) or self.env._("Not accessible or deleted")

    def action_open_record(self):
        """Button: the recipient."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }
