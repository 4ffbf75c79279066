# Which buying groups stand still: one rule for the dashboard, the digest and the filters of groups.
from odoo import api, fields, models
from odoo.fields import Domain

# Adobe names the list but publishes no thresholds; these are ours
STANDSTILL_DAYS = 30
STANDSTILL_COMPLETENESS = 75


class BuyingGroup(models.Model):
    """A group *stands still* that is under way, at least 75 % complete, and has been in its stage for 30 days or more:
    those who decide are known, and yet nothing moves. Groups without a stage, or without required roles, never do.
    """

    _inherit = "buying.group"

    is_standing_still = fields.Boolean(
        "Standing Still", compute="_compute_is_standing_still", search="_search_is_standing_still"
    )

    @api.depends("stage_id.destination", "stage_date", "completeness", "required_role_count")
    def _compute_is_standing_still(self):
        still = self.filtered_domain(self._get_standstill_domain())
        for group in self:
            group.is_standing_still = group in still

    def _search_is_standing_still(self, operator, value):
        if operator != "in" or True not in value:
            return NotImplemented
        return Domain.TRUE if False in value else self._get_standstill_domain()

    @api.model
    def _get_standstill_domain(self, days=STANDSTILL_DAYS):
        """:param int days: at least so many in the stage; 0 for whoever asks for the date in a condition of its own"""
        return (
            Domain("required_role_count", ">", 0)
            & Domain("completeness", ">=", STANDSTILL_COMPLETENESS)
            & Domain("stage_id.destination", "=", "none")
            & Domain("days_in_stage", ">=", days)
        )
