# The engine: enrolment, moves, waits, failures, and doing everything exactly once.
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestJourneyEngine(JourneyCase):
    def make_partners(self, count):
        return self.env["res.partner"].create(
            [{"name": f"Contact {number}", "email": f"contact.{number}@example.com"} for number in range(count)]
        )

    def write_action(self, model="res.partner", value="done"):
        return self.env["ir.actions.server"].create(
            {
                "name": "Note it",
                "state": "object_write",
                "model_id": self.env["ir.model"]._get_id(model),
                "update_path": "ref" if model == "res.partner" else "status",
                "value": value,
            }
        )

    def test_audience_enters_once(self):
        partners = self.make_partners(3)
        journey = self.make_journey(
            "res.partner", [("id", "in", partners.ids)], [{"kind": "wait", "wait_value": 1}, {"kind": "end"}]
        )
        self.engine.tick()
        self.engine.tick()
        self.assertEqual(sorted(journey.participant_ids.mapped("res_id")), sorted(partners.ids))
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"active"})

    def test_later_matches_enter_later(self):
        partners = self.make_partners(2)
        partners[1].function = "Other"
        journey = self.make_journey(
            "res.partner", [("id", "in", partners.ids), ("function", "=", False)], [{"kind": "end"}]
        )
        self.engine.tick()
        self.assertEqual(journey.participant_ids.mapped("res_id"), partners[0].ids)
        partners[1].function = False
        self.engine.tick()
        self.assertEqual(len(journey.participant_ids), 2)

    def test_start_and_end_dates(self):
        partners = self.make_partners(1)
        now = fields.Datetime.now()
        journey = self.make_journey(
            "res.partner",
            [("id", "in", partners.ids)],
            [{"kind": "end"}],
            date_start=now + timedelta(days=1),
            date_end=now + timedelta(days=3),
        )
        self.engine.tick()
        self.assertFalse(journey.participant_ids)
        with freeze_time(now + timedelta(days=4)):
            self.engine.tick()
        self.assertFalse(journey.participant_ids)
        self.assertEqual(journey.state, "finished")

    def test_audience_is_what_the_responsible_may_read(self):
        mine, foreign = self.env["crm.lead"].create(
            [
                {"name": "Mine", "user_id": self.salesperson.id, "email_from": "a@example.com"},
                {"name": "Not mine", "user_id": self.manager.id, "email_from": "b@example.com"},
            ]
        )
        limited = self.salesperson
        limited.group_ids += self.env.ref("crm_buying_journey.group_user")
        journey = self.make_journey("crm.lead", [("id", "in", (mine + foreign).ids)], [{"kind": "end"}], user=limited)
        self.engine.tick()
        self.assertEqual(journey.participant_ids.mapped("res_id"), mine.ids)

    def test_wait_for_a_duration(self):
        partners = self.make_partners(1)
        start = fields.Datetime.to_datetime("2026-01-31 10:00:00")
        with freeze_time(start):
            journey = self.make_journey(
                "res.partner",
                [("id", "in", partners.ids)],
                [{"kind": "wait", "wait_value": 1, "wait_unit": "months"}, {"kind": "end"}],
            )
            self.engine.tick()
        participant = journey.participant_ids
        # one month after the last of January is the last of February
        self.assertEqual(participant.due_at, fields.Datetime.to_datetime("2026-02-28 10:00:00"))
        self.assertEqual(participant.trace_ids.state, "waiting")
        with freeze_time("2026-02-28 09:59:59"):
            self.assertEqual(self.engine.tick(), 0)
        with freeze_time("2026-02-28 10:00:00"):
            self.engine.tick()
        self.assertEqual(participant.state, "completed")
        self.assertEqual(len(participant.trace_ids), 2, "the wait and the end, each once")

    def test_wait_until_a_date_in_the_past_does_not_hold(self):
        partners = self.make_partners(1)
        journey = self.make_journey(
            "res.partner",
            [("id", "in", partners.ids)],
            [{"kind": "wait", "wait_type": "date", "wait_date": "2020-01-01 00:00:00"}, {"kind": "end"}],
        )
        self.engine.tick()
        self.assertEqual(journey.participant_ids.state, "completed")

    def test_action_runs_once_for_everybody(self):
        partners = self.make_partners(5)
        journey = self.make_journey(
            "res.partner",
            [("id", "in", partners.ids)],
            [{"kind": "action", "action_server_id": self.write_action().id}, {"kind": "end"}],
        )
        self.engine.tick()
        self.assertEqual(set(partners.mapped("ref")), {"done"})
        self.assertEqual(self.states_of(journey), {"Step 1": ["done"] * 5, "Step 2": ["done"] * 5})

    def test_action_on_the_people_of_an_account(self):
        journey = self.make_journey(
            "res.partner",
            [("id", "=", self.account.id)],
            [
                {
                    "kind": "action",
                    "people": "people",
                    "role_ids": self.role_champion.ids,
                    "action_server_id": self.write_action().id,
                }
            ],
        )
        self.engine.tick()
        self.assertEqual((self.colleen.ref, self.brandon.ref, self.account.ref), ("done", False, False))
        self.assertEqual(journey.participant_ids.state, "completed")

    def test_poisoned_record_stops_nobody_else(self):
        partners = self.make_partners(8)
        journey = self.make_journey(
            "res.partner",
            [("id", "in", partners.ids)],
            [{"kind": "action", "action_server_id": self.write_action().id}, {"kind": "end"}],
        )
        write = type(self.env["res.partner"]).write

        def poisoned(records, vals):
            if partners[3] in records and "ref" in vals:
                raise UserError("poisoned")
            return write(records, vals)

        with patch.object(type(self.env["res.partner"]), "write", poisoned):
            self.engine.tick()
            participants = journey.participant_ids.grouped("res_id")
            sick = participants[partners[3].id]
            self.assertEqual((sick.state, sick.attempts, sick.trace_ids.state), ("active", 1, "waiting"))
            self.assertIn("poisoned", sick.trace_ids.reason)
            self.assertEqual({p.state for p in journey.participant_ids - sick}, {"completed"})
            # tried again after 5 and after 30 minutes, then given up
            for delay in (5, 35):
                with freeze_time(fields.Datetime.now() + timedelta(minutes=delay, seconds=1)):
                    self.engine.tick()
        self.assertEqual((sick.state, sick.trace_ids.state, sick.trace_ids.attempts), ("failed", "failed", 3))
        self.assertEqual(len(journey.activity_ids), 1, "the responsible user is told once")

    def test_error_edge_is_taken_when_retries_are_used_up(self):
        partners = self.make_partners(1)
        journey = self.make_journey(
            "res.partner",
            [("id", "in", partners.ids)],
            [{"kind": "action", "action_server_id": self.write_action().id}, {"kind": "end", "name": "Good"}],
            publish=False,
        )
        bad = self.env["journey.node"].create(
            {"version_id": journey.draft_version_id.id, "kind": "end", "name": "Bad", "sequence": 90}
        )
        self.env["journey.edge"].create({"source_id": journey.node_ids[0].id, "target_id": bad.id, "outcome": "error"})
        journey.with_user(self.manager).action_publish()
        with patch.object(type(self.env["res.partner"]), "write", side_effect=UserError("no")):
            self.engine.tick()
            for delay in (6, 40):
                with freeze_time(fields.Datetime.now() + timedelta(minutes=delay)):
                    self.engine.tick()
        self.assertEqual((journey.participant_ids.state, journey.participant_ids.node_id), ("completed", bad))

    def test_deleted_record_leaves(self):
        partners = self.make_partners(2)
        journey = self.make_journey(
            "res.partner",
            [("id", "in", partners.ids)],
            [{"kind": "wait", "wait_value": 1}, {"kind": "action", "action_server_id": self.write_action().id}],
        )
        self.engine.tick()
        gone = partners[0].id
        partners[0].unlink()
        journey.participant_ids.action_skip_wait()
        self.engine.tick()
        states = {participant.res_id: participant.state for participant in journey.participant_ids}
        self.assertEqual(states, {gone: "exited", partners[1].id: "completed"})

    def test_archived_record_leaves(self):
        partners = self.make_partners(1)
        journey = self.make_journey(
            "res.partner",
            [("id", "in", partners.ids)],
            [{"kind": "wait", "wait_value": 1}, {"kind": "action", "action_server_id": self.write_action().id}],
        )
        self.engine.tick()
        partners.active = False
        journey.participant_ids.action_skip_wait()
        self.engine.tick()
        self.assertEqual((journey.participant_ids.state, partners.ref), ("exited", False))
        self.assertIn("archived", journey.participant_ids.exit_reason)

    def test_archived_record_goes_on_if_the_audience_asks_for_it(self):
        """Lost leads are archived; an audience that names them takes them to the end."""
        lead = self.env["crm.lead"].create({"name": "Lost", "email_from": "lost@example.com"})
        lead.action_set_lost()
        journey = self.make_journey(
            "crm.lead", [("id", "=", lead.id), ("active", "=", False)], [{"kind": "email"}, {"kind": "end"}]
        )
        self.engine.tick()
        self.assertEqual(self.states_of(journey), {"Step 1": ["done"], "Step 2": ["done"]})

    def test_each_pass_through_a_circle_is_a_visit_of_its_own(self):
        partners = self.make_partners(1)
        journey = self.make_journey(
            "res.partner",
            [("id", "in", partners.ids)],
            [{"kind": "email", "name": "Mail"}, {"kind": "wait", "name": "Wait", "wait_value": 1}],
            publish=False,
        )
        journey.node_ids[1].next_id = journey.node_ids[0]
        with self.assertRaises(UserError):  # no first step yet: both have one before them
            journey.action_publish()
        start = self.env["journey.node"].create(
            {
                "version_id": journey.draft_version_id.id,
                "kind": "wait",
                "name": "Start",
                "wait_value": 0,
                "sequence": -1,
            }
        )
        start.next_id = journey.node_ids.filtered(lambda node: node.name == "Mail")
        journey.with_user(self.manager).action_publish()
        self.engine.tick()
        for _round in range(2):
            journey.participant_ids.action_skip_wait()
            self.engine.tick()
        self.assertEqual(self.states_of(journey)["Mail"], ["done"] * 3)
        mails = self.env["mail.mail"].search([("mailing_id", "=", journey.node_ids.mailing_id.id)])
        self.assertEqual(len(mails), 3, "the second visit of the same address is mailed again")

    def test_broken_audience_stops_no_other_journey(self):
        partners = self.make_partners(1)
        steps = [{"kind": "end"}]
        broken = self.make_journey("res.partner", [("id", "in", partners.ids)], steps)
        sound = self.make_journey("res.partner", [("id", "in", partners.ids)], steps)
        self.env.cr.execute(
            "UPDATE journey_journey SET domain = %s WHERE id = %s", ["[('no_such_field', '=', 1)]", broken.id]
        )
        broken.invalidate_recordset()
        self.engine.tick()
        self.assertEqual(len(sound.participant_ids), 1)
        self.assertTrue(broken.activity_ids)

    def test_only_those_who_may_build_journeys_can_tick(self):
        with self.assertRaises(AccessError):
            self.engine.with_user(self.salesperson).tick()

    def test_limit_stops_early_and_loses_nothing(self):
        partners = self.make_partners(6)
        journey = self.make_journey("res.partner", [("id", "in", partners.ids)], [{"kind": "end"}])
        self.assertEqual(self.engine.tick(limit=4), 4)
        self.assertEqual(self.engine.tick(), 2)
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})

    def test_cost_depends_on_what_is_due_not_on_who_is_idle(self):
        def idle_queries(count):
            partners = self.make_partners(count)
            self.make_journey(
                "res.partner", [("id", "in", partners.ids)], [{"kind": "wait", "wait_value": 9}, {"kind": "end"}]
            )
            self.engine.tick()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.engine.tick()
            return self.env.cr.sql_log_count - before

        first = idle_queries(5)
        self.assertLessEqual(
            idle_queries(200), first + 25, "a second journey costs some statements, its 200 waiting participants none"
        )

    def test_a_batch_costs_the_same_statements_whatever_its_size(self):
        def queries(count):
            partners = self.make_partners(count)
            self.make_journey(
                "res.partner", [("id", "in", partners.ids)], [{"kind": "wait", "wait_value": 0}, {"kind": "end"}]
            )
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.engine.tick()
            return self.env.cr.sql_log_count - before

        queries(2)
        self.assertLessEqual(abs(queries(200) - queries(20)), 15)

    def test_switched_off_cron_shows_on_the_journey(self):
        journey = self.make_journey("buying.group", [], [{"kind": "end"}])
        self.assertFalse(journey.cron_warning)
        self.env.ref("crm_buying_journey.ir_cron_journey_engine").active = False
        journey.invalidate_recordset()
        self.assertTrue(journey.cron_warning)

    def test_late_scheduled_action_shows_on_the_journey(self):
        journey = self.make_journey("buying.group", [], [{"kind": "end"}])
        cron = self.env.ref("crm_buying_journey.ir_cron_journey_engine")
        now = fields.Datetime.now()
        for late, warns in ((timedelta(minutes=10), False), (timedelta(hours=2), True)):
            cron.nextcall = now - late
            journey.invalidate_recordset()
            self.assertEqual(bool(journey.with_user(self.marketer).cron_warning), warns)
        self.assertIn("late", journey.cron_warning)
        journey.action_pause()
        journey.invalidate_recordset()
        self.assertFalse(journey.cron_warning, "nobody should move")

    def test_participants_due_for_long_show_on_their_journey_alone(self):
        self.env.ref("crm_buying_journey.ir_cron_journey_engine").nextcall = fields.Datetime.now()
        domain = [("id", "=", self.group.id)]
        late, waiting = [
            self.make_journey("buying.group", domain, [{"kind": "wait", "wait_value": 3}]) for _number in range(2)
        ]
        self.engine.tick()
        late.participant_ids.due_at = fields.Datetime.now() - timedelta(hours=2)
        waiting.participant_ids.due_at = fields.Datetime.now() - timedelta(minutes=5)
        self.assertIn("have waited", late.with_user(self.marketer).cron_warning)
        self.assertFalse(waiting.cron_warning)

    def test_owner_is_told_in_their_language_and_once(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.manager.lang = "fr_FR"
        journey = self.make_journey("res.partner", [("id", "=", self.brandon.id)], [{"kind": "end"}])
        languages = []
        for _failure in range(2):
            self.engine._tell_owner(journey, lambda env: languages.append(env.lang) or "A step failed.")
        self.assertEqual(languages, ["fr_FR"])
        self.assertEqual(journey.activity_ids.user_id, self.manager)
        self.assertEqual(len(journey.activity_ids), 1)
