# Caps, expiry and duplicates: who gets no mail, why, and that everybody moves on.
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_journey import BODY, JourneyCase


@tagged("post_install", "-at_install")
class TestMailingRules(JourneyCase):
    def outgoing(self, journey):
        return self.env["mail.mail"].search(
            [("mailing_id", "in", journey.node_ids.mailing_id.ids), ("state", "=", "outgoing")]
        )

    def journey_of(self, records, steps=None, **values):
        return self.make_journey(
            records._name, [("id", "in", records.ids)], steps or [{"kind": "email"}, {"kind": "end"}], **values
        )

    def set_cap(self, window, number):
        self.env["ir.config_parameter"].set_param(f"crm_buying_journey.cap_{window}", number)

    def reasons_of(self, journey):
        return (
            journey.participant_ids.trace_ids.filtered(lambda trace: trace.node_id.kind == "email")
            .sorted("id")
            .mapped("reason")
        )

    def test_general_cap_counts_all_journeys_and_mailings(self):
        self.set_cap("day", 2)
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "One-off",
                "mailing_type": "mail",
                "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                "mailing_domain": str([("id", "in", self.brandon.ids)]),
                "body_html": BODY,
            }
        )
        mailing.action_send_mail()
        first, second = self.journey_of(self.brandon), self.journey_of(self.brandon)
        with self.mock_mail_gateway():
            self.engine.tick()
            self.env["mail.mail"].search([("state", "=", "outgoing"), ("mailing_id", "!=", False)]).send()
        self.assertEqual(len(self._mails), 2)
        self.assertEqual(self.reasons_of(first), ["Recipients mailed: 1"])
        self.assertEqual(self.reasons_of(second), ["Frequency cap reached"])
        self.assertEqual((first + second).participant_ids.mapped("state"), ["completed"] * 2, "everybody moves on")
        self.assertEqual(second.node_ids.mailing_id.mailing_trace_ids.failure_type, "mail_cap")
        again = mailing.copy()
        again.action_send_mail()
        self.assertEqual(again.mailing_trace_ids.mapped("failure_type"), ["mail_cap"])

    def test_windows_roll(self):
        """A mail counts for 24 hours, 7 days and 30 days from the moment it was sent."""
        mailing = self.journey_of(self.colleen).node_ids.mailing_id
        trace = self.env["mailing.trace"].create(
            {
                "mass_mailing_id": mailing.id,
                "model": "res.partner",
                "res_id": self.brandon.id,
                "email": "brandon.test@example.com",
                "trace_status": "sent",
            }
        )
        now = fields.Datetime.now()
        for window, days in (("day", 1), ("week", 7), ("month", 30)):
            self.env["ir.config_parameter"].search([("key", "=like", "crm_buying_journey.cap_%")]).unlink()
            self.set_cap(window, 1)
            for age, room in ((timedelta(days=days, minutes=-1), 0), (timedelta(days=days, minutes=1), 1)):
                trace.sent_datetime = now - age
                self.assertEqual(
                    self.env["mailing.cap"]._get_room(["brandon.test@example.com"]),
                    {"brandon.test@example.com": room},
                    f"{window} {age}",
                )
        trace.sent_datetime = now
        for values in ({"trace_status": "cancel"}, {"trace_status": "error"}, {"is_test_trace": True}):
            trace.write({"trace_status": "sent", "is_test_trace": False} | values)
            self.assertEqual(self.env["mailing.cap"]._get_room(["brandon.test@example.com"]).popitem()[1], 1, values)
        trace.write({"trace_status": "bounce", "is_test_trace": False})
        self.assertEqual(self.env["mailing.cap"]._get_room(["brandon.test@example.com"]).popitem()[1], 0)

    def test_cap_of_a_journey_counts_its_own_mails(self):
        self.journey_of(self.brandon)
        steps = [{"kind": "email"}, {"kind": "email"}, {"kind": "email"}, {"kind": "end"}]
        journey = self.journey_of(self.brandon, steps, cap_week=2)
        self.engine.tick()
        self.assertEqual(
            self.reasons_of(journey), ["Recipients mailed: 1", "Recipients mailed: 1", "Frequency cap reached"]
        )
        self.set_cap("month", 1)
        exempt = self.journey_of(self.brandon, use_general_caps=False)
        self.engine.tick()
        self.assertEqual(self.reasons_of(exempt), ["Recipients mailed: 1"])

    def test_operational_mails_neither_ask_nor_fill_caps(self):
        self.set_cap("day", 1)
        operational = self.make_journey(
            "res.partner", [("id", "=", self.brandon.id)], [{"kind": "email"}, {"kind": "end"}], publish=False
        )
        mailing = operational.node_ids.filtered("mailing_id").mailing_id
        mailing.with_user(self.manager).is_operational = True
        operational.with_user(self.manager).action_publish()
        self.engine.tick()
        commercial, refused = self.journey_of(self.brandon), self.journey_of(self.brandon)
        self.engine.tick()
        self.assertEqual(self.reasons_of(operational), ["Recipients mailed: 1"])
        self.assertEqual(self.reasons_of(commercial), ["Recipients mailed: 1"])
        self.assertEqual(self.reasons_of(refused), ["Frequency cap reached"])
        # a new version of the journey keeps what the manager said
        operational.with_user(self.marketer).action_edit()
        self.assertTrue(operational.draft_version_id.node_ids.mailing_id.is_operational)

    def test_refused_for_another_reason_uses_up_no_room(self):
        self.set_cap("day", 1)
        self.env["mail.blacklist"]._add(self.brandon.email)
        blocked, free = self.journey_of(self.brandon), self.journey_of(self.brandon + self.colleen)
        self.engine.tick()
        self.assertEqual(self.reasons_of(blocked), ["Blacklisted Address"])
        self.assertEqual(sorted(self.reasons_of(free)), ["Blacklisted Address", "Recipients mailed: 1"])

    def test_expired_mails_are_skipped(self):
        journey = self.make_journey(
            "res.partner",
            [("id", "in", (self.brandon + self.colleen).ids)],
            [{"kind": "email"}, {"kind": "end"}],
            publish=False,
        )
        journey.node_ids.mailing_id.write({"expiry_type": "after", "expiry_value": 2, "expiry_unit": "hours"})
        journey.with_user(self.manager).action_publish()
        self.engine._enrol()
        late = journey.participant_ids.filtered(lambda participant: participant.res_id == self.brandon.id)
        late.entered_at = fields.Datetime.now() - timedelta(hours=3)
        self.engine.tick()
        self.assertEqual(sorted(self.reasons_of(journey)), ["Message expired", "Recipients mailed: 1"])
        self.assertEqual(self.outgoing(journey).recipient_ids, self.colleen)
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})

    def test_same_address_once_until_through_or_always(self):
        leads = self.env["crm.lead"].create(
            [
                {"name": f"Lead {number}", "email_from": email}
                for number, email in enumerate(("one@example.com", '"One" <ONE@example.com>'))
            ]
        )
        wait = [{"kind": "email"}, {"kind": "wait", "wait_value": 2}, {"kind": "end"}]
        for mode, mails in (("once", 1), ("inside", 1), ("none", 2)):
            journey = self.journey_of(leads, wait, address_dedup=mode)
            self.engine.tick()
            self.assertEqual(len(self.outgoing(journey)), mails, mode)
        late = self.env["crm.lead"].create({"name": "Late", "email_from": "one@example.com"})
        for mode, mails in (("once", 1), ("inside", 2)):
            # through at once
            journey = self.journey_of(leads + late, address_dedup=mode)
            self.env["journey.participant"].create(
                {"journey_id": journey.id, "version_id": journey.current_version_id.id, "res_model": "crm.lead"}
                | {"res_id": late.id, "node_id": journey.node_ids[0].id, "due_at": fields.Datetime.now() + timedelta(1)}
            )
            self.engine.tick()
            self.assertEqual(len(self.outgoing(journey)), 1)
            self.env.flush_all()
            journey.participant_ids.filtered(
                lambda participant: participant.res_id == late.id
            ).due_at = fields.Datetime.now()
            self.engine.tick()
            self.assertEqual(len(self.outgoing(journey)), mails, mode)

    def test_only_managers_change_rules_of_live_journeys(self):
        journey = self.journey_of(self.brandon)
        with self.assertRaises(AccessError):
            journey.with_user(self.marketer).cap_day = 3
        journey.with_user(self.manager).cap_day = 3
        self.assertEqual(journey.cap_day, 3)
