# Who sees what happened: the journeys of a record, and the numbers of a step with the lists behind them.
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_graph import GraphCase
from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestJourneyFigures(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.of_group = cls.make_journey(
            "buying.group",
            [("id", "=", cls.group.id)],
            [
                {"kind": "action", "action_state": "buying_group_status", "buying_status": "Warm"},
                {"kind": "wait", "name": "Wait"},
            ],
        )
        cls.of_people = cls.make_journey(
            "res.partner", [("id", "=", cls.brandon.id)], [{"kind": "wait", "wait_value": 1}]
        )
        cls.lead = cls.env["crm.lead"].create({"name": "Lead", "partner_id": cls.brandon.id})
        cls.engine.tick()

    def entries(self, record):
        action = record.with_user(self.marketer).action_view_journeys()
        return self.env["journey.participant"].with_user(self.marketer).search(action["domain"])

    def test_account_shows_the_journeys_of_its_groups_and_people(self):
        self.assertEqual(self.entries(self.account).journey_id, self.of_people + self.of_group)

    def test_group_shows_its_own_and_its_members_journeys(self):
        self.assertEqual(self.entries(self.group).journey_id, self.of_people + self.of_group)
        self.group.remove_member(self.brandon)
        self.assertEqual(self.entries(self.group).journey_id, self.of_group)

    def test_person_and_lead_show_the_person_s_journeys(self):
        self.assertEqual(self.entries(self.brandon).journey_id, self.of_people)
        self.assertEqual(self.entries(self.lead).journey_id, self.of_people)
        self.assertFalse(self.entries(self.colleen))

    def test_number_on_the_button_is_the_number_in_the_list(self):
        for record in (self.account, self.group, self.brandon, self.lead, self.colleen, self.other_account):
            self.assertEqual(record.with_user(self.marketer).journey_entry_count, len(self.entries(record)))

    def test_group_shows_its_latest_three(self):
        self.of_group.sudo().write({"reentry": "end", "reentry_delay": 0})
        for _number in range(4):
            self.of_group.participant_ids.action_exit()
            self.of_group._enter_now(self.group)
        self.group.invalidate_recordset()
        latest = self.group.with_user(self.marketer).journey_latest_ids
        self.assertEqual(latest.mapped("entry"), [5, 4, 3])

    def test_salesperson_sees_no_journeys(self):
        with self.assertRaises(AccessError):
            self.group.with_user(self.salesperson).read(["journey_entry_count"])
        with self.assertRaises(AccessError):
            self.env["journey.participant"].with_user(self.salesperson).search(
                self.group.with_user(self.salesperson).action_view_journeys()["domain"]
            )

    def test_numbers_of_a_step_and_the_lists_behind_them(self):
        action, wait = self.of_group.node_ids.with_user(self.marketer)
        self.assertEqual((action.entered_count, action.done_count, action.here_count), (1, 1, 0))
        self.assertEqual(action.outcome_counts, "Next: 1")
        self.assertEqual(self.of_group.participant_ids.trace_ids.mapped("outcome_name"), [False, "Next"])
        self.assertEqual((wait.entered_count, wait.here_count, wait.outcome_counts), (1, 1, False))
        Trace = self.env["journey.trace"].with_user(self.marketer)
        traces = Trace.search(action.with_context(trace_state="done").action_view_traces()["domain"])
        self.assertEqual(len(traces), action.done_count)
        self.assertFalse(Trace.search(action.with_context(trace_state="failed").action_view_traces()["domain"]))
        self.assertEqual(len(Trace.search(wait.action_view_traces()["domain"])), 1)

    def test_timeline_leads_to_the_mails_of_a_step(self):
        journey = self.make_journey("buying.group", [("id", "=", self.group.id)], [{"kind": "email", "name": "Mail"}])
        self.marketer.group_ids += self.env.ref("mass_mailing.group_mass_mailing_user")
        self.engine.tick()
        trace = journey.participant_ids.trace_ids.with_user(self.marketer)
        mails = self.env["mailing.trace"].with_user(self.marketer).search(trace.action_view_mails()["domain"])
        self.assertEqual(set(mails.mapped("res_id")), set((self.brandon + self.colleen).ids))

    def test_who_came_but_was_not_looked_at_yet_is_counted_once(self):
        self.of_group.sudo().write({"reentry": "end", "reentry_delay": 0})
        self.of_group.participant_ids.action_exit()
        self.of_group._enter_now(self.group)
        first, wait = self.of_group.node_ids
        self.assertEqual((first.entered_count, first.here_count), (2, 1))
        self.assertEqual(wait.entered_count, 1)
        self.engine.tick()
        self.of_group.node_ids.invalidate_recordset()
        self.assertEqual((first.entered_count, wait.entered_count), (2, 2))


@tagged("post_install", "-at_install")
class TestJourneyPathFigures(GraphCase):
    def test_each_path_has_its_own_number_and_list(self):
        contacts = self.make_contacts(6)
        contacts[:3].ref = "A"
        contacts[3:5].ref = "B"
        journey, nodes = self.make_graph(
            "res.partner",
            [("id", "in", contacts.ids)],
            {"Split": {"kind": "split"}, "A": {}, "B": {}, "C": {}, "Rest": {}},
            [
                ("Split", "A", "branch", {"domain": "[('ref', '=', 'A')]", "name": "Large"}),
                ("Split", "B", "branch", {"domain": "[('ref', '=', 'B')]"}),
                ("Split", "C", "branch", {"domain": "[('ref', '=', 'C')]"}),
                ("Split", "Rest", "default"),
            ],
        )
        self.engine.tick()
        split = nodes["Split"].with_user(self.marketer)
        self.assertEqual(split.out_edge_ids.mapped("taken_count"), [3, 2, 0, 1])
        self.assertEqual(split.outcome_counts, "Large: 3 · B: 2 · Otherwise: 1")
        Trace = self.env["journey.trace"].with_user(self.marketer)
        for edge in split.out_edge_ids:
            traces = Trace.search(edge.action_view_taken()["domain"])
            self.assertEqual(len(traces), edge.taken_count)
            self.assertEqual(traces.node_id, split if traces else Trace.node_id)
        self.assertEqual(
            sorted(
                journey.participant_ids.trace_ids.filtered(lambda trace: trace.node_id == split).mapped("outcome_name")
            ),
            ["B", "B", "Large", "Large", "Large", "Otherwise"],
        )

    def test_numbers_of_all_paths_take_one_query(self):
        journey, _nodes = self.make_graph(
            "res.partner",
            [("id", "=", self.brandon.id)],
            {"Variant": {"kind": "variant"}, "A": {}, "B": {}},
            [("Variant", "A", "branch", {"percent": 50}), ("Variant", "B", "branch", {"percent": 50})],
        )
        self.engine.tick()
        edges = journey.current_version_id.edge_ids
        edges.mapped("source_id.kind")
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.assertEqual(sum(edges.mapped("taken_count")), 1)
