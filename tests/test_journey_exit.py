# Exit rules and goals: who leaves when, why, and what a goal counts.
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .common_journey import JourneyCase

START = fields.Datetime.to_datetime("2027-03-01 10:00:00")
LATER = START + timedelta(hours=2)


@tagged("post_install", "-at_install")
class TestJourneyExit(JourneyCase):
    def start(self, steps=None, **values):
        """A journey in which the two people wait."""
        with freeze_time(START):
            journey = self.make_journey(
                "res.partner",
                [("id", "in", (self.brandon + self.colleen).ids)],
                steps or [{"kind": "wait", "wait_value": 5}, {"kind": "end"}],
                **values,
            )
            self.engine.tick()
        return journey

    def tick(self, at=LATER):
        with freeze_time(at):
            self.engine.tick()

    def entry_of(self, journey, record):
        return journey.participant_ids.filtered(lambda entry: entry.res_id == record.id)

    def type_of(self, code):
        return self.env["engagement.activity.type"].search([("code", "=", code)])

    def assertLeft(self, journey, record, state, reason):
        entry = self.entry_of(journey, record)
        self.assertEqual((entry.state, entry.left_at, entry.due_at), (state, LATER, False))
        self.assertRegex(entry.exit_reason, reason)
        self.assertNotIn("waiting", entry.trace_ids.mapped("state"))

    def test_whoever_matches_leaves_at_once(self):
        journey = self.start(exit_domain="[('function', '=', 'Left the company')]")
        self.brandon.function = "Left the company"
        self.tick()
        self.assertLeft(journey, self.brandon, "exited", "exit rule")
        self.assertEqual(self.entry_of(journey, self.colleen).state, "active")

    def test_an_empty_rule_takes_nobody_out(self):
        journey = self.start(exit_domain="[]", goal_domain="")
        self.tick()
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"active"})

    def test_rule_holds_between_two_steps_of_one_tick(self):
        """The first step makes the rule match, so the mail after it is not sent."""
        action = self.env["ir.actions.server"].create(
            {
                "name": "Note it",
                "state": "object_write",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "update_path": "ref",
                "value": "enough",
            }
        )
        steps = [{"kind": "action", "action_server_id": action.id}, {"kind": "email", "name": "Mail"}]
        journey = self.start(steps, exit_domain="[('ref', '=', 'enough')]")
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"exited"})
        self.assertNotIn("Mail", self.states_of(journey))

    def test_activity_since_entry_takes_out(self):
        self.env["engagement.activity.type"].log("meeting_attended", self.colleen, START - timedelta(hours=1))
        journey = self.start(exit_type_ids=self.type_of("meeting_attended").ids)
        self.env["engagement.activity.type"].log("meeting_attended", self.brandon, START + timedelta(hours=1))
        self.tick()
        self.assertLeft(journey, self.brandon, "exited", "Did what ends")
        self.assertEqual(self.entry_of(journey, self.colleen).state, "active", "that was before the journey")

    def test_activity_in_the_second_of_publishing_takes_out(self):
        journey = self.start(exit_type_ids=self.type_of("order_confirmed").ids)
        self.assertEqual(journey.published_at, START)
        self.env["engagement.activity.type"].log("order_confirmed", self.brandon, date=START)
        self.tick()
        self.assertLeft(journey, self.brandon, "exited", "Did what ends the journey")

    def test_a_type_chosen_later_counts_since_entry(self):
        journey = self.start(exit_type_ids=self.type_of("order_confirmed").ids)
        self.env["engagement.activity.type"].log("meeting_attended", self.brandon, START + timedelta(hours=1))
        self.env.flush_all()
        self.env.cr.execute("UPDATE engagement_activity SET create_date = '2020-01-01'")
        self.tick(START + timedelta(hours=1, minutes=30))
        self.assertTrue(journey.exit_watermark)
        journey.with_user(self.manager).exit_type_ids += self.type_of("meeting_attended")
        self.tick()
        self.assertLeft(journey, self.brandon, "exited", "Did what ends")

    def test_unsubscribing_takes_out_only_if_asked(self):
        asked, not_asked = self.start(exit_on_unsubscribe=True), self.start()
        self.env["mail.blacklist"]._add(self.brandon.email)
        self.tick()
        self.assertLeft(asked, self.brandon, "exited", "Unsubscribed")
        self.assertEqual(self.entry_of(asked, self.colleen).state, "active")
        self.assertEqual(self.entry_of(not_asked, self.brandon).state, "active")

    def test_group_leaves_when_all_its_members_unsubscribed(self):
        with freeze_time(START):
            journey = self.make_journey(
                "buying.group", [("id", "=", self.group.id)], [{"kind": "wait"}], exit_on_unsubscribe=True
            )
            self.engine.tick()
        self.env["mail.blacklist"]._add(self.brandon.email)
        self.tick(START + timedelta(hours=1))
        self.assertEqual(journey.participant_ids.state, "active")
        self.env["mail.blacklist"]._add(self.colleen.email)
        self.tick()
        self.assertLeft(journey, self.group, "exited", "Unsubscribed")

    def test_paused_journeys_let_nobody_out(self):
        journey = self.start(exit_domain="[('function', '=', 'Gone')]")
        journey.with_user(self.manager).action_pause()
        self.brandon.function = "Gone"
        self.tick()
        self.assertEqual(self.entry_of(journey, self.brandon).state, "active")

    def test_reaching_the_goal_completes(self):
        journey = self.start(
            goal_domain="[('function', '=', 'Customer')]", exit_domain="[('function', 'in', ('Customer', 'Gone'))]"
        )
        self.brandon.function, self.colleen.function = "Customer", "Gone"
        self.tick()
        self.assertLeft(journey, self.brandon, "completed", "goal")
        self.assertLeft(journey, self.colleen, "exited", "exit rule")
        self.assertEqual((self.entry_of(journey, self.brandon).goal_at, journey.goal_count), (LATER, 1))
        self.assertEqual((journey.exited_count, journey.goal_percent), (1, 50))

    def test_goal_may_be_noted_without_leaving(self):
        journey = self.start(goal_type_ids=self.type_of("order_confirmed").ids, goal_leaves=False)
        self.env["engagement.activity.type"].log("order_confirmed", self.brandon, START + timedelta(hours=1))
        self.tick()
        self.tick(LATER + timedelta(hours=1))
        entry = self.entry_of(journey, self.brandon)
        self.assertEqual((entry.state, entry.goal_at), ("active", LATER), "noted once")
        self.assertEqual(journey.goal_count, 1)

    def test_target_in_participants_and_in_percent(self):
        by_count = self.start(goal_domain="[('function', '=', 'Customer')]", goal_target=2)
        by_share = self.start(goal_domain="[('function', '=', 'Customer')]", goal_target=50, goal_target_type="percent")
        self.tick(START + timedelta(hours=1))
        self.assertFalse(by_share.goal_reached_date)
        self.brandon.function = "Customer"
        self.tick()
        self.assertEqual((by_count.goal_reached_date, by_share.goal_reached_date), (False, LATER))
        self.colleen.function = "Customer"
        last = LATER + timedelta(hours=1)
        self.tick(last)
        self.assertEqual((by_count.goal_reached_date, by_share.goal_reached_date), (last, LATER))

    def test_a_target_needs_a_goal_and_a_share_ends_at_a_hundred(self):
        with self.assertRaisesRegex(UserError, "nothing says when"):
            self.start(goal_target=5)
        with self.assertRaisesRegex(UserError, "100 percent"):
            self.start(goal_target=101, goal_target_type="percent")

    def test_broken_rules_are_refused(self):
        for name in ("exit_domain", "goal_domain"):
            with self.assertRaisesRegex(UserError, "no valid filter"):
                self.start(**{name: "[('no_such_field', '=', 1)]"})

    def test_only_managers_change_the_rules_of_a_live_journey(self):
        journey = self.start()
        for values in ({"exit_domain": "[('id', '>', 0)]"}, {"goal_target": 3}, {"reentry": "end"}):
            with self.assertRaises(AccessError):
                journey.with_user(self.marketer).write(values)
        journey.with_user(self.manager).exit_domain = "[('function', '=', 'Gone')]"

    def test_what_the_engine_noted_stays(self):
        journey = self.start().with_user(self.manager)
        for name in ("published_at", "goal_reached_date", "paused_at"):
            with self.assertRaisesRegex(UserError, "cannot be changed by hand"):
                journey.write({name: START})

    def test_rules_see_what_the_responsible_sees(self):
        """A rule over leads that the responsible may not read takes nobody out."""
        mine, foreign = self.env["crm.lead"].create(
            [{"name": name, "user_id": user.id} for name, user in (("a", self.salesperson), ("b", self.manager))]
        )
        self.salesperson.group_ids += self.env.ref("crm_buying_journey.group_user")
        journey = self.make_journey(
            "crm.lead",
            [("id", "in", (mine + foreign).ids)],
            [{"kind": "wait"}],
            user=self.salesperson,
            exit_domain="[('name', 'in', ('a', 'b'))]",
        )
        foreign.user_id = self.salesperson
        self.engine._enrol()
        foreign.user_id = self.manager
        self.engine._leave()
        self.assertEqual(self.entry_of(journey, mine).state, "exited")
        self.assertEqual(self.entry_of(journey, foreign).state, "active")
