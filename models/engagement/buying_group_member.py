# What follows for engagement when memberships change.
from odoo import fields, models
from odoo.exceptions import UserError


class BuyingGroupMember(models.Model):
    _inherit = "buying.group.member"

    engagement = fields.Float(
        related="partner_id.engagement_score",
        store=True,
        aggregator="avg",
        help="The person's engagement score, from 0 to 100.",
    )

    def write(self, vals):
        if "engagement" in vals and not self.env.su:
            raise UserError(self.env._("Engagement scores follow from what happened. Nobody can set them by hand."))
        return super().write(vals)

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
