# Properties of every graph: random valid graphs are run with random failures, whatever their shape.
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo import Command, fields
from odoo.sql_db import Savepoint
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_journey import JourneyCase

ADVANCE = "odoo.addons.crm_buying_journey.models.journey.journey_engine_advance"
# the ways out of each kind that graphs are made of, with the values of their edges; kinds that this version lacks
# are left out
EXITS = {
    "action": [{"outcome": "next"}, {"outcome": "error"}],
    "wait": [{"outcome": "next"}],
    "merge": [{"outcome": "next"}],
    "variant": [{"outcome": "branch", "percent": 40}, {"outcome": "branch", "percent": 60}],
    "split": [
        {"outcome": "branch", "domain": "[('ref', '=', 'left')]"},
        {"outcome": "branch", "domain": "[('name', 'like', '1')]"},
        {"outcome": "default"},
    ],
}
# these must have all their ways out
NEEDS_ALL = ("variant", "split")
PEOPLE = 5
ROUNDS = 12


@st.composite
def graphs(draw, kinds):
    """``[(kind, [target or None for each way out])]``; one start, and circles only through waits.

    Each node is entered from an earlier one. Free ways out lead forward, from waits anywhere but to the start.
    """
    count = draw(st.integers(1, 7))
    nodes = []
    for position in range(count):
        kind = draw(st.sampled_from(kinds))
        nodes.append((kind, [None] * len(EXITS[kind])))
        free = [(source, way) for source in range(position) for way, end in enumerate(nodes[source][1]) if end is None]
        if position and free:
            source, way = draw(st.sampled_from(free))
            nodes[source][1][way] = position
        elif position:
            nodes.pop()
            break
    end = len(nodes)
    for source, (kind, ways) in enumerate(nodes):
        for way, target in enumerate(ways):
            if target is None and (kind in NEEDS_ALL or draw(st.booleans())):
                first = 1 if kind == "wait" else source + 1
                choices = [other for other in range(first, end + 1) if other != source]
                ways[way] = draw(st.sampled_from(choices))
    if any(end in ways for _kind, ways in nodes):
        nodes.append(("end", []))
    return nodes


@tagged("post_install", "-at_install")
class TestJourneyProperties(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        there = dict(cls.env["journey.node"]._selection_kind())
        cls.kinds = [kind for kind in EXITS if kind in there]
        cls.people = cls.env["res.partner"].create([{"name": f"Contact {number}"} for number in range(PEOPLE)])

    def build(self, graph, poisoned):
        """A live journey of this shape whose actions fail for the people at these positions."""
        journey = self.env["journey.journey"].create(
            {
                "name": "Random",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain": str([("id", "in", self.people.ids)]),
                "user_id": self.env.uid,
            }
        )
        action = self.env["ir.actions.server"].create(
            {
                "name": "Fails for some",
                "state": "code",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "code": f"if set(records.ids) & set({self.people.browse(poisoned).ids}):\n    raise UserError('No')\n"
                "records.write({'comment': 'done'})",
            }
        )
        nodes = self.env["journey.node"].create(
            [
                {
                    "version_id": journey.draft_version_id.id,
                    "name": f"{kind} {position}",
                    "kind": kind,
                    "sequence": position,
                    **({"action_server_id": action.id} if kind == "action" else {}),
                    **({"wait_value": 1, "wait_unit": "days"} if kind == "wait" else {}),
                }
                for position, (kind, _ways) in enumerate(graph)
            ]
        )
        for node, (kind, ways) in zip(nodes, graph, strict=True):
            node.out_edge_ids = [Command.clear()] + [
                Command.create({"target_id": nodes[target].id, "sequence": way, **EXITS[kind][way]})
                for way, target in enumerate(ways)
                if target is not None
            ]
        journey.action_publish()
        return journey, nodes

    def run_example(self, data):
        graph = data.draw(graphs(self.kinds))
        poisoned = [self.people.ids[number] for number in data.draw(st.sets(st.integers(0, PEOPLE - 1), max_size=2))]
        journey, nodes = self.build(graph, poisoned)
        for _round in range(ROUNDS):
            with mute_logger(ADVANCE):
                self.engine.tick()
            # time passes: what waits, for its date or for another attempt, is due
            waiting = journey.participant_ids.filtered(lambda participant: participant.state == "active")
            if not waiting:
                break
            waiting.due_at = fields.Datetime.now()
        self.check(journey, nodes)

    def check(self, journey, nodes):
        participants = journey.participant_ids
        self.assertEqual(sorted(participants.mapped("res_id")), sorted(self.people.ids), "everybody entered, once")
        for participant in participants:
            self.check_participant(participant, nodes)
        traces = participants.trace_ids
        for node in nodes:
            states = [trace.state for trace in traces if trace.node_id == node]
            self.assertEqual(
                [node.here_count, node.done_count, node.skipped_count, node.failed_count],
                [sum(p.state == "active" and p.node_id == node for p in participants)]
                + [states.count(state) for state in ("done", "skipped", "failed")],
            )
        self.assertEqual(
            journey.participant_count, journey.active_count + journey.completed_count + journey.failed_count
        )

    def check_participant(self, participant, nodes):
        """A legal state, and a path that the graph allows, one visit after the other."""
        traces = participant.trace_ids.sorted("visit")
        self.assertEqual(traces.mapped("visit"), list(range(1, len(traces) + 1)), "visits have no gap")
        self.assertEqual(traces[0].node_id, nodes[0], "everybody begins at the start")
        for trace, following in pairwise(traces):
            self.assertIn(trace.state, ("done", "skipped", "failed"), "who went on has ended the step")
            ways = trace.node_id.out_edge_ids.filtered(lambda edge, trace=trace: edge.outcome == trace.outcome)
            self.assertIn(following.node_id, ways.target_id, "each move follows a connection of this outcome")
        last = traces[-1]
        self.assertEqual(participant.node_id, last.node_id)
        self.assertEqual(participant.visit, last.visit)
        if participant.state == "active":
            self.assertTrue(participant.due_at)
            self.assertEqual(last.state, "waiting")
            return
        self.assertFalse(participant.due_at)
        self.assertTrue(participant.left_at)
        ways = last.node_id.out_edge_ids
        if participant.state == "failed":
            self.assertEqual((last.state, last.attempts), ("failed", 3), "it was tried three times")
            self.assertNotIn("error", ways.mapped("outcome"), "who failed had no other way")
        else:
            self.assertEqual(participant.state, "completed")
            self.assertNotIn(last.outcome, ways.mapped("outcome"), "who completed had no way on")

    def test_every_participant_ends_in_a_legal_state(self):
        @settings(
            max_examples=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def holds(data):
            savepoint = Savepoint(self.env.cr)
            try:
                self.run_example(data)
            finally:
                self.env.transaction.clear()
                savepoint.close(rollback=True)

        holds()
