# Wizard: one number of the preflight, with the list behind it.
from odoo import api, fields, models


class CrmLeadReactivateLine(models.TransientModel):
    _name = "crm.lead.reactivate.line"
    _description = "Preflight of a Reactivation"
    _order = "sequence, id"

    wizard_id = fields.Many2one("crm.lead.reactivate", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer()
    key = fields.Char(required=True)
    name = fields.Char("What", compute="_compute_name")
    count = fields.Integer("Leads")
    left = fields.Integer("Remaining")
    expected_revenue = fields.Monetary(currency_field="currency_id")
    currency_id = fields.Many2one(related="wizard_id.currency_id")

    @api.model
    def _get_names(self):
        """``{key: what a user reads}``"""
        return {
            "matched": self.env._("Lost leads that match"),
            "address": self.env._("No valid address"),
            "blacklisted": self.env._("Lead or contact blacklisted"),
            "opted_out": self.env._("Opted out of the topic"),
            "bounced": self.env._("Address bounced"),
            "live_lead": self.env._("Open or won lead of the same person"),
            "journey": self.env._("In a running journey"),
            "order": self.env._("Ordered lately"),
            "mailing": self.env._("Mailed lately"),
            "several": self.env._("Another lead of the same person"),
            "mailed": self.env._("Would be mailed"),
        }

    @api.depends("key")
    @api.depends_context("lang")
    def _compute_name(self):
        names = self._get_names()
        for line in self:
            line.name = names.get(line.key, line.key)

    def action_open(self):
        """Button: the leads behind the number."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "crm.lead",
            "views": [(False, "list"), (False, "form")],
            "domain": list(self.wizard_id._get_line_domain(self.key)),
            "context": {"create": False},
        }
