# Journeys on the dashboard: entered, completed, how long it took, and where participants left.
import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestInsightDashboardJourneys(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = cls.env["res.partner"].create(
            [{"name": f"Person {number}", "email": f"person.{number}@example.com"} for number in range(8)]
        )
        cls.journey = cls.make_journey(
            "res.partner",
            [("id", "in", cls.people.ids)],
            [
                {"kind": "wait", "name": "First wait", "wait_value": 1},
                {"kind": "wait", "name": "Second wait", "wait_value": 1},
                {"kind": "end", "name": "The end"},
            ],
            name="Waiting",
            solution_id=False,
        )
        cls.engine.tick()
        cls.participants = cls.journey.participant_ids.sorted("id")
        cls.first, cls.second, cls.end = cls.journey.current_version_id._get_order()

    def get_data(self, user=None, **filters):
        filters = {"journey_ids": self.journey.ids} | filters
        page = self.env["buying.dashboard.journeys"].with_user(user or self.marketer).with_context(tz="UTC")
        self.env.flush_all()
        return page.get_data(filters)

    def go_on(self, participants):
        participants.action_skip_wait()
        self.engine.tick()

    def assertAllDrillDown(self, data, user=None):
        charts = [data[name] for name in ("states", "bands", "participants", "lines", "journeys", "steps")]
        for chart in charts:
            model = self.env[chart["model"]].with_user(user or self.marketer)
            for row in chart["rows"]:
                for value, domain in zip(row["values"], row["domains"], strict=True):
                    if domain is not False:
                        count = model.search_count(json.loads(json.dumps(domain)))
                        self.assertEqual(count, value, (row["label"], domain))

    def rows(self, table):
        return {row["label"]: row["values"] for row in table["rows"]}

    def happen(self):
        """Of 8: two complete, one leaves at the first and two at the second wait, one fails, two wait."""
        participants = self.participants
        participants[7].action_exit()
        self.go_on(participants[:6])
        participants[4:6].action_exit()
        participants[3].sudo().write({"state": "failed", "left_at": fields.Datetime.now()})
        self.go_on(participants[:2])
        now = fields.Datetime.now()
        for number, days in enumerate((2, 4)):
            participants[number].sudo().write({"entered_at": now - timedelta(days=days), "left_at": now})

    def test_what_became_of_them(self):
        self.happen()
        data = self.get_data()
        self.assertEqual(self.rows(data["journeys"]), {"Waiting": [8, 2, 2, 25, 3 * 86400, 0, 0, 3, 1]})
        self.assertEqual(data["journeys"]["rows"][0]["note"], "Live")
        self.assertEqual(
            self.rows(data["participants"]), {"Completed": [2], "In progress": [2], "Left early": [3], "Failed": [1]}
        )
        self.assertEqual(self.rows(data["bands"])["0–25%"], [1])
        self.assertEqual(self.rows(data["states"]), {"Live": [1]})
        self.assertEqual([sum(numbers) for numbers in zip(*self.rows(data["lines"]).values(), strict=True)], [8, 2])
        self.assertAllDrillDown(data)

    def test_where_they_left(self):
        self.happen()
        data = self.get_data()
        self.assertEqual(
            self.rows(data["steps"]),
            {
                "First wait": [8, 1, 0, 1, 0, 12.5],
                "Second wait": [6, 1, 0, 2, 1, 50],
                "The end": [2, 0, 2, 0, 0, 0],
            },
        )
        self.assertEqual([row["label"] for row in data["steps"]["rows"]], ["First wait", "Second wait", "The end"])

    def test_goal(self):
        self.participants[:2].sudo().write({"goal_at": fields.Datetime.now(), "state": "completed"})
        values = self.rows(self.get_data()["journeys"])["Waiting"]
        self.assertEqual(values[5:7], [2, 25])

    def test_the_period_is_when_they_entered(self):
        self.happen()
        self.participants[:3].sudo().write({"entered_at": fields.Datetime.now() - timedelta(days=500)})
        data = self.get_data()
        self.assertEqual(self.rows(data["journeys"])["Waiting"][:3], [5, 1, 0])
        self.assertEqual(self.rows(data["steps"])["First wait"][0], 5)
        self.assertIsNone(self.rows(data["journeys"])["Waiting"][4])
        self.assertAllDrillDown(data)

    def test_a_step_is_the_same_in_each_version(self):
        self.happen()
        self.journey.with_user(self.manager).action_edit()
        draft = self.journey.draft_version_id
        draft.node_ids.filtered(lambda node: node.name == "Second wait").with_user(self.manager).unlink()
        self.journey.with_user(self.manager).action_publish(move_participants=False)
        data = self.get_data()
        steps = self.rows(data["steps"])
        self.assertEqual(list(steps), ["First wait", "The end", "Second wait"])
        self.assertEqual(steps["First wait"], [8, 1, 0, 1, 0, 12.5])
        self.assertEqual(data["steps"]["rows"][2]["note"], "Only in former versions")
        self.assertAllDrillDown(data)

    def test_the_steps_of_the_chosen_journey(self):
        other = self.make_journey("res.partner", [("id", "=", self.brandon.id)], [{"kind": "wait", "name": "Long"}])
        self.engine.tick()
        both = (self.journey | other).ids
        data = self.get_data(journey_ids=both)
        self.assertEqual((data["journey_id"], data["total"]), (self.journey.id, 2))
        data = self.get_data(journey_ids=both, journey_id=other.id)
        self.assertEqual((data["journey_id"], self.rows(data["steps"])["Long"][:2]), (other.id, [1, 1]))
        # one that the filters leave out, or that is gone, is not shown
        self.assertEqual(self.get_data(journey_id=other.id)["journey_id"], self.journey.id)
        self.assertAllDrillDown(data)

    def test_a_draft_and_nothing_at_all_are_no_errors(self):
        draft = self.make_journey("res.partner", [], [{"kind": "wait", "name": "Long"}], publish=False)
        data = self.get_data(journey_ids=draft.ids)
        self.assertEqual(self.rows(data["steps"]), {"Long": [0, 0, 0, 0, 0, None]})
        self.assertAllDrillDown(data)
        data = self.get_data(journey_ids=[2**31 - 1])
        self.assertEqual((data["total"], data["journey_id"], data["steps"]["rows"]), (0, False, []))
        for broken in ("1", [1], -1):
            with self.assertRaisesRegex(Exception, "journey_id"):
                self.get_data(journey_id=broken)

    def test_companies_and_salespeople(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.journey.sudo().company_id = company
        self.assertEqual(self.get_data()["total"], 0)
        self.marketer.sudo().company_ids |= company
        page = self.env["buying.dashboard.journeys"].with_user(self.marketer)
        both = page.with_context(allowed_company_ids=(self.env.company | company).ids, tz="UTC")
        data = both.get_data({"journey_ids": self.journey.ids})
        self.assertEqual((data["total"], data["entered"]), (1, 8))
        with self.assertRaises(AccessError):
            self.get_data(self.salesperson)

    def test_the_number_of_statements_does_not_grow(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.get_data()
            return self.env.cr.sql_log_count - before

        self.happen()
        count()
        few = count()
        more = self.env["res.partner"].create([{"name": f"More {number}"} for number in range(30)])
        self.journey.with_user(self.manager)._enter_now(more)
        self.engine.tick()
        self.assertEqual(self.get_data()["entered"], 38)
        count()  # what was made empties the host's caches
        self.assertEqual(count(), few)
        self.assertLess(few, 45)
