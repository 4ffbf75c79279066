# Action: run a server action.
from odoo import models
from odoo.tools import clean_context

from ....tools.callbacks import keep_callbacks
from ..ir_actions_server import STEP
from .journey_kind import Later, Move


class JourneyKindAction(models.AbstractModel):
    """Runs the node's server action on the participants, or on their people, with the responsible user's rights.

    An action whose runner takes many records (``_run_action_<kind>_multi``) gets the whole batch at once. It may answer
    with ``journey_skipped``, ``{record id: reason}``; with ``journey_notes``, ``{record id: what else to tell}``, for
    records that were done; and with ``journey_later``, ``{record id: when}``, for records about which nobody can tell
    yet: the participant rests on the step until then.
    """

    _name = "journey.kind.action"
    _inherit = "journey.kind"
    _description = "Journey Step: Action"

    _sequence = 20

    def _get_label(self):
        return self.env._("Action")

    def _get_summary(self, node):
        action = node.action_server_id.sudo()
        return action._get_journey_summary() if action else self.env._("No action yet")

    def _get_errors(self, node):
        action = node.action_server_id.sudo()
        if not action:
            return [self.env._("Choose the action to run.")]
        errors = action._get_journey_errors()
        expected = node._get_action_model()
        if action.model_name != expected:
            errors.append(self.env._("The action %(action)s is for another kind of record.", action=action.name))
        elif not node.journey_id._as_responsible().env[expected].has_access("write"):
            errors.append(
                self.env._(
                    "%(user)s may not change %(model)s, so the action could not run.",
                    user=node.journey_id.user_id.name,
                    model=action.model_id.name,
                )
            )
        return errors

    def _get_batch_size(self, node, most):
        action = node.action_server_id.sudo()  # how many at once is no secret
        return min(super()._get_batch_size(node, most), action._get_step_batch_size() or most)

    def _on_copy(self, node, copied):
        action = node.action_server_id.sudo()
        if action.journey_node_id == node:
            # no default of the context: it could bring children, or run the copy by a schedule
            action = action.with_context(clean_context(self.env.context))
            action = action.copy({"name": action.name, "journey_node_id": copied.id})
        copied.action_server_id = action.with_env(copied.env)

    def _process(self, node, participants):
        records = self._get_records(node, participants)
        result = dict.fromkeys(participants.ids, self._gone()) | dict.fromkeys(records, Move())
        targets = self._get_targets(node, records)
        for participant_id, target in targets.items():
            if not target:
                result[participant_id] = Move(state="skipped", reason=self.env._("There are no people to act on."))
        target = next(iter(targets.values()), None)
        if target is None:
            return result
        target = target.union(*targets.values())
        if target:
            # without system rights: the server action checks what its user may do
            action = node.action_server_id.sudo(False).with_context(
                active_model=target._name,
                active_ids=target.ids,
                active_id=target.ids[0],
                journey_step=STEP,
                journey_action_visits=self._get_visits(participants, targets),
            )
            with keep_callbacks(self.env.cr):
                outcome = action.run()
                self.env.flush_all()
            if isinstance(outcome, dict):
                later = outcome.get("journey_later", {})
                for participant_id, persons in targets.items():
                    if moments := [later[pid] for pid in persons.ids if pid in later]:
                        result[participant_id] = Later(max(moments))
                        continue
                    reasons, notes = (
                        [outcome[name][pid] for pid in persons.ids if pid in outcome.get(name, {})]
                        for name in ("journey_skipped", "journey_notes")
                    )
                    if persons and len(reasons) == len(persons):
                        result[participant_id] = Move(state="skipped", reason=reasons[0])
                    elif notes:
                        result[participant_id] = Move(reason=notes[0])
        return result

    def _get_visits(self, participants, targets):
        """For whom each record is acted on: ``{record id: [(participant id, visit)]}``. An action that does something
        once per visit asks for it; without ``journey_step`` it may come from anybody."""
        participants.fetch(["visit"])
        visit_of = {participant.id: participant.visit for participant in participants}
        visits = {}
        for participant_id, target in targets.items():
            for record_id in target.ids:
                visits.setdefault(record_id, []).append((participant_id, visit_of[participant_id]))
        return visits

    def _get_targets(self, node, records):
        """``{participant id: records to act on}``"""
        if node.people != "people" or not records:
            return records
        everybody = next(iter(records.values())).union(*records.values())
        people = self._get_people(node, everybody)
        return {participant_id: people[record.id] for participant_id, record in records.items()}
