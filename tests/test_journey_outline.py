# What the list of steps says: what leads to a step, and what is wrong with it.
from odoo import Command
from odoo.tests import tagged

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestJourneyOutline(JourneyCase):
    def test_a_step_says_what_leads_to_it(self):
        journey = self.make_journey(
            "buying.group", [], [{"kind": "split", "name": "Which way"}, {"kind": "end", "name": "Done"}], publish=False
        )
        split, end = journey.node_ids
        split.out_edge_ids.unlink()
        self.assertFalse(end.reached_by)
        split.out_edge_ids = [
            Command.create(
                {"target_id": end.id, "outcome": "branch", "name": "Large ones", "domain": "[('id', '>', 0)]"}
            ),
            Command.create({"target_id": end.id, "outcome": "default"}),
        ]
        self.assertEqual(end.with_user(self.marketer).reached_by, "Which way: Large ones, Which way: Otherwise")

    def test_a_step_of_a_draft_says_what_is_wrong_with_it(self):
        journey = self.make_journey(
            "buying.group", [], [{"kind": "wait", "wait_type": "date"}, {"kind": "end"}], publish=False
        )
        wait, end = journey.node_ids.with_user(self.marketer)
        self.assertIn("date to wait for", wait.problem)
        self.assertFalse(end.problem)
        wait.wait_date = "2030-01-01"
        wait.invalidate_recordset()
        self.assertFalse(wait.problem)
