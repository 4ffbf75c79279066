# Mails that expire by a date of the record: whose date, when its day is over, and who may use it.
from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_mailing_cc_slots import CopyCase


@tagged("post_install", "-at_install")
class TestMailingExpiry(CopyCase):
    def field(self, name, model="crm.lead"):
        return self.env["ir.model.fields"]._get(model, name)

    def by_field(self, name="date_deadline", value=0, unit="days", direction="before", model="crm.lead"):
        return {
            "expiry_type": "field",
            "expiry_field_id": self.field(name, model).id,
            "expiry_value": value,
            "expiry_unit": unit,
            "expiry_direction": direction,
        }

    def make_step(self, leads, publish=True, **expiry):
        journey = self.make_journey("crm.lead", [("id", "in", leads.ids)], [{"kind": "email"}], publish=False)
        journey.node_ids.mailing_id.write(expiry or self.by_field())
        if publish:
            journey.with_user(self.manager).action_publish()
        return journey

    def reasons_of(self, journey):
        return {trace.participant_id.res_id: trace.reason for trace in journey.participant_ids.trace_ids}

    def test_the_day_lasts_until_it_is_over_where_the_responsible_lives(self):
        (lead,) = self.make_leads(1, date_deadline=date(2026, 3, 10))
        journey = self.make_step(lead, publish=False)
        mailing = journey.node_ids.mailing_id
        turn = datetime(2026, 1, 1)
        for tz, over in (
            ("Europe/Brussels", datetime(2026, 3, 10, 23)),
            ("America/New_York", datetime(2026, 3, 11, 4)),
        ):
            self.manager.tz = tz
            self.assertEqual(mailing._get_expiry(turn, lead), over, tz)
        for change, over in (
            ({"expiry_value": 1}, datetime(2026, 3, 10, 4)),
            ({"expiry_value": 2, "expiry_unit": "hours"}, datetime(2026, 3, 11, 2)),
            # the clock goes forward on 8 March: two days before is midnight there all the same
            ({"expiry_value": 3, "expiry_unit": "days"}, datetime(2026, 3, 8, 5)),
            ({"expiry_value": 1, "expiry_unit": "weeks", "expiry_direction": "after"}, datetime(2026, 3, 18, 4)),
        ):
            mailing.write(change)
            self.assertEqual(mailing._get_expiry(turn, lead), over, change)

    def test_a_moment_is_taken_as_it_is(self):
        (lead,) = self.make_leads(1, date_closed=datetime(2026, 3, 10, 12))
        mailing = self.make_step(lead, publish=False, **self.by_field("date_closed")).node_ids.mailing_id
        self.assertEqual(mailing._get_expiry(datetime(2026, 1, 1), lead), datetime(2026, 3, 10, 12))
        mailing.write({"expiry_value": 90, "expiry_unit": "hours", "expiry_direction": "after"})
        self.assertEqual(mailing._get_expiry(datetime(2026, 1, 1), lead), datetime(2026, 3, 14, 6))

    def test_a_date_out_of_all_reach_is_no_error(self):
        (lead,) = self.make_leads(1, date_deadline=date(9999, 12, 30))
        mailing = self.make_step(
            lead, publish=False, **self.by_field(value=5_000_000, direction="after")
        ).node_ids.mailing_id
        self.assertEqual(mailing._get_expiry(datetime(2026, 1, 1), lead), datetime.max)
        mailing.expiry_direction = "before"
        self.assertLess(mailing._get_expiry(datetime(2026, 1, 1), lead), datetime(2026, 1, 1))

    def test_a_step_skips_who_comes_too_late_and_goes_on(self):
        today = fields.Date.today()
        late, still, without = self.make_leads(3)
        late.date_deadline = today - timedelta(days=2)
        still.date_deadline = today + timedelta(days=2)
        journey = self.make_step(late + still + without)
        self.engine.tick()
        self.assertEqual(
            self.reasons_of(journey),
            {late.id: "Message expired", still.id: "Recipients mailed: 1", without.id: "Recipients mailed: 1"},
        )
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
        traces = journey.node_ids.mailing_id.mailing_trace_ids
        self.assertEqual(
            {trace.res_id: trace.failure_type for trace in traces if trace.trace_status == "cancel"},
            {late.id: "mail_expired"},
        )

    def test_people_go_by_the_date_of_the_participant(self):
        field = self.field("create_date", "buying.group")
        journey = self.make_journey("buying.group", [("id", "=", self.group.id)], [{"kind": "email"}], publish=False)
        mailing = journey.node_ids.mailing_id
        self.assertEqual((mailing.mailing_model_real, mailing.expiry_model_name), ("res.partner", "buying.group"))
        mailing.write(self.by_field("create_date", 1, "hours", "after", "buying.group"))
        self.assertEqual(mailing.expiry_field_id, field)
        self.env.cr.execute(
            "UPDATE buying_group SET create_date = %s WHERE id = %s",
            (fields.Datetime.now() - timedelta(hours=2), self.group.id),
        )
        self.group.invalidate_recordset()
        journey.with_user(self.manager).action_publish()
        preflight = self.env["mailing.preflight"].with_user(self.manager)
        preflight = preflight.create({"mailing_id": mailing.id, "node_id": journey.node_ids.id})
        self.assertEqual((preflight.matched_count, preflight.excluded_count, preflight.sent_count), (2, 2, 0))
        self.engine.tick()
        self.assertEqual(set(mailing.mailing_trace_ids.mapped("failure_type")), {"mail_expired"})
        self.assertEqual(len(mailing.mailing_trace_ids), 2)

    def test_one_off_mailings_and_their_preflight(self):
        late, still = self.make_leads(2)
        late.date_deadline = fields.Date.today() - timedelta(days=2)
        blocked = self.make_leads(1, email_from="blocked@example.com", date_deadline=late.date_deadline)
        self.env["mail.blacklist"]._add("blocked@example.com")
        mailing = self.make_mailing([], late + still + blocked, **self.by_field())
        preflight = self.env["mailing.preflight"].create({"mailing_id": mailing.id})
        self.assertEqual(
            {line.code: line.count for line in preflight.line_ids},
            {"matched": 3, "blacklisted": 1, "expired": 1, "going": 1},
        )
        mailing.action_send_mail()
        self.assertEqual(
            {trace.res_id: trace.failure_type for trace in mailing.mailing_trace_ids},
            {late.id: "mail_expired", still.id: False, blocked.id: "mail_bl"},
        )

    def test_a_date_of_other_records_is_found_before_launch(self):
        lead = self.make_leads(1)
        mailing = self.make_mailing([], lead)
        mailing.write(self.by_field("create_date", model="res.partner"))
        with self.assertRaisesRegex(UserError, "Created on, is no date of these records"):
            mailing.action_launch()
        journey = self.make_step(lead, publish=False, **self.by_field("create_date", model="res.partner"))
        with self.assertRaisesRegex(UserError, "is no date of these records"):
            journey.with_user(self.manager).action_publish()
        with self.assertRaisesRegex(UserError, "Choose the date"):
            mailing.expiry_field_id = False

    def test_a_field_that_was_removed_sends_nothing_late(self):
        custom = self.env["ir.model.fields"].create(
            {
                "name": "x_offer_until",
                "field_description": "Offer Until",
                "model_id": self.env["ir.model"]._get_id("crm.lead"),
                "ttype": "date",
            }
        )
        lead = self.make_leads(1)
        journey = self.make_step(lead, **self.by_field("x_offer_until"))
        custom.unlink()
        self.engine.tick()
        self.assertEqual(self.reasons_of(journey), {lead.id: "Message expired"})

    def test_nobody_uses_a_date_that_they_may_not_read(self):
        lead = self.make_leads(1)
        mailing = self.make_mailing([], lead).with_user(self.marketer)
        self.patch(self.env["crm.lead"]._fields["date_deadline"], "groups", "base.group_system")
        with self.assertRaises(AccessError):
            mailing.write(self.by_field())
        with self.assertRaises(AccessError):
            self.env["mailing.mailing"].with_user(self.marketer).create(
                {"subject": "Offer", "mailing_model_id": mailing.mailing_model_id.id, **self.by_field()}
            )
        # nor does a journey whose responsible user may not
        journey = self.make_step(lead, publish=False)
        with self.assertRaisesRegex(UserError, "Marc Demo may not read Expected Closing"):
            journey.with_user(self.manager).action_publish()

    def test_arms_of_a_test_expire_together(self):
        leads = self.make_leads(6)
        leads[:2].date_deadline = fields.Date.today() - timedelta(days=2)
        mailing = self.make_mailing([], leads).with_user(self.marketer)
        mailing.action_create_ab_test()
        test = mailing.ab_test_id
        test.arm_ids[1].subject = "Another offer"
        test.write({"min_sample": 2})
        mailing.write(
            self.by_field() | {"topic_id": self.env["mailing.list"].create({"name": "N", "is_public": True}).id}
        )
        test.write({"test_percent": 50, "holdout_percent": 25})
        preflight = self.env["mailing.preflight"].with_user(self.marketer).create({"mailing_id": mailing.id})
        self.assertEqual(
            preflight.test_note,
            "A/B test: 2 get one of 2 arms at once, 1 wait for the decision, and 1 get no mail at all.",
        )
        test.write({"test_percent": 100, "holdout_percent": 0})
        mailing.action_launch()
        test.sudo()._start()
        for name in ("expiry_type", "expiry_field_id", "topic_id"):
            self.assertEqual(test.arm_ids[1].mailing_id[name], mailing[name])
        rows = self.env["mailing.ab.allocation"].search([("test_id", "=", test.id)])
        self.assertEqual(
            {row.res_id for row in rows if (row.state, row.reason) == ("excluded", "expired")}, set(leads[:2].ids)
        )
        self.assertEqual(len(rows.filtered(lambda row: row.state == "assigned")), 4)
        with self.assertRaisesRegex(UserError, "being tested"):
            mailing.expiry_value = 5

    def test_what_expires_while_it_waits_does_not_leave(self):
        late, still, without = self.make_leads(3)
        late.date_deadline = fields.Date.today() + timedelta(days=2)
        still.date_deadline = fields.Date.today() + timedelta(days=9)
        journey = self.make_step(late + still + without)
        mailing = journey.node_ids.mailing_id
        self.engine.tick()
        journey.with_user(self.manager).action_pause()
        with self.mock_mail_gateway(), freeze_time(fields.Datetime.now() + timedelta(days=4)):
            self.env["mail.mail"]._send_outbox()
            self.assertFalse(self._mails)
            journey.with_user(self.manager).action_resume()
            self.env["mail.mail"]._send_outbox()
        self.assertEqual(sorted(mail["email_to"][0] for mail in self._mails), sorted(self.formatted(still + without)))
        traces = mailing.mailing_trace_ids.grouped("res_id")
        self.assertEqual((traces[late.id].trace_status, traces[late.id].failure_type), ("cancel", "mail_expired"))
        self.assertEqual((traces[still.id] + traces[without.id]).mapped("trace_status"), ["sent", "sent"])

    def formatted(self, leads):
        return [f'"{lead.name.replace("Lead", "Primary")}" <{lead.email_normalized}>' for lead in leads]

    def test_one_off_mailings_and_copies_that_wait_too_long(self):
        lead = self.make_leads(1)
        slots = [{"path": "user_id", "mode": "tracked"}]
        at = fields.Datetime.now() + timedelta(hours=2)
        mailing = self.make_mailing(slots, lead, expiry_type="date", expiry_date=at)
        self.env["ir.config_parameter"].set_param("mail.mail.force.send.limit", "0")
        mailing.action_send_mail()
        mails = self.env["mail.mail"].search([("mailing_id", "=", mailing.id)])
        self.assertEqual(mails.mapped("mailing_expires_at"), [at, at])
        with self.mock_mail_gateway(), freeze_time(at):
            self.env["mail.mail"].process_email_queue()
        self.assertFalse([mail for mail in self._mails if mail["subject"] == mailing.subject])
        self.assertEqual(mailing.mailing_trace_ids.failure_type, "mail_expired")
        self.assertEqual(self.copies_of(mailing).state, "cancelled")
