# Wait: dates of records, allowed days and times, changes of the clock, ends of months, leap days.
from datetime import datetime

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from odoo.addons.crm_buying_journey.tools.moments import add_duration, get_next_slot

from .common_graph import GraphCase


def moment(text):
    return datetime.fromisoformat(text)


@tagged("post_install", "-at_install")
class TestJourneyWait(GraphCase):
    def wait(self, records, start, **values):
        """The participants after their arrival, at this naive UTC time, at such a wait."""
        with freeze_time(start):
            journey = self.make_journey(
                records._name, [("id", "in", records.ids)], [{"kind": "wait", **values}, {"kind": "end"}]
            )
            self.engine.tick()
        return journey.participant_ids

    def assertDue(self, start, due, **values):
        participant = self.wait(self.make_contacts(1), start, **values)
        self.assertEqual(participant.due_at, fields.Datetime.to_datetime(due))

    def field(self, name, model="crm.lead"):
        return self.env["ir.model.fields"]._get(model, name).id

    def test_reference_examples_of_must_end_on(self):
        """9:00 on any day: Monday 11:00 becomes Tuesday 9:00, Monday 7:00 becomes Monday 9:00."""
        values = {"wait_value": 0, "until_time": 9.0, "until_tz": "UTC"}
        self.assertDue("2026-01-05 11:00:00", "2026-01-06 09:00:00", **values)
        self.assertDue("2026-01-05 07:00:00", "2026-01-05 09:00:00", **values)

    def test_duration_first_then_the_allowed_day(self):
        # Monday and 3 days is Thursday; the next Tuesday, in New York
        self.assertDue(
            "2026-01-05 11:00:00",
            "2026-01-13 13:30:00",
            wait_value=3,
            until_weekdays="1",
            until_time=8.5,
            until_tz="America/New_York",
        )

    def test_exactly_at_the_allowed_time_is_in_time(self):
        participant = self.wait(
            self.make_contacts(1), "2026-01-05 09:00:00", wait_value=0, until_time=9, until_tz="UTC"
        )
        self.assertEqual(participant.state, "completed")

    def test_midnight_is_the_time_without_a_time(self):
        self.assertDue(
            "2026-01-05 11:00:00", "2026-01-09 23:00:00", wait_value=0, until_weekdays="5", until_tz="Europe/Brussels"
        )

    def test_weekdays_are_a_set_of_boxes_and_a_text(self):
        journey = self.make_journey(
            "res.partner", [("id", "=", 0)], [{"kind": "wait", "until_weekdays": "0, fri"}], publish=False
        )
        node = journey.node_ids
        self.assertEqual((node.until_monday, node.until_friday, node.until_sunday), (True, True, False))
        node.until_monday = False
        self.assertEqual(node.until_weekdays, "4")
        for wrong in ({"until_weekdays": "7"}, {"until_weekdays": "someday"}, {"until_time": 24}, {"until_time": -1}):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                node.write(wrong)

    def test_clock_goes_forward(self):
        # 29 March 2026, Brussels: 2:00 becomes 3:00; a day keeps the time of day, 24 hours do not
        self.assertEqual(
            add_duration(moment("2026-03-28 08:00"), 1, "days", "Europe/Brussels"), moment("2026-03-29 07:00")
        )
        self.assertEqual(
            add_duration(moment("2026-03-28 08:00"), 24, "hours", "Europe/Brussels"), moment("2026-03-29 08:00")
        )
        # half past two does not exist on that day: as much after the change
        self.assertEqual(
            get_next_slot(moment("2026-03-28 12:00"), {6}, 2.5, "Europe/Brussels"), moment("2026-03-29 01:30")
        )

    def test_clock_goes_back(self):
        # 25 October 2026, Brussels: half past two comes twice; the first one counts, and only once
        self.assertEqual(
            get_next_slot(moment("2026-10-24 12:00"), set(), 2.5, "Europe/Brussels"), moment("2026-10-25 00:30")
        )
        self.assertEqual(
            get_next_slot(moment("2026-10-25 00:31"), set(), 2.5, "Europe/Brussels"), moment("2026-10-26 01:30")
        )
        self.assertDue(
            "2026-10-24 08:00:00", "2026-10-25 09:00:00", wait_value=1, until_time=10, until_tz="Europe/Brussels"
        )

    def test_month_ends_and_leap_days(self):
        self.assertEqual(add_duration(moment("2028-01-31 10:00"), 1, "months"), moment("2028-02-29 10:00"))
        self.assertEqual(add_duration(moment("2027-01-31 10:00"), 1, "months"), moment("2027-02-28 10:00"))
        self.assertEqual(add_duration(moment("2028-02-29 10:00"), 12, "months"), moment("2029-02-28 10:00"))
        # the local day decides: 1 March 0:30 in Tokyo is still 29 February in UTC
        self.assertEqual(
            add_duration(moment("2028-02-29 15:30"), 1, "months", "Asia/Tokyo"), moment("2028-03-31 15:30")
        )

    def test_date_of_the_record_before_and_after(self):
        lead = self.env["crm.lead"].create({"name": "Lead", "date_deadline": "2026-03-31"})
        values = {"wait_type": "field", "wait_field_id": self.field("date_deadline"), "until_tz": "Europe/Brussels"}
        participant = self.wait(
            lead,
            "2026-01-05 11:00:00",
            wait_offset_value=1,
            wait_offset_unit="months",
            wait_offset_direction="before",
            until_time=8,
            **values,
        )
        self.assertEqual(participant.due_at, moment("2026-02-28 07:00:00"))
        participant = self.wait(lead, "2026-01-05 11:00:00", wait_offset_value=2, **values)
        # midnight in Brussels, in summer
        self.assertEqual(participant.due_at, moment("2026-04-01 22:00:00"))

    def test_without_a_date_or_with_a_past_one_nobody_waits(self):
        without, past = self.env["crm.lead"].create([{"name": "A"}, {"name": "B", "date_deadline": "2020-01-01"}])
        participants = self.wait(
            without + past, "2026-01-05 11:00:00", wait_type="field", wait_field_id=self.field("date_deadline")
        )
        self.assertEqual(set(participants.mapped("state")), {"completed"})
        states = {trace.participant_id.res_id: trace.state for trace in participants.trace_ids if trace.visit == 1}
        self.assertEqual(states, {without.id: "skipped", past.id: "done"})

    def test_date_that_is_put_off_is_waited_for(self):
        lead = self.env["crm.lead"].create({"name": "Lead", "date_deadline": "2026-01-10"})
        participant = self.wait(
            lead, "2026-01-05 11:00:00", wait_type="field", wait_field_id=self.field("date_deadline"), until_tz="UTC"
        )
        lead.date_deadline = "2026-01-20"
        with freeze_time("2026-01-10 00:00:00"):
            self.engine.tick()
        self.assertEqual((participant.state, participant.due_at), ("active", moment("2026-01-20 00:00:00")))
        with freeze_time("2026-01-12 00:00:00"):
            participant.action_skip_wait()
            self.engine.tick()
        self.assertEqual(participant.state, "completed", "by hand is by hand")
        self.assertEqual(participant.trace_ids.filtered("reason").reason, "Let through by hand.")

    def test_timeline_says_who_did_not_wait_to_the_end(self):
        """Or the timeline would claim a wait of days that took minutes."""
        waited, hurried = self.wait(self.make_contacts(2), "2026-01-05 11:00:00", wait_value=2)
        with freeze_time("2026-01-05 11:05:00"):
            hurried.action_skip_wait()
            self.engine.tick()
        with freeze_time("2026-01-08 11:00:00"):
            self.engine.tick()
        reasons = [one.trace_ids.filtered(lambda trace: trace.visit == 1).reason for one in (waited, hurried)]
        self.assertEqual(reasons, [False, "Let through by hand."])

    def test_deleted_record_leaves_a_wait_for_its_date(self):
        lead = self.env["crm.lead"].create({"name": "Lead", "date_deadline": "2026-01-10"})
        participant = self.wait(
            lead, "2026-01-05 11:00:00", wait_type="field", wait_field_id=self.field("date_deadline")
        )
        lead.unlink()
        with freeze_time("2026-01-11 00:00:00"):
            self.engine.tick()
        self.assertEqual(participant.state, "exited")

    def test_more_than_50_years_is_refused(self):
        for values in (
            {"wait_value": 51 * 12, "wait_unit": "months"},
            {"wait_type": "date", "wait_date": "2099-01-01 00:00:00"},
            {"wait_type": "field", "wait_field_id": self.field("date_deadline"), "wait_offset_value": 2000000},
        ):
            journey = self.make_journey("crm.lead", [("id", "=", 0)], [{"kind": "wait", **values}], publish=False)
            self.assertIn("Step 1: The waiting time is too long.", journey._get_publish_errors())
        lead = self.env["crm.lead"].create({"name": "Lead", "date_deadline": "9999-12-31"})
        participant = self.wait(
            lead, "2026-01-05 11:00:00", wait_type="field", wait_field_id=self.field("date_deadline")
        )
        self.assertEqual(participant.state, "failed")

    def test_field_must_be_a_date_of_the_participants(self):
        for field in (False, self.field("name"), self.field("create_date", "res.partner")):
            journey = self.make_journey(
                "crm.lead",
                [("id", "=", 0)],
                [{"kind": "wait", "wait_type": "field", "wait_field_id": field}],
                publish=False,
            )
            self.assertTrue(journey._get_publish_errors(), field)
