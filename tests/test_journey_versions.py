# Editing live journeys, what becomes of those inside, and waiting time during a pause.
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .common_journey import JourneyCase

START = fields.Datetime.to_datetime("2027-03-01 10:00:00")
STEPS = ({"kind": "wait", "name": "Rest", "wait_value": 5}, {"kind": "email", "name": "Mail"})


@tagged("post_install", "-at_install")
class TestJourneyVersions(JourneyCase):
    def start(self, steps=STEPS, people=None, **values):
        with freeze_time(START):
            journey = self.make_journey(
                "res.partner", [("id", "in", (people or self.brandon + self.colleen).ids)], steps, **values
            )
            self.engine.tick()
        return journey

    def test_marketer_edits_a_live_journey_and_a_manager_publishes_it(self):
        journey = self.start().with_user(self.marketer)
        old = journey.current_version_id
        journey.action_edit()
        draft = journey.draft_version_id
        self.assertEqual((draft.number, draft.state, journey.state), (2, "draft", "live"))
        self.assertEqual(draft.node_ids.mapped("name"), ["Rest", "Mail"])
        self.assertEqual(draft.node_ids.mapped("origin_key"), old.node_ids.mapped("origin_key"))
        self.assertNotEqual(draft.node_ids.mailing_id, old.node_ids.mailing_id)
        draft.node_ids[0].wait_value = 9
        with self.assertRaises(AccessError):
            journey.action_publish()
        journey.with_user(self.manager).action_publish()
        self.assertEqual((journey.current_version_id, journey.draft_version_id.id), (draft, False))
        self.assertEqual((old.state, draft.state), ("replaced", "live"))

    def test_person_in_two_groups_gets_the_mail_of_a_step_once_whatever_the_version(self):
        """One group comes to the step before the new version, the other one after it."""
        solution = self.env["buying.solution"].create({"name": "Other", "template_id": self.template.id})
        other = self.env["buying.group"].create({"solution_id": solution.id, "partner_id": self.account.id})
        other.assign_member(self.brandon, self.role_decision)
        journey = self.make_journey(
            "buying.group", [("id", "=", self.group.id)], [{"kind": "email", "name": "Mail", "people": "people"}]
        )
        self.engine.tick()
        journey.action_edit()
        journey.with_user(self.manager).action_publish()
        journey.sudo().domain = str([("id", "in", (self.group + other).ids)])
        self.engine.tick()
        self.assertEqual(len(journey.participant_ids), 2)
        traces = self.env["mailing.trace"].search(
            [("mass_mailing_id", "in", journey.version_ids.node_ids.mailing_id.ids), ("res_id", "=", self.brandon.id)]
        )
        self.assertEqual(len(traces), 1)

    def test_live_version_stays_as_it_is_while_edited(self):
        journey = self.start()
        self.assertFalse(journey.former_version_note)
        journey.with_user(self.marketer).action_edit()
        with self.assertRaises(UserError):
            journey.current_version_id.node_ids[0].with_user(self.manager).wait_value = 1
        self.assertEqual(journey.participant_ids.version_id, journey.current_version_id)

    def test_those_inside_stay_and_new_ones_take_the_new_version(self):
        journey = self.start(people=self.brandon + self.colleen)
        old = journey.current_version_id
        other = self.brandon.copy({"name": "Edwin Hansen", "email": "edwin.test@example.com"})
        journey.sudo().domain = str([("id", "in", (self.brandon + self.colleen + other).ids)])
        journey.action_edit()
        journey.with_user(self.manager).action_publish()
        with freeze_time(START + timedelta(hours=1)):
            self.engine.tick()
        version_of = {entry.res_id: entry.version_id for entry in journey.participant_ids}
        self.assertEqual((version_of[self.brandon.id], version_of[other.id]), (old, journey.current_version_id))
        seen = journey.with_user(self.marketer)
        seen.invalidate_recordset()
        self.assertEqual(
            seen.former_version_note, "The figures are those of version 2. Inside a former version now: 2."
        )
        action = seen.action_view_former()
        self.assertEqual(
            self.env["journey.trace"].with_user(self.marketer).search(action["domain"]).node_id.version_id, old
        )
        seen.action_edit()
        self.assertFalse(seen.former_version_note, "a draft has no figures")
        seen.action_discard_draft()
        with freeze_time(START + timedelta(days=6)):
            self.engine.tick()
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
        self.assertEqual(len(old.node_ids.mailing_id.mailing_trace_ids), 2)

    def test_those_inside_move_if_asked_and_if_their_step_is_kept(self):
        journey = self.start([*STEPS, {"kind": "wait", "name": "Rest more"}])
        old = journey.current_version_id
        brandon, colleen = (
            journey.participant_ids.filtered(lambda entry, person=person: entry.res_id == person.id)
            for person in (self.brandon, self.colleen)
        )
        colleen.sudo().node_id = old.node_ids[2]
        due_at = brandon.due_at
        journey.action_edit()
        journey.draft_version_id.node_ids[2].unlink()
        wizard = (
            self.env["journey.publish"]
            .with_user(self.manager)
            .create({"journey_id": journey.id, "who_is_inside": "move"})
        )
        self.assertEqual((wizard.inside_count, wizard.movable_count), (2, 1))
        wizard.action_confirm()
        new = journey.current_version_id
        self.assertEqual((brandon.version_id, brandon.node_id, brandon.due_at), (new, new.node_ids[0], due_at))
        self.assertEqual((colleen.version_id, colleen.node_id), (old, old.node_ids[2]))
        with freeze_time(START + timedelta(days=5)):
            self.engine.tick()
        self.assertEqual(brandon.state, "completed")
        self.assertEqual(new.node_ids.mailing_id.mailing_trace_ids.res_id, self.brandon.id)

    def test_errors_keep_the_old_version_live(self):
        journey = self.start()
        old = journey.current_version_id
        journey.action_edit()
        journey.draft_version_id.node_ids.mailing_id.body_html = ""
        with self.assertRaisesRegex(UserError, "Mail: The mail has no content"):
            journey.with_user(self.manager).action_publish()
        self.assertEqual((journey.current_version_id, old.state), (old, "live"))

    def test_discarding_takes_the_copied_mails_along(self):
        journey = self.start()
        journey.with_user(self.marketer).action_edit()
        draft, mailing = journey.draft_version_id, journey.draft_version_id.node_ids.mailing_id
        journey.with_user(self.marketer).action_discard_draft()
        self.assertFalse(draft.exists() or mailing.exists() or journey.draft_version_id)
        self.assertEqual(journey.shown_version_id, journey.current_version_id)
        self.assertTrue(journey.current_version_id.node_ids.mailing_id)

    def test_editing_twice_makes_one_draft(self):
        journey = self.start()
        journey.action_edit()
        draft = journey.draft_version_id
        journey.action_edit()
        self.assertEqual((journey.draft_version_id, len(journey.version_ids)), (draft, 2))

    def test_closed_journeys_and_salespeople_do_not_edit(self):
        journey = self.start()
        with self.assertRaises(AccessError):
            journey.with_user(self.salesperson).action_edit()
        journey.action_close()
        with self.assertRaisesRegex(UserError, "Duplicate it"):
            journey.action_edit()

    def test_copies_of_a_journey_have_new_keys(self):
        journey = self.start()
        copied = journey.with_user(self.marketer).copy()
        self.assertFalse(set(copied.node_ids.mapped("origin_key")) & set(journey.node_ids.mapped("origin_key")))
        self.assertFalse(copied.published_at or copied.goal_reached_date)

    def test_steps_need_system_rights_in_a_new_version_as_well(self):
        code = self.env["ir.actions.server"].create(
            {
                "name": "Code",
                "state": "code",
                "code": "pass",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        journey = self.start([{"kind": "wait"}, {"kind": "action", "action_server_id": code.id}])
        with self.assertRaises(AccessError):
            journey.with_user(self.manager).action_edit()

    # Pause

    def pause(self, journey, days):
        with freeze_time(START + timedelta(days=1)):
            journey.with_user(self.manager).action_pause()
        with freeze_time(START + timedelta(days=1 + days)):
            journey.with_user(self.manager).action_resume()

    def test_waiting_time_runs_on_in_a_pause(self):
        journey = self.start()
        self.pause(journey, 10)
        self.assertEqual(set(journey.participant_ids.mapped("due_at")), {START + timedelta(days=5)})

    def test_waiting_time_stands_still_in_a_pause(self):
        journey = self.start(pause_mode="stands")
        self.pause(journey, 10)
        self.assertEqual(set(journey.participant_ids.mapped("due_at")), {START + timedelta(days=15)})
        self.assertFalse(journey.paused_at)

    def test_dates_stay_where_they_are_and_who_was_due_goes_on_at_once(self):
        date = START + timedelta(days=20)
        journey = self.start([{"kind": "wait", "wait_type": "date", "wait_date": date}], pause_mode="stands")
        overdue = journey.participant_ids[0]
        overdue.sudo().due_at = START
        self.pause(journey, 10)
        self.assertEqual(set(journey.participant_ids.mapped("due_at")), {START, date})

    def test_closing_ends_a_pause_as_well(self):
        journey = self.start(pause_mode="stands")
        with freeze_time(START + timedelta(days=1)):
            journey.action_pause()
        with freeze_time(START + timedelta(days=3)):
            journey.action_close()
        self.assertEqual(set(journey.participant_ids.mapped("due_at")), {START + timedelta(days=7)})
