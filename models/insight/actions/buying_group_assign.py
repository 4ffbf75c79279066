# Server action "Assign to Buying Group": makes people members in a role.
from odoo import fields, models

from ...buying.buying_group_member import RANK
from ...journey.ir_actions_server import StepAction
from .buying_target import PEOPLE_MODELS


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[("buying_group_assign", "Assign to Buying Group"), ("code",)],
        ondelete={"buying_group_assign": "cascade"},
    )
    buying_role_id = fields.Many2one("buying.role", "Role", ondelete="restrict")

    def _get_step_actions(self):
        parameters = ("buying_solution_id", "buying_role_id")
        return super()._get_step_actions() | {
            "buying_group_assign": StepAction(PEOPLE_MODELS, parameters, required=parameters)
        }

    def _get_journey_summary(self):
        if self.state != "buying_group_assign":
            return super()._get_journey_summary()
        return self.env._(
            "Assign to the buying group for %(solution)s as %(role)s",
            solution=self.buying_solution_id.name or "…",
            role=self.buying_role_id.name or "…",
        )

    def _run_action_buying_group_assign_multi(self, eval_context=None):
        """Make each person a member of the group of their account; what a person decided outranks a journey.

        :return: see :meth:`_report_skipped`
        """
        rank = RANK[self._get_action_source()]
        role = self.buying_role_id

        def get_refusal(row):
            if row.state == "in" and row.role_id.id == role.id:
                return self.env._("The person is a member in this role already.")
            if row and RANK[row.source] > rank:
                return self.env._("Somebody decided otherwise about this member by hand.")
            return None

        return self._change_members(self._get_action_records(eval_context), "in", get_refusal)
