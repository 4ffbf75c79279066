# Server action "Update Buying Group Status": writes the free text that says where a group stands.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...journey.ir_actions_server import StepAction
from .buying_target import GROUP_MODELS

STATUS_SIZE = 50


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[("buying_group_status", "Update Buying Group Status"), ("code",)],
        ondelete={"buying_group_status": "cascade"},
    )
    buying_status = fields.Char("New Status", help="Up to 50 characters.")

    @api.constrains("buying_status")
    def _check_buying_status(self):
        for action in self:
            if len(action.buying_status or "") > STATUS_SIZE:
                raise UserError(self.env._("A status can have up to %(count)s characters.", count=STATUS_SIZE))

    def _get_step_actions(self):
        return super()._get_step_actions() | {
            "buying_group_status": StepAction(
                GROUP_MODELS,
                ("buying_solution_id", "buying_status"),
                required=("buying_status",),
                required_off_groups=("buying_solution_id",),
            )
        }

    def _get_journey_summary(self):
        if self.state != "buying_group_status":
            return super()._get_journey_summary()
        return self.env._("Set the status of the buying group to “%(status)s”", status=self.buying_status or "…")

    def _run_action_buying_group_status_multi(self, eval_context=None):
        """Write the status of the group of each record, in one go.

        :return: see :meth:`_report_skipped`
        """
        records = self._get_action_records(eval_context)
        groups_of = self._get_target_groups(records)
        groups = records.env["buying.group"].union(*groups_of.values())
        changing = groups.filtered(lambda group: group.status != self.buying_status)
        changing.write({"status": self.buying_status})
        reasons = {
            record_id: self.env._("The group has this status already.") if of_record else self._get_no_group_reason()
            for record_id, of_record in groups_of.items()
            if not of_record & changing
        }
        return self._report_skipped(records, reasons)
