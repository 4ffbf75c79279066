# Server actions as steps of journeys.
from odoo import fields, models


class IrActionsServer(models.Model):
    """A server action may have been made for one step, which alone changes and deletes it then."""

    _inherit = "ir.actions.server"

    journey_node_id = fields.Many2one(
        "journey.node", "Journey Step", index="btree_not_null", ondelete="set null", copy=False, readonly=True
    )

    def _get_journey_summary(self):
        """What a step with this action does, in one line."""
        self.ensure_one()
        return self.display_name

    def _get_journey_errors(self):
        """What keeps this action from being a journey's step.

        :rtype: list[str]
        """
        self.ensure_one()
        return [self.warning] if self.warning else []
