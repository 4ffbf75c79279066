# Quiet hours by the recipient's clock: who is held, until when, through changes of the clock, and a smooth release.
from datetime import datetime, timedelta

from odoo.tests import TransactionCase, tagged

from ..models.mailing.mailing_quiet import Quiet
from .common_journey import BODY, JourneyCase


@tagged("post_install", "-at_install")
class TestQuietClock(TransactionCase):
    def assertRelease(self, quiet, tz, moment, expected):
        self.assertEqual(quiet.get_release(moment, tz), expected)

    def test_over_midnight_and_within_a_day(self):
        night = Quiet(21.0, 8.0, False)
        self.assertRelease(night, "UTC", datetime(2026, 3, 10, 20, 59, 59), None)
        self.assertRelease(night, "UTC", datetime(2026, 3, 10, 21), datetime(2026, 3, 11, 8))
        self.assertRelease(night, "UTC", datetime(2026, 3, 11, 7, 59), datetime(2026, 3, 11, 8))
        self.assertRelease(night, "UTC", datetime(2026, 3, 11, 8), None)
        lunch = Quiet(12.5, 13.5, False)
        self.assertRelease(lunch, "UTC", datetime(2026, 3, 10, 12, 29), None)
        self.assertRelease(lunch, "UTC", datetime(2026, 3, 10, 12, 30), datetime(2026, 3, 10, 13, 30))

    def test_each_zone_has_its_own_hours(self):
        night = Quiet(21.0, 8.0, False)
        moment = datetime(2026, 1, 15, 14)
        self.assertRelease(night, "Asia/Tokyo", moment, datetime(2026, 1, 15, 23))
        self.assertRelease(night, "America/Los_Angeles", moment, datetime(2026, 1, 15, 16))
        self.assertRelease(night, "Europe/Paris", moment, None)

    def test_weekends(self):
        weekend = Quiet(0.0, 0.0, True)
        friday = datetime(2026, 3, 13, 22, 59)
        self.assertRelease(weekend, "Europe/Paris", friday, None)
        self.assertRelease(weekend, "Europe/Paris", friday + timedelta(minutes=1), datetime(2026, 3, 15, 23))
        both = Quiet(21.0, 8.0, True)
        self.assertRelease(both, "Europe/Paris", friday, datetime(2026, 3, 16, 7))

    def test_changes_of_the_clock(self):
        """In Paris, 2:00 is followed by 3:00 on 29 March 2026, and 2:59 by 2:00 on 25 October 2026."""
        night = Quiet(21.0, 8.0, False)
        self.assertRelease(night, "Europe/Paris", datetime(2026, 3, 27, 22), datetime(2026, 3, 28, 7))
        self.assertRelease(night, "Europe/Paris", datetime(2026, 3, 28, 22), datetime(2026, 3, 29, 6))
        self.assertRelease(night, "Europe/Paris", datetime(2026, 10, 23, 22), datetime(2026, 10, 24, 6))
        self.assertRelease(night, "Europe/Paris", datetime(2026, 10, 24, 22), datetime(2026, 10, 25, 7))
        # the end of the quiet hours is skipped by the clock: the first moment after it
        self.assertRelease(
            Quiet(21.0, 2.5, False), "Europe/Paris", datetime(2026, 3, 28, 23), datetime(2026, 3, 29, 1, 30)
        )

    def test_nothing_but_quiet_holds_nobody_for_ever(self):
        self.assertRelease(Quiet(8.0, 8.0, False), "UTC", datetime(2026, 3, 10, 9), None)


@tagged("post_install", "-at_install")
class TestMailingQuiet(JourneyCase):
    night = datetime(2026, 1, 15, 23)  # a Thursday, midnight in Paris
    morning = datetime(2026, 1, 16, 7)

    def setUp(self):
        super().setUp()
        self.env["ir.config_parameter"].set_param("crm_buying_journey.quiet_spread", "0")
        (self.brandon + self.colleen).tz = "Europe/Paris"

    def set_general(self, **values):
        for name, value in ({"on": "True", "from": "21.0", "to": "8.0"} | values).items():
            self.env["ir.config_parameter"].set_param(f"crm_buying_journey.quiet_{name}", value)

    def journey_of(self, records, **values):
        steps = [{"kind": "email", **values.pop("step", {})}, {"kind": "end"}]
        return self.make_journey(records._name, [("id", "in", records.ids)], steps, **values)

    def mails_of(self, journey):
        return self.env["mail.mail"].search([("mailing_id", "in", journey.node_ids.mailing_id.ids)])

    def tick_at(self, moment):
        with self.mock_datetime_and_now(moment):
            self.engine.tick()
            self.env.flush_all()

    def test_held_and_released(self):
        self.set_general()
        self.brandon.tz = "America/Los_Angeles"  # afternoon there
        with self.mock_datetime_and_now(self.night):
            journey = self.journey_of(self.brandon + self.colleen)
        self.tick_at(self.night)
        self.assertEqual(self.mails_of(journey).recipient_ids, self.brandon)
        held = journey.participant_ids.filtered(lambda participant: participant.state == "active")
        self.assertEqual(held.res_id, self.colleen.id)
        self.assertEqual(held.due_at, self.morning)
        self.assertEqual(held.trace_ids.mapped("state"), ["waiting"])
        self.assertEqual(held.trace_ids.reason, "The mail is held until the quiet hours are over.")
        self.tick_at(self.morning - timedelta(minutes=1))
        self.assertEqual(len(self.mails_of(journey)), 1)
        self.tick_at(self.morning)
        self.assertEqual(self.mails_of(journey).recipient_ids, self.brandon + self.colleen)
        self.assertEqual(held.state, "completed")

    def test_time_zones_by_contact_country_and_company(self):
        Quiet = self.env["mailing.quiet"]
        us, br = self.env.ref("base.us"), self.env.ref("base.br")
        partners = self.env["res.partner"].create(
            [
                {"name": "Own", "tz": "Asia/Tokyo", "country_id": us.id},
                {"name": "Country", "tz": False, "country_id": br.id},
                {"name": "None", "tz": False},
            ]
        )
        self.assertEqual(
            list(Quiet._get_timezones(partners, "Europe/Oslo").values()),
            ["Asia/Tokyo", "America/Sao_Paulo", "Europe/Oslo"],
        )
        leads = self.env["crm.lead"].create(
            [
                {"name": "By contact", "partner_id": partners[0].id},
                {"name": "By its own country", "email_from": "x@example.com", "country_id": us.id},
            ]
        )
        self.assertEqual(list(Quiet._get_timezones(leads, "Europe/Oslo").values()), ["Asia/Tokyo", "America/New_York"])
        journey = self.journey_of(self.brandon)
        journey.company_id.partner_id.write({"tz": False, "country_id": self.env.ref("base.jp").id})
        self.assertEqual(journey._get_quiet_timezone(), "Asia/Tokyo")
        journey.quiet_tz = "Europe/Oslo"
        self.assertEqual(journey._get_quiet_timezone(), "Europe/Oslo")

    def test_cap_and_expiry_are_asked_at_the_release(self):
        self.set_general()
        with self.mock_datetime_and_now(self.night):
            journey = self.journey_of(self.brandon)
            late = self.make_journey(
                "res.partner", [("id", "=", self.brandon.id)], [{"kind": "email"}, {"kind": "end"}], publish=False
            )
            late.node_ids.mailing_id.write({"expiry_type": "after", "expiry_value": 6, "expiry_unit": "hours"})
            late.with_user(self.manager).action_publish()
        self.tick_at(self.night)
        self.env["ir.config_parameter"].set_param("crm_buying_journey.cap_week", "1")
        with self.mock_datetime_and_now(self.night + timedelta(hours=1)):
            other = self.journey_of(self.brandon, quiet_mode="none")
            self.engine.tick()
        self.assertEqual(len(self.mails_of(other)), 1)
        self.tick_at(self.morning)
        self.assertFalse(self.mails_of(journey) + self.mails_of(late))
        self.assertEqual(journey.participant_ids.trace_ids.sorted("id")[0].reason, "Frequency cap reached")
        self.assertEqual(late.participant_ids.trace_ids.sorted("id")[0].reason, "Message expired")

    def test_released_smoothly(self):
        self.set_general(spread="60")
        people = self.env["res.partner"].create(
            [{"name": f"P {n}", "email": f"quiet{n}@example.com", "tz": "Europe/Paris"} for n in range(120)]
        )
        with self.mock_datetime_and_now(self.night):
            journey = self.journey_of(people)
        self.tick_at(self.night)
        due = journey.participant_ids.mapped("due_at")
        self.assertGreaterEqual(min(due), self.morning)
        self.assertLess(max(due), self.morning + timedelta(hours=1))
        quarters = [sum(i <= (d - self.morning).seconds // 900 < i + 1 for d in due) for i in range(4)]
        self.assertGreater(min(quarters), 15, "no burst")
        self.tick_at(self.night + timedelta(hours=1))
        self.assertEqual(journey.participant_ids.mapped("due_at"), due, "each keeps its moment")

    def test_group_with_members_in_two_zones(self):
        """Who may be written to gets the mail now; the participant goes on when the last one has got it, once."""
        self.set_general()
        self.brandon.tz = "America/Los_Angeles"
        with self.mock_datetime_and_now(self.night):
            journey = self.journey_of(self.group)
        self.tick_at(self.night)
        self.assertEqual(self.mails_of(journey).recipient_ids, self.brandon)
        self.assertEqual(journey.participant_ids.state, "active")
        self.tick_at(self.morning)
        self.assertEqual(sorted(self.mails_of(journey).mapped("recipient_ids.id")), (self.brandon + self.colleen).ids)
        self.assertEqual(len(self.mails_of(journey)), 2)
        self.assertEqual(journey.participant_ids.state, "completed")
        self.assertEqual(journey.participant_ids.trace_ids.sorted("id")[0].reason, "Recipients mailed: 2")

    def test_own_hours_none_operational_and_by_hand(self):
        self.set_general(on="False")
        with self.mock_datetime_and_now(self.night):
            own = self.journey_of(self.brandon, quiet_mode="own", quiet_from=22.0, quiet_to=6.0)
            general = self.journey_of(self.brandon)
            operational = self.journey_of(self.brandon, quiet_mode="own", publish=False)
            operational.node_ids.mailing_id.with_user(self.manager).is_operational = True
            operational.with_user(self.manager).action_publish()
        self.tick_at(self.night)
        self.assertEqual(own.participant_ids.due_at, datetime(2026, 1, 16, 5))
        self.assertEqual(len(self.mails_of(general) + self.mails_of(operational)), 2)
        with self.mock_datetime_and_now(self.night + timedelta(minutes=5)):
            own.participant_ids.with_user(self.manager).action_skip_wait()
            self.engine.tick()
        self.assertEqual(len(self.mails_of(own)), 1, "a manager may let somebody go on now")

    def test_one_off_mailings_wait_in_the_outbox(self):
        self.set_general()
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "One-off",
                "mailing_type": "mail",
                "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                "mailing_domain": str([("id", "in", (self.brandon + self.colleen).ids)]),
                "body_html": BODY,
            }
        )
        self.brandon.tz = "America/Los_Angeles"
        with self.mock_datetime_and_now(self.night), self.mock_mail_gateway():
            mailing.action_send_mail()
            mails = self.env["mail.mail"].search([("mailing_id", "=", mailing.id)])
            self.env["mail.mail"].process_email_queue(email_ids=mails.ids)
        self.assertEqual([mail["email_to"] for mail in self._mails], [['"Brandon Freeman" <brandon.test@example.com>']])
        waiting = mails.exists().filtered(lambda mail: mail.state == "outgoing")
        self.assertEqual(waiting.recipient_ids, self.colleen)
        with self.mock_datetime_and_now(self.morning + timedelta(seconds=2)), self.mock_mail_gateway():
            self.env["mail.mail"].process_email_queue(email_ids=waiting.ids)
        self.assertEqual(len(self._mails), 1)
