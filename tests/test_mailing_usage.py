# Usage: what a month has mailed, copies included, and its limits.
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_mailing_cc_slots import CopyCase

SALES = "sales.person@example.com"


@tagged("post_install", "-at_install")
class TestMailingUsage(CopyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # other tests and the demo have mailed, too
        cls.env["mailing.trace"].search([]).unlink()
        cls.limit = cls.env["mailing.usage.limit"]

    def set_limit(self, kind, what, number):
        self.env["ir.config_parameter"].set_param(f"crm_buying_journey.usage_{kind}_{what}", str(number))

    def send_mailing(self, count=3, mode="shared"):
        mailing = self.make_mailing([{"path": "user_id", "mode": mode}, {"path": "email_cc"}], self.make_leads(count))
        with self.mock_mail_gateway():
            self.send(mailing)
        return mailing

    def test_every_address_of_every_mail_counts(self):
        for mode in ("shared", "tracked"):
            mailing = self.send_mailing(mode=mode)
            rows = self.env["mailing.usage"].with_user(self.marketer).search([("mailing_id", "=", mailing.id)])
            self.assertEqual(len(rows), 6, "three recipients and three copies, the empty places do not count")
            groups = self.env["mailing.usage"]._read_group(
                [("mailing_id", "=", mailing.id)], ["kind"], ["interactions:sum", "contact:count_distinct"]
            )
            self.assertEqual(groups, [("copy", 3, 1), ("recipient", 3, 3)])
        # the same four people twice
        total = self.env["mailing.usage"]._read_group([], [], ["interactions:sum", "contact:count_distinct"])
        self.assertEqual(total, [(12, 4)])
        self.assertEqual(self.limit._get_usage(), {"contacts": 4, "interactions": 12})

    def test_waiting_mails_count_for_limits_and_other_months_do_not(self):
        mailing = self.make_mailing([{"path": "user_id"}], self.make_leads(2))
        mailing.action_send_mail()
        self.assertFalse(self.env["mailing.usage"].search([]))
        self.assertEqual(self.limit._get_usage(), {"contacts": 3, "interactions": 4})
        with self.mock_mail_gateway():
            self.deliver(mailing)
        self.assertEqual(self.limit._get_usage(), {"contacts": 3, "interactions": 4})
        mailing.mailing_trace_ids.sent_datetime = fields.Datetime.now().replace(day=1) - timedelta(days=2)
        self.assertEqual(self.limit._get_usage(), {"contacts": 0, "interactions": 0})
        self.assertEqual(len(self.env["mailing.usage"].search([])), 4)

    def test_hard_limit_refuses_launches(self):
        mailing = self.make_mailing([{"path": "user_id"}], self.make_leads(2))
        self.set_limit("hard", "interactions", 3)
        with self.assertRaisesRegex(UserError, "4 mails would be sent this month; the limit is 3"):
            mailing.with_user(self.marketer).action_launch()
        self.assertEqual(mailing.state, "draft")
        with self.assertRaises(UserError):
            mailing.action_send_mail()
        self.set_limit("hard", "interactions", 4)
        mailing.action_launch()
        self.assertEqual(mailing.state, "in_queue")

    def test_limit_of_contacts_counts_each_address_once(self):
        self.send_mailing()
        self.set_limit("hard", "contacts", 4)
        again = self.make_mailing([{"path": "user_id"}], self.make_leads(3))
        self.assertFalse(again._get_usage_refusal(), "the same people once more")
        more = self.make_mailing([{"path": "user_id"}], self.make_leads(4))
        self.assertIn("5 different addresses", more._get_usage_refusal())

    def test_queued_mailings_wait_and_the_others_go(self):
        self.set_limit("hard", "interactions", 100)
        big = self.make_mailing([{"path": "user_id"}], self.make_leads(4))
        small = self.make_mailing([{"path": "user_id"}], self.make_leads(1))
        (big + small).action_launch()
        self.set_limit("hard", "interactions", 5)
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *args, **kwargs: 60)
        for _again in range(2):
            self.env["mailing.mailing"]._process_mass_mailing_queue()
        self.assertEqual((big.state, small.state), ("in_queue", "done"))
        self.assertFalse(big.mailing_trace_ids)
        self.assertIn("the limit is 5", big.usage_hold_reason)
        notes = big.message_ids.filtered(lambda message: "the limit is 5" in (message.body or ""))
        self.assertEqual(len(notes), 1, "said once")
        self.set_limit("hard", "interactions", 100)
        self.env["mailing.mailing"]._process_mass_mailing_queue()
        self.assertEqual((len(big.mailing_trace_ids), big.usage_hold_reason), (4, False))

    def test_participants_wait_at_their_mail(self):
        leads = self.make_leads(3)
        self.set_limit("hard", "interactions", 4)
        journey = self.make_journey(
            "crm.lead", [("id", "in", leads.ids)], [{"kind": "email", "cc": ["user_id"]}, {"kind": "end"}]
        )
        self.engine.tick()
        states = journey.participant_ids.sorted("res_id").mapped("state")
        self.assertEqual(sorted(states), ["active", "completed", "completed"])
        waiting = journey.participant_ids.filtered(lambda participant: participant.state == "active")
        self.assertGreater(waiting.due_at, fields.Datetime.now())
        self.assertIn("the limit is 4", waiting.trace_ids.filtered(lambda trace: trace.state == "waiting").reason)
        self.set_limit("hard", "interactions", 0)
        waiting.due_at = fields.Datetime.now()
        self.engine.tick()
        self.assertEqual(waiting.state, "completed")

    def test_soft_limit_is_told_once(self):
        self.send_mailing()
        self.set_limit("soft", "interactions", 6)
        self.set_limit("soft", "contacts", 100)
        before = self.env["mail.message"].search_count([("subject", "=", "Monthly limit of mailings reached")])
        with self.mock_mail_gateway():
            self.limit._cron_watch()
            self.limit._cron_watch()
        messages = self.env["mail.message"].search([("subject", "=", "Monthly limit of mailings reached")])
        langs = {partner.lang for partner in self.env.ref("crm_buying_journey.group_manager").all_user_ids.partner_id}
        self.assertEqual(len(messages) - before, len(langs))
        self.assertIn(self.manager.partner_id, messages.partner_ids)
        self.assertNotIn(self.marketer.partner_id, messages.partner_ids)
        self.assertIn("6 mails have been sent this month", messages[0].body)

    def test_without_limits_nothing_is_counted(self):
        mailing = self.make_mailing([{"path": "user_id"}], self.make_leads(1))
        self.patch(type(self.limit), "_get_usage", lambda *args: self.fail("counted for nothing"))
        mailing.action_launch()
        self.limit._cron_watch()
