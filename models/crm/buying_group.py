# Groups: the opportunities behind them.
from odoo import fields, models


class BuyingGroup(models.Model):
    _inherit = "buying.group"

    lead_ids = fields.One2many("crm.lead", "buying_group_id", "Opportunities")
    lead_count = fields.Integer("Number of Opportunities", compute="_compute_lead_count")

    def _compute_lead_count(self):
        counts = {}
        if self.env["crm.lead"].has_access("read"):
            counts = dict(
                self.env["crm.lead"]._read_group(
                    [("buying_group_id", "in", self.ids)], ["buying_group_id"], ["__count"]
                )
            )
        for group in self:
            group.lead_count = counts.get(group, 0)

    def action_view_leads(self):
        """Button: the opportunities of this group."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm.crm_lead_opportunities")
        return action | {
            "domain": [("buying_group_id", "=", self.id)],
            "context": {"default_buying_group_id": self.id, "default_partner_id": self.partner_id.id},
        }
