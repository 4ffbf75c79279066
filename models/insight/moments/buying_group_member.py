# The last moment of the person, on each of their memberships.
from odoo import api, fields, models


class BuyingGroupMember(models.Model):
    _inherit = "buying.group.member"

    last_moment = fields.Char("Last Interesting Moment", compute="_compute_last_moment", search="_search_last_moment")
    last_moment_date = fields.Datetime(
        "Date of the Last Moment", compute="_compute_last_moment", search="_search_last_moment_date"
    )

    @api.depends("partner_id")
    @api.depends_context("uid", "lang", "allowed_company_ids")
    def _compute_last_moment(self):
        for member in self:
            member.last_moment = member.partner_id.last_moment
            member.last_moment_date = member.partner_id.last_moment_date

    def _search_last_moment(self, operator, value):
        if operator.startswith("not"):
            return NotImplemented
        return [("partner_id.last_moment", operator, value)]

    def _search_last_moment_date(self, operator, value):
        if operator.startswith("not"):
            return NotImplemented
        return [("partner_id.last_moment_date", operator, value)]
