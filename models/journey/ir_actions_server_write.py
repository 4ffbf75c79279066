# Server action "Update Record" as a step: one write for the whole batch where that comes to the same.
from odoo import models


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    def _get_runner(self):
        """The host writes record by record, since a computed value may differ. A fixed value does not, and a step may
        have to write it on a million records."""
        if self.env.context.get("journey_step") and self.state == "object_write" and self.evaluation_type == "value":
            return type(self)._run_action_object_write_batch, True
        return super()._get_runner()

    def _run_action_object_write_batch(self, eval_context=None):
        """Write the value on all records at once, with the same rights as the host does."""
        if self.update_path:
            records = self.env[self.model_id.model].browse(self.env.context.get("active_ids", ()))
            *path, name = self.update_path.split(".")
            value = self._eval_value(eval_context=eval_context)[self.id]
            (records.mapped(".".join(path)) if path else records).write({name: value})
        return False
