# Split: the first path whose condition holds.
from odoo import fields, models

from .journey_kind import Move

MAX_PATHS = 25


class JourneyKindSplit(models.AbstractModel):
    """Sends each participant down the first path, from the top, whose condition holds; else down the default path;
    without one the participant has completed the journey. Limit: 25 paths (Adobe Journey Optimizer B2B Edition, split
    and merge paths).
    """

    _name = "journey.kind.split"
    _inherit = "journey.kind"
    _description = "Journey Step: Split"

    _sequence = 50
    _batch_size = 5000
    _outcomes = ("branch", "default")

    def _get_label(self):
        return self.env._("Split by Conditions")

    def _get_summary(self, node):
        return self._get_paths_summary(node)

    def _get_errors(self, node):
        return self._get_path_errors(node, MAX_PATHS)

    def _process(self, node, participants):
        """One query per path, two where it has both conditions; whoever has found a path is not asked again."""
        now = fields.Datetime.now()
        records = self._get_records(node, participants)
        result = dict.fromkeys(set(participants.ids) - records.keys(), self._gone())
        left = {participant.id: participant for participant in participants if participant.id in records}
        people = None
        for edge in self._get_paths(node):
            if not left:
                break
            domain = edge._get_condition_domain()
            matching = left
            if not domain.is_true():
                ids = [participant.res_id for participant in left.values()]
                # archived ones were let through or not by now
                Model = node.sudo(False).env[node.model_name].with_context(active_test=False)
                found = set(Model._search(domain & fields.Domain("id", "in", ids)))
                matching = {key: participant for key, participant in left.items() if participant.res_id in found}
            if edge.activity_type_ids and matching:
                if people is None:
                    everybody = next(iter(records.values())).union(*records.values())
                    people = self._get_active_people(node, everybody)
                did = self._get_with_activity(
                    edge,
                    {key: people[participant.res_id] for key, participant in matching.items()},
                    {key: participant.res_id for key, participant in matching.items()},
                    {key: participant.entered_at for key, participant in matching.items()},
                    now,
                )
                matching = {key: participant for key, participant in matching.items() if key in did}
            reason = self.env._(
                "Path %(path)s: %(condition)s", path=edge._get_label(), condition=edge._get_condition_text()
            )
            result |= dict.fromkeys(matching, Move("branch", edge_id=edge.id, reason=reason))
            left = {key: participant for key, participant in left.items() if key not in matching}
        return result | dict.fromkeys(left, Move("default", reason=self.env._("No condition matched.")))
