# Server action "Remove from Buying Group": takes people out of the group for a solution.
from odoo import fields, models

from ...buying.buying_group_member import RANK
from ...journey.ir_actions_server import StepAction
from .buying_target import PEOPLE_MODELS


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[("buying_group_remove", "Remove from Buying Group"), ("code",)],
        ondelete={"buying_group_remove": "cascade"},
    )

    def _get_step_actions(self):
        parameters = ("buying_solution_id",)
        return super()._get_step_actions() | {
            "buying_group_remove": StepAction(PEOPLE_MODELS, parameters, required=parameters)
        }

    def _get_journey_summary(self):
        if self.state != "buying_group_remove":
            return super()._get_journey_summary()
        return self.env._("Remove from the buying group for %(solution)s", solution=self.buying_solution_id.name or "…")

    def _run_action_buying_group_remove_multi(self, eval_context=None):
        """Take each person out of the group of their account; what a person decided outranks a journey.

        :return: see :meth:`_report_skipped`
        """
        rank = RANK[self._get_action_source()]

        def get_refusal(row):
            if row.state != "in":
                return self.env._("The person is no member.")
            if RANK[row.source] > rank:
                return self.env._("Somebody decided otherwise about this member by hand.")
            return None

        return self._change_members(self._get_action_records(eval_context), "out", get_refusal)
