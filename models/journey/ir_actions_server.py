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

    def _run(self, records, eval_context):
        """As a step, write the same value to many records in one go; the host would write to one after the other."""
        alike = self.state == "object_write" and self.evaluation_type == "value" and self.update_path
        if not alike or self.warning or not self.env.context.get("journey_step"):
            return super()._run(records, eval_context)
        *path, _field = self.update_path.split(".")
        # the host writes with system rights, too, after it checked those of the user
        targets = self.env[self.model_id.model].browse(self.env.context["active_ids"])
        if path:
            targets = targets.mapped(".".join(path))
        targets.write({self.update_field_id.name: self._eval_value(eval_context=eval_context)[self.id]})
        return False
