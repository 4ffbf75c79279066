# Moments of buying groups: of the group itself, of its members, and of its account as a whole.
from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class BuyingGroup(models.Model):
    _name = "buying.group"
    _inherit = ["buying.group", "engagement.moment.last"]

    def _get_own_moment_domain(self):
        people = self.member_ids.partner_id
        return (
            Domain("group_id", "in", self.ids)
            | Domain("partner_id", "in", people.ids)
            | Domain("account_id", "in", self.sudo().partner_id.ids)
        )

    @api.model
    def _get_moment_records_sql(self):
        return SQL(
            """
            SELECT moment.group_id AS record_id, moment.id AS activity_id FROM moment WHERE moment.group_id IS NOT NULL
             UNION
            SELECT member.group_id, moment.id
              FROM moment JOIN buying_group_member member
                ON member.partner_id = moment.partner_id AND member.state = 'in'
             WHERE moment.group_id IS NULL
             UNION
            SELECT owned.id, moment.id
              FROM moment JOIN buying_group owned ON owned.partner_id = moment.account_id
             WHERE moment.group_id IS NULL AND moment.partner_id IS NULL
            """
        )

    def action_view_moments(self):
        """Button: the moments of this group."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.engagement_moment_action")
        rows = self.env.execute_query(
            SQL(
                "WITH moment AS (SELECT id, partner_id, account_id, group_id FROM engagement_activity WHERE id IN %s)"
                " SELECT activity_id FROM (%s) about WHERE record_id = %s",
                self.env["engagement.activity"]
                ._search(Domain(self.env["engagement.activity"]._get_moment_domain()) & self._get_own_moment_domain())
                .subselect(),
                self._get_moment_records_sql(),
                self.id,
            )
        )
        return action | {
            "domain": [("id", "in", [row[0] for row in rows])],
            "context": {"partner_display_name_hide_company": True},
        }
