# One step of an explanation: an activity type of a person, or a member of a group.
from odoo import fields, models


class EngagementExplanationLine(models.TransientModel):
    """What one activity type adds to a person's score, or one member to a group's.

    ``contribution`` adds up to the sum under the square root, ``points`` to the score.
    """

    _name = "engagement.explanation.line"
    _description = "Part of an Engagement Score"
    _order = "points desc, id"

    explanation_id = fields.Many2one("engagement.explanation", required=True, index=True, ondelete="cascade")
    points = fields.Float("Points of the Score", help="All lines together make the score.")
    contribution = fields.Float("Part of the Sum")
    weight = fields.Integer()
    share = fields.Float(
        help="Of an activity type: its weight divided by the largest that occurred. Of a member: the weight of the "
        "role divided by the weights of all roles that have members in this group.",
    )
    type_id = fields.Many2one("engagement.activity.type", "Activity")
    count = fields.Integer("Number of Activities")
    counted = fields.Integer(help="Up to the daily cap of each day.")
    days = fields.Integer("Active Days")
    capped_days = fields.Integer("Days over the Cap", help="Days on which more happened than counts.")
    member_id = fields.Many2one("buying.group.member", ondelete="cascade")
    member_partner_id = fields.Many2one("res.partner", "Person")
    role_id = fields.Many2one("buying.role")
    person_score = fields.Float()

    def action_open(self):
        """Button: the activities behind this line, or the explanation of the member's own score."""
        self.ensure_one()
        if self.member_id:
            return self.member_id.action_explain_engagement()
        return self.explanation_id._get_activities_action([("type_id", "=", self.type_id.id)])
