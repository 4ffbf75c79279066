# The engagement of people.
from odoo import api, fields, models
from odoo.exceptions import UserError


class ResPartner(models.Model):
    _inherit = "res.partner"

    engagement_score = fields.Float(
        "Engagement",
        default=0.0,
        readonly=True,
        copy=False,
        aggregator="avg",
        groups="crm_buying_journey.group_sales",
        help="How active this person was lately compared with the most active one, from 0 to 100.",
    )
    engagement_activity_ids = fields.One2many(
        "engagement.activity", "partner_id", "Engagement Activities", groups="crm_buying_journey.group_sales"
    )
    engagement_page_view_ids = fields.One2many(
        "engagement.page.view", "partner_id", "Page Views", groups="crm_buying_journey.group_sales"
    )

    # the few with a score are sorted, searched and, each night, looked up
    _engagement_score_idx = models.Index("(engagement_score) WHERE engagement_score > 0")

    @api.model
    def default_get(self, field_names):
        # neither the context nor somebody's own defaults say how engaged a person is
        values = super().default_get([name for name in field_names if name != "engagement_score"])
        return values | ({"engagement_score": 0.0} if "engagement_score" in field_names else {})

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(vals.get("engagement_score") for vals in vals_list):
            self._refuse_score()
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su and "engagement_score" in vals:
            self._refuse_score()
        return super().write(vals)

    def _refuse_score(self):
        raise UserError(self.env._("Engagement scores follow from what happened. Nobody can set them by hand."))

    def action_explain_engagement(self):
        """Button: show how the score came about."""
        self.ensure_one()
        return self.env["engagement.explanation"]._explain_person(self)

    def action_view_engagement_activities(self):
        """Button: what this person, or the people of this company, did."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.engagement_activity_action")
        field_name = "account_id" if self.is_company else "partner_id"
        return action | {"domain": [(field_name, "child_of", self.ids)], "context": {"search_default_recent": 1}}
