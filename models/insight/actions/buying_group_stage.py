# Server action "Update Buying Group Stage": moves groups as far as their stage model allows.
from odoo import fields, models

from ...journey.ir_actions_server import StepAction
from .buying_target import GROUP_MODELS


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[("buying_group_stage", "Update Buying Group Stage"), ("code",)],
        ondelete={"buying_group_stage": "cascade"},
    )
    buying_stage_id = fields.Many2one("buying.stage", "New Stage", ondelete="restrict")

    def _get_step_actions(self):
        return super()._get_step_actions() | {
            "buying_group_stage": StepAction(
                GROUP_MODELS,
                ("buying_solution_id", "buying_stage_id"),
                required=("buying_stage_id",),
                required_off_groups=("buying_solution_id",),
            )
        }

    def _get_journey_summary(self):
        if self.state != "buying_group_stage":
            return super()._get_journey_summary()
        return self.env._("Move the buying group to %(stage)s", stage=self.buying_stage_id.name or "…")

    def _run_action_buying_group_stage_multi(self, eval_context=None):
        """Move the group of each record. A move that is not allowed is not made; run by a person it is refused.

        :return: see :meth:`_report_skipped`
        """
        records = self._get_action_records(eval_context)
        source = self._get_action_source()
        groups_of = self._get_target_groups(records)
        groups = records.env["buying.group"].union(*groups_of.values())
        stage = self.buying_stage_id.with_env(records.env)
        why = {
            group.id: self.env._("The group is in this stage already.")
            if group.stage_id == stage
            else group.sudo()._get_stage_refusal(stage.sudo(), source)
            for group in groups
        }
        moved = groups._move_to_stage(stage, source) if groups else groups
        reasons = {
            record_id: why[of_record[0].id] if of_record else self._get_no_group_reason()
            for record_id, of_record in groups_of.items()
            if not of_record & moved
        }
        return self._report_skipped(records, reasons)
