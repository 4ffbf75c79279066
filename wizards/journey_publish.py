# Wizard: publish the changes of a live journey, and choose what becomes of those inside.
from odoo import api, fields, models


class JourneyPublish(models.TransientModel):
    """Asks one question before a new version goes live; :meth:`journey.journey.action_publish` does the work."""

    _name = "journey.publish"
    _description = "Publish the Changes of a Journey"

    journey_id = fields.Many2one("journey.journey", required=True, ondelete="cascade")
    who_is_inside = fields.Selection(
        [("stay", "Go on as they began"), ("move", "Go on with the new steps")],
        "Those Inside",
        default="stay",
        required=True,
    )
    inside_count = fields.Integer("Inside Now", compute="_compute_counts")
    movable_count = fields.Integer("On a Step That Is Kept", compute="_compute_counts")

    @api.depends("journey_id")
    def _compute_counts(self):
        for wizard in self:
            wizard.inside_count, wizard.movable_count = wizard.journey_id._count_movable()

    def action_confirm(self):
        self.ensure_one()
        self.journey_id.action_publish(move_participants=self.who_is_inside == "move")
        return {"type": "ir.actions.client", "tag": "soft_reload"}
