# Wizard: add chosen records to a journey.
from odoo import api, fields, models
from odoo.exceptions import UserError


class JourneyAdd(models.TransientModel):
    """From the Action menu of a list: the chosen records enter a live journey of their model."""

    _name = "journey.add"
    _description = "Add to a Journey"

    model_name = fields.Char(default=lambda self: self.env.context.get("active_model"))
    journey_id = fields.Many2one(
        "journey.journey",
        required=True,
        ondelete="cascade",
        domain="[('state', '=', 'live'), ('model_name', '=', model_name)]",
    )
    record_count = fields.Integer("Chosen Records", compute="_compute_record_count")

    @api.depends_context("active_ids")
    def _compute_record_count(self):
        for wizard in self:
            wizard.record_count = len(self.env.context.get("active_ids") or [])

    def action_confirm(self):
        """Button: let them in and say how many did not enter."""
        self.ensure_one()
        ids = self.env.context.get("active_ids") or []
        if not ids or self.env.context.get("active_model") != self.journey_id.model_name:
            raise UserError(self.env._("Choose the records in a list first."))
        entered = self.journey_id.add_records(self.env[self.journey_id.model_name].browse(ids))
        stayed_out = len(set(ids)) - entered
        message = self.env._("Entered: %(entered)s.", entered=entered)
        if stayed_out:
            message = self.env._(
                "Entered: %(entered)s. Not entered, since they are inside already or may not enter again: %(others)s.",
                entered=entered,
                others=stayed_out,
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if entered else "warning",
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
