# Server actions "Add to Journey" and "Remove from Journey".
from odoo import fields, models

from .ir_actions_server import STEP, StepAction

STATES = ("journey_add", "journey_remove")


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[("journey_add", "Add to Journey"), ("journey_remove", "Remove from Journey"), ("code",)],
        ondelete=dict.fromkeys(STATES, "cascade"),
    )
    target_journey_id = fields.Many2one(
        "journey.journey", ondelete="restrict", help="A journey of the same kind of records."
    )

    def _get_step_actions(self):
        parameters = ("target_journey_id",)
        return super()._get_step_actions() | dict.fromkeys(
            STATES, StepAction(parameters=parameters, required=parameters)
        )

    def _get_warning_messages(self):
        warnings = super()._get_warning_messages()
        target = self.target_journey_id.sudo()
        if self.state in STATES and target:
            if target.model_id != self.model_id:
                warnings.append(
                    self.env._(
                        "%(journey)s takes %(its)s, not %(model)s.",
                        journey=target.name,
                        its=target.model_id.name,
                        model=self.model_id.name,
                    )
                )
            # the engine moves those of the batch when the step is done: they cannot leave or enter meanwhile
            if target == self.journey_node_id.sudo().journey_id:
                warnings.append(self.env._("A step cannot add to or remove from its own journey."))
        return warnings

    def _get_journey_errors(self):
        errors = super()._get_journey_errors()
        if self.state == "journey_add" and self.target_journey_id.sudo().state in ("closed", "aborted", "finished"):
            errors.append(
                self.env._("Nobody can enter %(journey)s any more.", journey=self.target_journey_id.sudo().name)
            )
        return errors

    def _get_journey_summary(self):
        if self.state not in STATES:
            return super()._get_journey_summary()
        name = self.target_journey_id.sudo().name or "…"
        if self.state == "journey_add":
            return self.env._("Add to the journey %(journey)s", journey=name)
        return self.env._("Remove from the journey %(journey)s", journey=name)

    def _run_action_journey_add_multi(self, eval_context=None):
        """Let the records enter the journey now, whatever its audience says; those inside already stay where they are.

        By hand, only those who may change journeys do so.

        :return: see :meth:`_report_skipped`
        """
        records = self._get_action_records(eval_context)
        journey = self.target_journey_id.with_env(records.env)
        journey.check_access("write")
        return self._report_skipped(records, journey._enter_now(records))

    def _run_action_journey_remove_multi(self, eval_context=None):
        """Take the records out of the journey at once.

        By hand, only managers do so, as with the button; a step was approved when its journey was published.

        :return: see :meth:`_report_skipped`
        """
        records = self._get_action_records(eval_context)
        journey = self.target_journey_id.with_env(records.env)
        journey.check_access("write")
        participants = records.env["journey.participant"].search(
            [
                ("journey_id", "=", journey.id),
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("state", "=", "active"),
            ]
        )
        if self.env.context.get("journey_step") is not STEP:
            participants.check_access("write")
        inside = set(participants.mapped("res_id"))
        participants.sudo()._exit_now(self.env._("Taken out by the action %(action)s", action=self.name))
        why = self.env._("This record is not inside %(journey)s.", journey=journey.name)
        return self._report_skipped(records, {record.id: why for record in records if record.id not in inside})
