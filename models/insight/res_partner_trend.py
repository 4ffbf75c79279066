# Whether the engagement of an account rises or falls.
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class ResPartner(models.Model):
    _inherit = "res.partner"

    engagement_trend = fields.Selection(
        selection=lambda self: self.env["buying.trend"]._get_trends(),
        compute="_compute_engagement_trend",
        search="_search_engagement_trend",
        groups="crm_buying_journey.group_sales",
        help="What the people of this account did in the last 90 days, compared with the 90 days before: at risk (down "
        "by more than 10%, from 120 points or more), falling (down by more than 10%), steady, rising (up by more "
        "than 10%), surging (more than 50%), surging strongly (more than 75%). Empty if they did nothing.",
    )

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_engagement_trend(self):
        """One statement for all accounts."""
        points = self.env["buying.trend"]._get_account_points_sql()
        accounts = self.filtered("is_company")
        trends = {}
        if points and accounts.ids:
            trends = dict(
                self.env.execute_query(
                    SQL(
                        "SELECT account_id, %s FROM (%s) found WHERE account_id = ANY(%s)",
                        self.env["buying.trend"]._get_trend_sql(),
                        points,
                        accounts.ids,
                    )
                )
            )
        for partner in self:
            partner.engagement_trend = trends.get(partner._origin.id, False)

    @api.model
    def _search_engagement_trend(self, operator, value):
        if operator != "in":
            return NotImplemented
        points = self.env["buying.trend"]._get_account_points_sql()
        if not points:
            return Domain("is_company", "=", True) if False in value else Domain.FALSE
        found = SQL(
            "(WITH found AS MATERIALIZED (%s) SELECT account_id FROM found WHERE %s = ANY(%s))",
            points,
            self.env["buying.trend"]._get_trend_sql(),
            [name for name in value if name],
        )
        domain = Domain("id", "in", found) & Domain("is_company", "=", True)
        if False in value:
            anything = SQL("(SELECT account_id FROM (%s) found)", points)
            domain |= Domain("id", "not in", anything)
        return domain
