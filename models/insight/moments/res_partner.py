# Moments of people, and of accounts with their people.
from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "engagement.moment.last"]

    def _get_own_moment_domain(self):
        return Domain("partner_id", "in", self.ids) | Domain("account_id", "in", self.ids)

    @api.model
    def _get_moment_records_sql(self):
        return SQL(
            """
            SELECT moment.partner_id AS record_id, moment.id AS activity_id
              FROM moment WHERE moment.partner_id IS NOT NULL
             UNION
            SELECT moment.account_id, moment.id FROM moment WHERE moment.account_id IS NOT NULL
            """
        )

    def action_view_moments(self):
        """Button: the moments of this person, or of this account and its people."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.engagement_moment_action")
        domain = Domain("code", "=", "interesting_moment") & self._get_own_moment_domain()
        return action | {"domain": list(domain), "context": {"partner_display_name_hide_company": True}}
