# Graphs: deleting and inserting steps with several ways out; circles.
from odoo.tests import tagged

from .common_graph import GraphCase


@tagged("post_install", "-at_install")
class TestJourneyGraph(GraphCase):
    def setUp(self):
        super().setUp()
        self.conditions = [{"domain": "[('ref', '=', 'A')]"}, {"domain": "[('ref', '=', 'B')]"}]
        self.journey, self.nodes = self.make_graph(
            "res.partner",
            [("id", "=", self.account.id)],
            {
                "Start": {"kind": "wait"},
                "Split": {"kind": "split"},
                "A": {"kind": "wait"},
                "B": {"kind": "wait"},
                "B2": {"kind": "wait"},
                "Rest": {"kind": "wait"},
                "Meet": {"kind": "merge"},
                "End": {},
            },
            [
                ("Start", "Split", "next"),
                ("Split", "A", "branch", self.conditions[0]),
                ("Split", "B", "branch", self.conditions[1]),
                ("Split", "Rest", "default"),
                ("B", "B2", "next"),
                *((name, "Meet", "next") for name in ("A", "B2", "Rest")),
                ("Meet", "End", "next"),
            ],
            publish=False,
        )

    def names(self):
        return set(self.journey.draft_version_id.node_ids.mapped("name"))

    def test_deleting_a_step_of_a_path_keeps_the_path(self):
        self.nodes["B"].with_user(self.marketer).unlink()
        edge = self.nodes["Split"].out_edge_ids.filtered(lambda edge: edge.domain == self.conditions[1]["domain"])
        self.assertEqual(edge.target_id, self.nodes["B2"])
        self.assertFalse(self.journey._get_publish_errors())

    def test_deleting_a_split_keeps_its_main_path_and_nothing_hangs(self):
        self.nodes["Split"].with_user(self.marketer).unlink()
        self.assertEqual(self.nodes["Start"].next_id, self.nodes["Rest"])
        self.assertEqual(self.names(), {"Start", "Rest", "Meet", "End"})
        self.assertFalse(self.journey._get_publish_errors())

    def test_deleting_the_first_step_and_the_split_after_it(self):
        (self.nodes["Start"] + self.nodes["Split"]).unlink()
        self.assertEqual(self.names(), {"Rest", "Meet", "End"})
        self.assertFalse(self.journey._get_publish_errors())

    def test_deleting_the_meeting_point_leads_all_paths_on(self):
        self.nodes["Meet"].unlink()
        for name in ("A", "B2", "Rest"):
            self.assertEqual(self.nodes[name].next_id, self.nodes["End"])
        self.assertFalse(self.journey._get_publish_errors())

    def test_deleting_the_last_step(self):
        self.nodes["End"].unlink()
        self.assertFalse(self.journey._get_publish_errors())

    def test_split_put_between_two_steps_leads_on_by_its_default_path(self):
        made = self.env["journey.node"].create(
            {
                "version_id": self.journey.draft_version_id.id,
                "kind": "split",
                "name": "New",
                "after_id": self.nodes["Meet"].id,
            }
        )
        self.assertEqual(self.nodes["Meet"].next_id, made)
        self.assertEqual((made.out_edge_ids.outcome, made.out_edge_ids.target_id), ("default", self.nodes["End"]))
        self.assertFalse(made._get_shape_errors())

    def test_circles_lead_through_a_wait_or_a_listening_step(self):
        self.nodes["Rest"].next_id = self.nodes["Split"]
        self.assertFalse(self.journey._get_publish_errors())
        circle, nodes = self.make_graph(
            "res.partner",
            [("id", "=", self.account.id)],
            {"Start": {"kind": "wait"}, "Split": {"kind": "split"}, "Meet": {"kind": "merge"}, "End": {}},
            [
                ("Start", "Split", "next"),
                ("Split", "Meet", "branch", self.conditions[0]),
                ("Split", "End", "default"),
                ("Meet", "Split", "next"),
            ],
            publish=False,
        )
        self.assertRegex("\n".join(circle._get_publish_errors()), "circle")
        listen = self.env["journey.node"].create(
            {
                "version_id": circle.draft_version_id.id,
                "kind": "listen",
                "name": "Listen",
                "activity_type_ids": self.activity_type("email_opened").ids,
                "after_id": nodes["Meet"].id,
            }
        )
        self.assertEqual(listen.next_id, nodes["Split"])
        self.assertFalse(circle._get_publish_errors())
