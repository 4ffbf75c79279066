# What follows for engagement when memberships change.
from odoo import api, fields, models
from odoo.exceptions import UserError


class BuyingGroupMember(models.Model):
    _inherit = "buying.group.member"

    engagement = fields.Float(
        related="partner_id.engagement_score",
        store=True,
        aggregator="avg",
        help="The person's engagement score, from 0 to 100.",
    )

    last_activity_date = fields.Datetime(
        "Last Activity", compute="_compute_last_activity_date", help="When this person did something last."
    )

    @api.depends("partner_id")
    def _compute_last_activity_date(self):
        """One query for all rows. What happened to a person in our own books is nothing the person did."""
        latest = dict(
            self.env["engagement.activity"]._read_group(
                [
                    ("partner_id", "in", self.partner_id.ids),
                    ("channel", "!=", "group"),
                    ("is_automatic", "=", False),
                    ("date", "<=", fields.Datetime.now()),  # a date ahead is somebody's mistake
                ],
                ["partner_id"],
                ["date:max"],
            )
        )
        for member in self:
            member.last_activity_date = latest.get(member.partner_id)

    @api.model
    def default_get(self, field_names):
        # the person says how engaged a member is, neither the context nor somebody's own defaults
        return super().default_get([name for name in field_names if name != "engagement"])

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(vals.get("engagement") for vals in vals_list):
            self._refuse_engagement()
        return super().create([{k: v for k, v in vals.items() if k != "engagement"} for vals in vals_list])

    def write(self, vals):
        if "engagement" in vals and not self.env.su:
            self._refuse_engagement()
        return super().write(vals)

    def _refuse_engagement(self):
        raise UserError(self.env._("Engagement scores follow from what happened. Nobody can set them by hand."))

    def unlink(self):
        groups = self.group_id
        result = super().unlink()
        groups._score_new()
        return result

    def _on_changed(self, changes, source):
        """Log who came, went or got another role, and score the groups at once."""
        result = super()._on_changed(changes, source)
        Type = self.env["engagement.activity.type"].sudo()
        type_of = {"in": Type._get_by_code("group_assigned"), "out": Type._get_by_code("group_removed")}
        now = fields.Datetime.now()
        self.env["engagement.activity"].sudo().create(
            [
                {
                    "type_id": type_of[state].id,
                    "partner_id": row.partner_id.id,
                    "account_id": row.group_id.partner_id.id,
                    "group_id": row.group_id.id,
                    "date": now,
                    "subject": row.group_id.name,
                    "old_value": old_role.name if old_state == "in" else False,
                    "new_value": role.name if state == "in" else False,
                }
                for row, (old_state, old_role), (state, role) in changes
                if "in" in (old_state, state)
            ]
        )
        self.group_id._score_new()
        return result

    def action_explain_engagement(self):
        """Button: show how this person's score came about."""
        self.ensure_one()
        return self.partner_id.action_explain_engagement()
