# People split: steps for some of the participant's people.
from odoo import fields, models
from odoo.tools import SQL

from .journey_kind import Move

MAX_PATHS = 25
KINDS = ("action", "email")


class JourneyKindPeopleSplit(models.AbstractModel):
    """Shares the people of each participant out among paths: each person takes the first path, from the top, whose
    condition holds, else the default path; without one they skip the split. (Adobe Journey Optimizer B2B Edition,
    split paths by people.)

    The participant stays one: it visits the paths one after the other, each time with the people of that path alone,
    comes back here at the end of each, and goes on by the ``next`` way when all are done: there all people are together
    again. So paths hold actions and mails on people only, and nothing that waits.
    """

    _name = "journey.kind.people_split"
    _inherit = "journey.kind"
    _description = "Journey Step: Split of People"

    _sequence = 70
    _outcomes = ("next", "branch", "default")

    def _get_label(self):
        return self.env._("Split of People")

    def _get_summary(self, node):
        return self._get_paths_summary(node)

    def _get_condition_model(self, node):
        return "res.partner"

    def _get_errors(self, node):
        return self._get_path_errors(node, MAX_PATHS)

    def _get_shape_errors(self, node):
        errors = []
        inside = node._get_people_paths(node)
        for step in inside:
            if step.kind not in KINDS or step.people != "people":
                errors.append(
                    self.env._(
                        "%(step)s lies on a path for some people, where only mails to people and actions on people "
                        "can be.",
                        step=step.name,
                    )
                )
            elif outside := step.in_edge_ids.source_id - inside - node:
                errors.append(
                    self.env._(
                        "%(step)s lies on a path for some people, but %(other)s leads there, too.",
                        step=step.name,
                        other=outside[0].name,
                    )
                )
        entries = self._get_all_paths(node).target_id
        if any(node in step.out_edge_ids.target_id for step in inside):
            errors.append(self.env._("Paths end by themselves; none of their steps may lead back to the split."))
        if len(self._get_all_paths(node)) > len(entries):
            errors.append(self.env._("Each path needs steps of its own."))
        if node.out_edge_ids.filtered(lambda edge: edge.outcome == "next").target_id & inside:
            errors.append(self.env._("What comes after the split cannot be a step of one of its paths."))
        return errors

    def _get_all_paths(self, node):
        return self._get_paths(node) | self._get_default_path(node)

    def _process(self, node, participants):
        records = self._get_records(node, participants)
        result = {participant.id: self._gone() for participant in participants if participant.id not in records}
        there = participants.filtered(lambda participant: participant.id in records)
        if not there:
            return result
        paths = self._get_all_paths(node)
        # who is on none of these paths has just come
        fresh = there.filtered(lambda participant: participant.people_edge_id not in paths)
        if fresh:
            self._share_out(node, fresh, records)
        order = {edge.id: place for place, edge in enumerate(paths)}
        counts = {}
        for participant, edge, count in (
            self.env["journey.participant.person"]
            .sudo()
            ._read_group(
                [("participant_id", "in", there.ids), ("edge_id", "in", paths.ids)],
                ["participant_id", "edge_id"],
                ["__count"],
            )
        ):
            counts.setdefault(participant.id, {})[edge.id] = count
        chosen = {}
        for participant in there:
            done = -1 if participant in fresh else order[participant.people_edge_id.id]
            left = [edge_id for edge_id in counts.get(participant.id, {}) if order[edge_id] > done]
            edge = paths.browse(min(left, key=order.get) if left else [])
            chosen.setdefault(edge.id or None, []).append(participant.id)
            result[participant.id] = self._get_move(edge, counts.get(participant.id, {}))
        self._set_path(chosen)
        return result

    def _get_move(self, edge, counts):
        """:param dict counts: ``{edge id: people on it}``"""
        if edge:
            return Move(
                edge.outcome,
                edge_id=edge.id,
                reason=self.env._("Path %(path)s: %(count)s people", path=edge._get_label(), count=counts[edge.id]),
            )
        if counts:
            return Move(reason=self.env._("All people are together again."))
        return Move(state="skipped", reason=self.env._("Nobody fits any path."))

    def _set_path(self, chosen):
        """:param dict chosen: ``{edge id or None when all paths are done: participant ids}``"""
        for edge_id, ids in chosen.items():
            self.env.cr.execute(
                "UPDATE journey_participant SET people_edge_id = %s WHERE id IN %s", [edge_id, tuple(ids)]
            )
            if not edge_id:
                self.env.cr.execute("DELETE FROM journey_participant_person WHERE participant_id IN %s", [tuple(ids)])
        self.env["journey.participant"].invalidate_model(["people_edge_id"])
        self.env["journey.participant.person"].invalidate_model()

    def _share_out(self, node, participants, records):
        """Write down which person takes which path: one query per condition, whatever the number of people."""
        now = fields.Datetime.now()
        mine = {participant.id: records[participant.id] for participant in participants}
        everybody = next(iter(mine.values())).union(*mine.values())
        people_of = self._get_people(node, everybody)
        people = {key: people_of[record.id] for key, record in mine.items()}
        Partner = node.sudo(False).env["res.partner"]
        left = {(key, person_id) for key, persons in people.items() for person_id in persons.ids}
        entered = {participant.id: participant.entered_at for participant in participants}
        rows = []
        for edge in self._get_paths(node):
            if not left:
                break
            domain = edge._get_condition_domain()
            matching = left
            if not domain.is_true():
                ids = list({person_id for _key, person_id in left})
                found = set(Partner._search(domain & fields.Domain("id", "in", ids)))
                matching = {pair for pair in left if pair[1] in found}
            if edge.activity_type_ids and matching:
                pairs = dict(enumerate(sorted(matching)))
                did = self._get_with_activity(
                    edge,
                    {number: [person_id] for number, (_key, person_id) in pairs.items()},
                    {},
                    {number: entered[key] for number, (key, _person_id) in pairs.items()},
                    now,
                )
                matching = {pairs[number] for number in did}
            rows += [(key, edge.id, person_id) for key, person_id in matching]
            left = left - matching
        if default := self._get_default_path(node):
            rows += [(key, default.id, person_id) for key, person_id in left]
        # what a journey that was moved to another step may have left behind
        self.env.cr.execute(
            "DELETE FROM journey_participant_person WHERE participant_id IN %s", [tuple(participants.ids)]
        )
        if rows:
            self.env.cr.execute(
                SQL(
                    """
                INSERT INTO journey_participant_person (
                    participant_id, edge_id, partner_id, create_uid, create_date, write_uid, write_date)
                SELECT row.*, %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM unnest(%(keys)s::int[], %(edges)s::int[], %(people)s::int[]) AS row
                    """,
                    uid=self.env.uid,
                    now=now,
                    keys=[row[0] for row in rows],
                    edges=[row[1] for row in rows],
                    people=[row[2] for row in rows],
                )
            )
        self.env["journey.participant.person"].invalidate_model()
