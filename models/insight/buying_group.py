# What we tell about a group.
from odoo import models, tools

from ...tools.percent import format_percent


class BuyingGroup(models.Model):
    _inherit = "buying.group"

    def _get_completeness_text(self):
        """Completeness as shown to people: whole percent, rounded half up; a dash if no role is required."""
        self.ensure_one()
        if not self.required_role_count:
            return "–"
        whole = tools.float_round(self.completeness, precision_digits=0, rounding_method="HALF-UP")
        return format_percent(self.env, whole)

    def _get_alert_members(self):
        """Members in the order of the template's roles, then by name. Templates of sales alerts that somebody changed
        before alerts told more ask for it.

        :rtype: buying.group.member
        """
        self.ensure_one()
        priority = {line.role_id: line.sequence for line in self.sudo().template_id.line_ids}
        return self.member_ids.sorted(lambda member: (priority.get(member.role_id, 0), member.partner_id.name or ""))
