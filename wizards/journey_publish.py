# Wizard: what keeps a journey from being published, or the last question before it is.
from odoo import api, fields, models


class JourneyPublish(models.TransientModel):
    """Lists everything that is wrong with a draft, each with the way to its step; if nothing is, asks whether to
    publish and what becomes of those inside. :meth:`journey.journey.action_publish` does the work, and checks again."""

    _name = "journey.publish"
    _description = "Publish a Journey"

    journey_id = fields.Many2one("journey.journey", required=True, ondelete="cascade")
    journey_state = fields.Selection(related="journey_id.state")
    problem_ids = fields.One2many("journey.publish.problem", "wizard_id", "Problems", readonly=True)
    who_is_inside = fields.Selection(
        [("stay", "Go on as they began"), ("move", "Go on with the new steps")],
        "Those Inside",
        default="stay",
        required=True,
    )
    # not with system rights: a count would tell what the user may not read
    audience_count = fields.Integer(related="journey_id.audience_count", related_sudo=False)
    entry_type = fields.Selection(related="journey_id.entry_type")
    inside_count = fields.Integer("Inside Now", compute="_compute_counts")
    movable_count = fields.Integer("On a Step That Is Kept", compute="_compute_counts")

    @api.depends("journey_id")
    def _compute_counts(self):
        for wizard in self:
            wizard.inside_count, wizard.movable_count = wizard.journey_id._count_movable()

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        for wizard in wizards:
            wizard.problem_ids = [
                fields.Command.create(
                    {"message": error, "node_id": getattr(error, "node", wizard.journey_id.browse()).id}
                )
                for error in wizard.journey_id._get_publish_errors()
            ]
        return wizards

    def _show(self):
        name = self.env._("Not Ready Yet") if self.problem_ids else self.env._("Publish")
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_confirm(self):
        self.ensure_one()
        self.journey_id.action_publish(move_participants=self.who_is_inside == "move")
        return {"type": "ir.actions.client", "tag": "soft_reload"}


class JourneyPublishProblem(models.TransientModel):
    _name = "journey.publish.problem"
    _description = "Problem of a Journey"
    _order = "id"

    wizard_id = fields.Many2one("journey.publish", required=True, ondelete="cascade")
    message = fields.Char(required=True)
    node_id = fields.Many2one("journey.node", "Step", ondelete="cascade")

    def action_open(self):
        """Button: the step that leads to the cause."""
        self.ensure_one()
        return self.node_id.action_open()
