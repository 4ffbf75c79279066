# Groups: their journeys, and those of their members.
from odoo import fields, models

LATEST = 3


class BuyingGroup(models.Model):
    _name = "buying.group"
    _inherit = ["buying.group", "journey.traced"]

    journey_latest_ids = fields.Many2many(
        "journey.participant",
        string="Latest Journeys",
        compute="_compute_journey_latest_ids",
        groups="crm_buying_journey.group_user",
    )

    def _get_journey_records(self):
        result = super()._get_journey_records()
        members = self.env["buying.group.member"]._read_group(
            [("group_id", "in", self._origin.ids), ("state", "=", "in")], ["group_id"], ["partner_id:array_agg"]
        )
        for group, partner_ids in members:
            result[group.id]["res.partner"] = set(partner_ids)
        return result

    def _compute_journey_latest_ids(self):
        """The group's own last entries, the newest first."""
        entries = dict(
            self.env["journey.participant"]._read_group(
                [("res_model", "=", self._name), ("res_id", "in", self._origin.ids)], ["res_id"], ["id:recordset"]
            )
        )
        for group in self:
            own = entries.get(group._origin.id, self.env["journey.participant"])
            group.journey_latest_ids = own.sorted("id", reverse=True)[:LATEST]
