# When a member was heard of last.
from odoo import fields, models


class BuyingGroupMember(models.Model):
    _inherit = "buying.group.member"

    last_activity_date = fields.Datetime(
        "Last Activity", compute="_compute_last_activity_date", help="When this person did something last."
    )

    def _compute_last_activity_date(self):
        """One statement for all; what others did to the person, e.g. give a role, is no activity of theirs."""
        dates = dict(
            self.env["engagement.activity"]._read_group(
                [("partner_id", "in", self.partner_id.ids), ("type_id.channel", "!=", "group")],
                ["partner_id"],
                ["date:max"],
            )
        )
        for member in self:
            member.last_activity_date = dates.get(member.partner_id)
