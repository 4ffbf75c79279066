# Entry: re-entry, activities, dates, by hand, members of a solution's groups.
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .common_journey import JourneyCase

START = fields.Datetime.to_datetime("2027-03-01 10:00:00")
END_STEP = ({"kind": "end"},)


@tagged("post_install", "-at_install")
class TestJourneyEntry(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = cls.brandon + cls.colleen

    def make_on_people(self, steps=END_STEP, at=START, people=None, **values):
        """A journey of the two people, published at a time, by the manager."""
        with freeze_time(at):
            return self.make_journey("res.partner", [("id", "in", (people or self.people).ids)], steps, **values)

    def tick(self, at):
        with freeze_time(at):
            self.engine.tick()

    def entries_of(self, journey, record):
        entries = journey.participant_ids.filtered(lambda entry: entry.res_id == record.id)
        return sorted(entries.mapped("entry"))

    def log(self, code, person, at):
        return self.env["engagement.activity.type"].log(code, person, date=at)

    def type_of(self, code):
        return self.env["engagement.activity.type"].search([("code", "=", code)])

    # Re-entry

    def test_without_reentry_nobody_enters_twice(self):
        journey = self.make_on_people()
        self.tick(START)
        self.tick(START + timedelta(days=400))
        self.assertEqual(self.entries_of(journey, self.brandon), [1])

    def test_reentry_counts_from_the_end_of_the_former_entry(self):
        wait = [{"kind": "wait", "wait_value": 3}, {"kind": "end"}]
        journey = self.make_on_people(wait, reentry="end", reentry_delay=2, reentry_unit="days")
        self.tick(START)
        self.tick(START + timedelta(days=3))
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
        self.tick(START + timedelta(days=4, hours=23))
        self.assertEqual(self.entries_of(journey, self.brandon), [1])
        self.tick(START + timedelta(days=5))
        self.assertEqual(self.entries_of(journey, self.brandon), [1, 2])

    def test_reentry_counts_from_the_start_of_the_former_entry(self):
        wait = [{"kind": "wait", "wait_value": 3}, {"kind": "end"}]
        journey = self.make_on_people(wait, reentry="start", reentry_delay=4, reentry_unit="days")
        self.tick(START)
        self.tick(START + timedelta(days=3))
        self.assertEqual(self.entries_of(journey, self.brandon), [1])
        self.tick(START + timedelta(days=4))
        self.assertEqual(self.entries_of(journey, self.brandon), [1, 2])

    def test_whoever_is_inside_does_not_enter_again(self):
        wait = [{"kind": "wait", "wait_value": 30}, {"kind": "end"}]
        journey = self.make_on_people(wait, reentry="start", reentry_delay=1, reentry_unit="hours")
        self.tick(START)
        self.tick(START + timedelta(days=10))
        self.assertEqual(self.entries_of(journey, self.brandon), [1])

    def test_reentry_limit_counts_all_entries(self):
        journey = self.make_on_people(reentry="end", reentry_delay=0, reentry_limit=2)
        for hours in range(5):
            self.tick(START + timedelta(hours=hours))
        self.assertEqual(self.entries_of(journey, self.brandon), [1, 2])

    def test_negative_delays_are_refused(self):
        journey = self.make_on_people(publish=False)
        for name in ("reentry_delay", "reentry_limit", "date_offset"):
            with self.assertRaisesRegex(UserError, "cannot be negative"):
                journey.with_user(self.marketer).write({name: -1})

    def test_way_in_of_a_published_journey_stays(self):
        journey = self.make_on_people()
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            journey.with_user(self.manager).entry_type = "manual"

    # Activities

    def test_whoever_does_it_enters(self):
        journey = self.make_on_people(entry_type="activity", trigger_type_ids=self.type_of("form_filled").ids)
        self.log("form_filled", self.brandon, START + timedelta(hours=1))
        self.log("page_viewed", self.colleen, START + timedelta(hours=1))
        self.tick(START + timedelta(hours=2))
        self.assertEqual(journey.participant_ids.mapped("res_id"), self.brandon.ids)
        self.log("form_filled", self.colleen, START + timedelta(hours=3))
        self.tick(START + timedelta(hours=4))
        self.assertEqual(sorted(journey.participant_ids.mapped("res_id")), sorted(self.people.ids))

    def test_an_activity_wakes_the_engine(self):
        cron = self.env.ref("crm_buying_journey.ir_cron_journey_engine")
        types = self.type_of("interesting_moment")
        self.make_on_people(at=fields.Datetime.now(), entry_type="activity", trigger_type_ids=types.ids)
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        triggers.unlink()
        for code, count in (("page_viewed", 0), ("interesting_moment", 1)):
            self.log(code, self.brandon, fields.Datetime.now())
            self.assertEqual(triggers.search_count([("cron_id", "=", cron.id)]), count)

    def test_what_was_done_too_early_stays_too_early(self):
        journey = self.make_on_people(
            entry_type="activity",
            trigger_type_ids=self.type_of("form_filled").ids,
            reentry="end",
            reentry_delay=5,
        )
        self.log("form_filled", self.brandon, START + timedelta(hours=1))
        self.tick(START + timedelta(hours=2))
        self.log("form_filled", self.brandon, START + timedelta(days=4))
        self.tick(START + timedelta(days=6))
        self.assertEqual(self.entries_of(journey, self.brandon), [1])
        self.log("form_filled", self.brandon, START + timedelta(days=6))
        self.tick(START + timedelta(days=6))
        self.assertEqual(self.entries_of(journey, self.brandon), [1, 2])

    def test_what_happened_before_publishing_or_outside_the_audience_lets_nobody_in(self):
        self.log("form_filled", self.brandon, START - timedelta(hours=1))
        journey = self.make_on_people(
            people=self.brandon, entry_type="activity", trigger_type_ids=self.type_of("form_filled").ids
        )
        self.log("form_filled", self.colleen, START + timedelta(hours=1))
        self.tick(START + timedelta(hours=2))
        self.assertFalse(journey.participant_ids)

    def test_what_a_machine_did_lets_nobody_in(self):
        journey = self.make_on_people(entry_type="activity", trigger_type_ids=self.type_of("email_opened").ids)
        self.log("email_opened", self.brandon, START + timedelta(hours=1)).sudo().is_automatic = True
        self.tick(START + timedelta(hours=2))
        self.assertFalse(journey.participant_ids)

    def test_an_activity_lets_in_again_only_if_it_came_after_the_former_entry_ended(self):
        journey = self.make_on_people(
            [{"kind": "wait", "wait_value": 1}, {"kind": "end"}],
            entry_type="activity",
            trigger_type_ids=self.type_of("form_filled").ids,
            reentry="end",
            reentry_delay=0,
        )
        self.log("form_filled", self.brandon, START + timedelta(hours=1))
        self.tick(START + timedelta(hours=2))
        self.log("form_filled", self.brandon, START + timedelta(hours=3))  # inside
        self.tick(START + timedelta(hours=26))
        self.tick(START + timedelta(hours=27))
        self.assertEqual(self.entries_of(journey, self.brandon), [1])
        self.log("form_filled", self.brandon, START + timedelta(hours=28))
        self.tick(START + timedelta(hours=29))
        self.assertEqual(self.entries_of(journey, self.brandon), [1, 2])

    def test_groups_and_accounts_enter_by_their_people(self):
        types = self.type_of("form_filled").ids
        values = {"entry_type": "activity", "trigger_type_ids": types}
        with freeze_time(START):
            groups = self.make_journey("buying.group", [("id", "=", self.group.id)], END_STEP, **values)
            accounts = self.make_journey("res.partner", [("id", "=", self.account.id)], END_STEP, **values)
        self.log("form_filled", self.brandon, START + timedelta(hours=1))
        self.tick(START + timedelta(hours=2))
        self.assertEqual(groups.participant_ids.mapped("res_id"), self.group.ids)
        self.assertEqual(accounts.participant_ids.mapped("res_id"), self.account.ids)

    def test_watermark_moves_but_looks_at_the_last_hour_again(self):
        journey = self.make_on_people(entry_type="activity", trigger_type_ids=self.type_of("form_filled").ids)
        old = self.log("form_filled", self.colleen, START)
        self.env.flush_all()
        self.env.cr.execute("UPDATE engagement_activity SET create_date = '2020-01-01' WHERE id = %s", [old.id])
        recent = self.log("form_filled", self.brandon, START)
        self.tick(START + timedelta(hours=1))
        self.assertGreaterEqual(journey.entry_watermark, old.id)
        self.assertLess(journey.entry_watermark, recent.id)

    def test_publishing_asks_for_activities(self):
        with self.assertRaisesRegex(UserError, "Choose the activities"):
            self.make_on_people(entry_type="activity")

    # Dates

    def field(self, name, model="crm.lead"):
        return self.env["ir.model.fields"]._get(model, name).id

    def make_on_leads(self, deadline, at=START, steps=END_STEP, **values):
        lead = self.env["crm.lead"].create(
            {"name": "Robots", "date_deadline": deadline, "email_from": "a@example.com", "user_id": self.manager.id}
        )
        with freeze_time(at):
            journey = self.make_journey(
                "crm.lead",
                [("id", "=", lead.id)],
                steps,
                entry_type="date",
                date_field_id=self.field("date_deadline"),
                **values,
            )
        return lead, journey

    def test_enters_days_before_a_date(self):
        _lead, journey = self.make_on_leads("2027-03-10", date_side="before", date_offset=3)
        self.tick("2027-03-06 23:00:00")
        self.assertFalse(journey.participant_ids)
        self.tick("2027-03-07 00:30:00")
        self.assertEqual(len(journey.participant_ids), 1)
        self.tick("2027-03-08 00:30:00")
        self.assertEqual(len(journey.participant_ids), 1)

    def test_enters_days_after_a_date(self):
        _lead, journey = self.make_on_leads("2027-02-27", date_side="after", date_offset=5)
        self.tick("2027-03-03 12:00:00")
        self.assertFalse(journey.participant_ids)
        self.tick("2027-03-04 12:00:00")
        self.assertEqual(len(journey.participant_ids), 1)

    def test_a_late_scheduled_action_still_lets_in_but_not_long_after(self):
        _lead, journey = self.make_on_leads("2027-03-10")
        self.tick("2027-03-12 12:00:00")
        self.assertEqual(len(journey.participant_ids), 1)
        _lead, journey = self.make_on_leads("2027-03-10")
        self.tick("2027-03-13 12:00:00")
        self.assertFalse(journey.participant_ids)

    def test_what_a_standstill_missed_is_made_up_for(self):
        lead, journey = self.make_on_leads("2027-03-10")
        self.tick("2027-03-03 12:00:00")
        self.assertFalse(journey.participant_ids)
        self.tick("2027-03-20 12:00:00")
        self.assertEqual(self.entries_of(journey, lead), [1])
        self.tick("2027-03-21 12:00:00")
        self.assertEqual(self.entries_of(journey, lead), [1], "once")

    def test_what_a_pause_missed_stays_out(self):
        _lead, journey = self.make_on_leads("2027-03-10")
        self.tick("2027-03-03 12:00:00")
        journey.action_pause()
        self.tick("2027-03-10 12:00:00")
        journey.action_resume()
        self.tick("2027-03-20 12:00:00")
        self.assertFalse(journey.participant_ids)

    def test_a_date_before_publishing_lets_nobody_in(self):
        _lead, journey = self.make_on_leads("2027-02-28")
        self.tick("2027-03-01 12:00:00")
        self.assertFalse(journey.participant_ids)

    def test_anniversary_comes_each_year_but_not_on_the_date_itself(self):
        lead, journey = self.make_on_leads("2027-03-05", date_yearly=True)
        self.tick("2027-03-05 12:00:00")
        self.assertFalse(journey.participant_ids)
        for day in ("2028-03-05 12:00:00", "2028-03-06 12:00:00", "2029-03-05 12:00:00"):
            self.tick(day)
        self.assertEqual(self.entries_of(journey, lead), [1, 2])

    def test_leap_day_is_celebrated_on_the_28th(self):
        lead, journey = self.make_on_leads("2024-02-29", date_yearly=True)
        for day in ("2028-02-28 12:00:00", "2028-02-29 12:00:00"):
            self.tick(day)
        self.assertEqual(fields.Date.to_string(journey.participant_ids.entered_at), "2028-02-29")
        self.tick("2029-02-28 12:00:00")
        self.assertEqual(self.entries_of(journey, lead), [1, 2])

    def test_day_begins_in_the_time_zone_of_the_responsible(self):
        self.manager.tz = "Asia/Tokyo"
        _lead, journey = self.make_on_leads("2027-03-10")
        self.tick("2027-03-09 14:30:00")  # 23:30 in Tokyo
        self.assertFalse(journey.participant_ids)
        self.tick("2027-03-09 15:30:00")
        self.assertEqual(len(journey.participant_ids), 1)

    def test_moved_date_lets_in_again_only_with_reentry(self):
        lead, once = self.make_on_leads("2027-03-10")
        with freeze_time(START):
            again = once.copy({"reentry": "end", "user_id": self.manager.id})
            again.with_user(self.manager).action_publish()
        self.tick("2027-03-10 12:00:00")
        lead.date_deadline = "2027-03-20"
        self.tick("2027-03-20 12:00:00")
        self.assertEqual((self.entries_of(once, lead), self.entries_of(again, lead)), ([1], [1, 2]))

    def test_publishing_asks_for_a_date_field_of_the_model(self):
        journey = self.make_on_people(publish=False, entry_type="date", date_field_id=self.field("date_deadline"))
        with self.assertRaisesRegex(UserError, "Choose the date field"):
            journey.with_user(self.manager).action_publish()

    # By hand

    def test_added_by_hand_whatever_the_audience_says(self):
        journey = self.make_on_people(people=self.brandon, entry_type="manual")
        self.tick(START)
        self.assertFalse(journey.participant_ids)
        journey = journey.with_user(self.marketer)
        self.assertEqual(journey.add_records(self.people), 2)
        self.assertEqual(journey.add_records(self.people.ids), 0)
        self.assertEqual(len(journey.participant_ids), 2)

    def test_a_journey_that_lets_nobody_in_says_so(self):
        draft = self.make_on_people(publish=False)
        closed = self.make_on_people()
        closed.action_close()
        later = self.make_on_people(date_start=fields.Datetime.now() + timedelta(days=1))
        for journey in draft + closed + later:
            with self.assertRaisesRegex(UserError, "lets nobody in"):
                journey.with_user(self.marketer).add_records(self.people)

    def test_records_of_another_model_and_of_others_are_refused(self):
        journey = self.make_on_people()
        with self.assertRaisesRegex(UserError, "takes Contact"):
            journey.with_user(self.marketer).add_records(self.group)
        with self.assertRaises(AccessError):
            journey.with_user(self.salesperson).add_records(self.people)

    def test_what_the_responsible_may_not_read_stays_out(self):
        lead = self.env["crm.lead"].create({"name": "Not mine", "user_id": self.manager.id})
        self.salesperson.group_ids += self.env.ref("crm_buying_journey.group_user")
        journey = self.make_journey("crm.lead", [("id", "=", 0)], END_STEP, user=self.salesperson)
        self.assertEqual(journey.with_user(self.manager).add_records(lead), 0)

    def test_wizard_says_how_many_entered(self):
        journey = self.make_on_people(entry_type="manual")
        journey.add_records(self.brandon)
        wizard = (
            self.env["journey.add"]
            .with_user(self.marketer)
            .with_context(active_model="res.partner", active_ids=self.people.ids)
            .create({"journey_id": journey.id})
        )
        self.assertEqual(wizard.record_count, 2)
        action = wizard.action_confirm()
        self.assertRegex(action["params"]["message"], "Entered: 1. Not entered.*: 1")

    # Members

    def test_members_of_the_groups_of_a_solution_enter(self):
        former = self.env["res.partner"].create({"name": "Billy Fox", "parent_id": self.account.id})
        self.group.assign_member(former, self.role_champion)
        self.group.remove_member(former)
        other = self.env["buying.group"].create(
            {"solution_id": self.solution.copy().id, "partner_id": self.other_account.id}
        )
        gemini = self.env["res.partner"].create({"name": "Edwin Hansen", "parent_id": self.other_account.id})
        other.assign_member(gemini, self.role_champion)
        journey = self.make_journey("res.partner", [], END_STEP, solution_id=self.solution.id)
        self.engine.tick()
        self.assertEqual(sorted(journey.participant_ids.mapped("res_id")), sorted(self.people.ids))
