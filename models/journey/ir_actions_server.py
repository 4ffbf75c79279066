# Server actions as steps of journeys: one registry of the kinds that a step can hold, and what they share.
from dataclasses import dataclass

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

# in the context of an action that a step runs; no remote caller can pass this object, whatever context they send
STEP = object()


@dataclass(frozen=True)
class StepAction:
    """All facts about one kind of server action that may be chosen, with its parameters, on a step.

    ``models``: names of the models it runs on; empty for any. ``parameters``: fields of ``ir.actions.server``, which
    ``journey.node`` has by the same names. ``required``: those that must be filled in; ``required_off_groups``: those
    that a buying group answers by itself.
    """

    models: tuple = ()
    parameters: tuple = ()
    required: tuple = ()
    required_off_groups: tuple = ()


class IrActionsServer(models.Model):
    """A server action may have been made for one step, which alone changes and deletes it then.

    A kind of our own is one file: ``selection_add`` on ``state``, an entry in :meth:`_get_step_actions`, a runner
    ``_run_action_<kind>_multi`` and a sentence in :meth:`_get_journey_summary`.
    """

    _inherit = "ir.actions.server"

    journey_node_id = fields.Many2one(
        "journey.node", "Journey Step", index="btree_not_null", ondelete="set null", copy=False, readonly=True
    )

    @api.model
    def _get_step_actions(self):
        """The kinds that a step can hold, by their ``state``.

        :rtype: dict[str, StepAction]
        """
        return {}

    @api.constrains("state", "model_id")
    def _check_step_model(self):
        kinds = self._get_step_actions()
        labels = dict(self._fields["state"]._description_selection(self.env))
        for action in self:
            kind = kinds.get(action.state)
            if kind and kind.models and action.model_id.model not in kind.models:
                raise UserError(
                    self.env._(
                        "“%(action)s” does not run on %(model)s, but on: %(models)s. In a journey, choose whether the "
                        "step acts on the participant or on its people.",
                        action=labels[action.state],
                        model=action.model_id.name,
                        models=", ".join(self.env["ir.model"]._get(name).name for name in kind.models),
                    )
                )

    @api.model
    def _warning_depends(self):
        parameters = {name for kind in self._get_step_actions().values() for name in kind.parameters}
        return [*super()._warning_depends(), *sorted(parameters)]

    def _get_warning_messages(self):
        """A missing parameter is shown in the editor, keeps a journey from being published and an action from
        running."""
        warnings = super()._get_warning_messages()
        kind = self._get_step_actions().get(self.state)
        if kind:
            required = kind.required + (() if self.model_id.model == "buying.group" else kind.required_off_groups)
            missing = [self._fields[name]._description_string(self.env) for name in required if not self[name]]
            if missing:
                warnings.append(self.env._("Fill in: %(names)s.", names=", ".join(missing)))
        return warnings

    def _get_journey_summary(self):
        """What a step with this action does, in one line."""
        self.ensure_one()
        return self.display_name

    def _get_step_batch_size(self):
        """How many records a step gives this action in one transaction; ``None``: as many as any action gets. Fewer if
        each takes long or sends much, so that one that fails, and all that is done anew with it, holds up few others.

        :rtype: int
        """
        return

    def _get_journey_errors(self):
        """What keeps this action from being a journey's step.

        :rtype: list[str]
        """
        self.ensure_one()
        return [self.warning] if self.warning else []

    # Help for runners ---------------------------------------------------------------------------------------------

    def _get_action_records(self, eval_context):
        """The records to act on, with the rights of who runs the action."""
        records = eval_context.get("records") or eval_context.get("record") or eval_context["model"]
        return records.with_env(eval_context["env"])

    def _get_action_source(self):
        """Whose decision running this action is: a person's from the Action menu (``manual``); that of an automation
        rule, a scheduled action or a step counts as a journey's (``journey``), which a person outranks.

        :rtype: str
        """
        context = self.env.context
        automatic = {"journey_step", "__action_done", "cron_id"} & context.keys() or self.env.uid == SUPERUSER_ID
        return "journey" if automatic else "manual"

    def _report_skipped(self, records, reasons, notes=None):
        """What a runner returns about records for which there was nothing to do, or nothing that may be done.

        :param dict reasons: ``{record id: reason}``
        :param dict notes: ``{record id: what there is to tell about one that was done}``
        :return: for a step, ``{"journey_skipped": reasons, "journey_notes": notes}``; for a person, a notification;
            else ``False``
        """
        if not reasons and not notes:
            return False
        if self.env.context.get("journey_step"):
            return {"journey_skipped": reasons, "journey_notes": notes or {}}
        if self._get_action_source() != "manual":
            return False
        message = ""
        if reasons:
            message = self.env._(
                "Nothing was done for %(count)s of %(total)s records: %(reasons)s",
                count=len(reasons),
                total=len(records),
                reasons=" ".join(list(dict.fromkeys(reasons.values()))[:5]),
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": " ".join(filter(None, [message, *list(dict.fromkeys((notes or {}).values()))[:5]])),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
