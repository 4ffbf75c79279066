# A/B tests of one-off mailings: setting up, drawing, sending, the rest.
from collections import Counter
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..models.mailing import mailing_ab_test_sending
from ..tools.draw import LOTS, draw, sql_draw
from .common_ab import AbCase


@tagged("post_install", "-at_install")
class TestMailingAb(AbCase):
    def test_from_the_button_to_the_mails(self):
        """As a marketer does it: button, a second subject, send. Each arm's mail goes to its own half."""
        contacts = self.make_contacts(20)
        mailing = self.make_mailing(contacts)
        mailing.with_user(self.marketer).action_create_ab_test()
        test = mailing.ab_test_id
        self.assertEqual(test.arm_ids.mapped("letter"), ["A", "B"])
        self.assertEqual(test.arm_ids[0].mailing_id, mailing)
        with self.assertRaises(UserError, msg="two arms that are the same are no test"):
            mailing.with_user(self.marketer).action_launch()
        test.with_user(self.marketer).arm_ids[1].subject = "Offer B"
        self.launch(test)
        self.assertEqual(test.state, "running")
        for arm in test.arm_ids:
            mails = self.env["mail.mail"].search([("mailing_id", "=", arm.mailing_id.id)])
            self.assertEqual(len(mails), 10)
            self.assertEqual(set(mails.mapped("subject")), {arm.subject})
            self.assertEqual(set(mails.mapped("state")), {"outgoing"})
            self.assertIn("have a look", mails[0].body_html, "arms of a subject test share the body")
        self.assertEqual(set(test.arm_ids.mailing_id.mapped("state")), {"done"})
        mailed = self.traces(test).mapped("res_id")
        self.assertEqual(sorted(mailed), sorted(contacts.ids), "everybody, once")

    def test_text_of_each_arm_has_its_own_links(self):
        contacts = self.make_contacts(4)
        test = self.make_test(self.make_mailing(contacts))
        self.launch(test)
        with self.mock_mail_gateway():
            self.env["mail.mail"].search([("mailing_id", "in", test.arm_ids.mailing_id.ids)]).send()
        self.assertEqual(len(self._mails), 4)
        for mail in self._mails:
            arm = test.arm_ids.filtered(lambda arm, mail=mail: arm.subject == mail["subject"])
            text = mail["body_alternative"]
            self.assertNotIn("/unsubscribe_from_list", text)
            self.assertIn(f"/mailing/{arm.mailing_id.id}/confirm_unsubscribe", text)
            self.assertIn(f"/mailing/{arm.mailing_id.id}/unsubscribe_oneclick", mail["headers"]["List-Unsubscribe"])
            self.assertNotIn("/mail/track/", text)

    def test_arms_share_what_is_not_tested(self):
        mailing = self.make_mailing(self.make_contacts(4), use_exclusion_list=False)
        test = self.make_test(mailing)
        mailing.with_user(self.marketer).write(
            {"body_html": "<p>Changed later</p>", "reply_to_mode": "new", "reply_to": "answers@example.com"}
        )
        self.launch(test)
        variant = test.arm_ids[1].mailing_id
        self.assertIn("Changed later", variant.body_html)
        self.assertEqual(variant.reply_to, "answers@example.com")
        self.assertFalse(variant.use_exclusion_list)
        self.assertEqual(variant.mailing_domain, mailing.mailing_domain)
        self.assertNotEqual(variant.source_id, mailing.source_id)

    def test_whole_mails_keep_their_bodies(self):
        mailing = self.make_mailing(self.make_contacts(4))
        test = self.make_test(mailing, test_type="mail")
        test.arm_ids[1].mailing_id.with_user(self.marketer).body_html = "<p>Another mail</p>"
        self.launch(test)
        mails = self.env["mail.mail"].search([("mailing_id", "=", test.arm_ids[1].mailing_id.id)])
        self.assertEqual(len(mails), 2)
        self.assertIn("Another mail", mails[0].body_html)

    def test_shares_are_exact(self):
        """20 % tested by 3:1, 10 % held out, the rest waits."""
        contacts = self.make_contacts(200)
        test = self.make_test(self.make_mailing(contacts), weights=[3, 1], test_percent=20, holdout_percent=10)
        self.launch(test)
        states = Counter((row.state, row.arm_id.letter) for row in self.allocations(test))
        self.assertEqual(
            states, {("mailed", "A"): 30, ("mailed", "B"): 10, ("holdout", False): 20, ("held", False): 140}
        )
        self.assertEqual(len(self.traces(test)), 40)

    def test_draw_is_a_stable_hash_of_record_and_test(self):
        contacts = self.make_contacts(60)
        first = self.make_test(self.make_mailing(contacts))
        second = self.make_test(self.make_mailing(contacts))
        second.sudo().hash_key = first.hash_key
        third = self.make_test(self.make_mailing(contacts))
        for test in (first, second, third):
            self.launch(test)
        drawn = [{row.res_id: row.arm_id.letter for row in self.allocations(test)} for test in (first, second, third)]
        self.assertEqual(drawn[0], drawn[1], "the same key draws the same")
        self.assertNotEqual(drawn[0], drawn[2], "another test draws anew")
        lot = sql_draw("k", "res.partner", SQL("id"))
        self.env.cr.execute(SQL("SELECT id, %s FROM res_partner WHERE id = ANY(%s)", lot, contacts.ids))
        self.assertEqual(dict(self.env.cr.fetchall()), {c.id: draw("k", "res.partner", c.id) for c in contacts})
        self.assertTrue(all(0 <= draw("k", "res.partner", number) < LOTS for number in range(100)))

    def test_who_would_be_refused_takes_no_place(self):
        contacts = self.make_contacts(16)
        self.env["mail.blacklist"]._add(contacts[0].email)
        contacts[1].email = False
        contacts[2].email = "no address"
        contacts[4].email = contacts[3].email
        test = self.make_test(self.make_mailing(contacts))
        self.launch(test)
        excluded = {row.res_id: row.reason for row in self.allocations(test, state="excluded")}
        self.assertEqual(
            excluded,
            {
                contacts[0].id: "blacklisted",
                contacts[1].id: "missing",
                contacts[2].id: "invalid",
                contacts[4].id: "duplicate",
            },
        )
        self.assertEqual(self.letters(test, state="mailed"), {"A": 6, "B": 6})
        self.assertEqual(set(self.traces(test).mapped("trace_status")), {"outgoing"}, "nobody drawn was refused")

    def test_mailing_lists_with_opt_outs(self):
        mailing_list = self.env["mailing.list"].create({"name": "Readers"})
        readers = self.env["mailing.contact"].create(
            [
                {
                    "name": f"Reader {number}",
                    "email": f"reader.{number}@ab.example.com",
                    "subscription_ids": [Command.create({"list_id": mailing_list.id, "opt_out": number < 2})],
                }
                for number in range(10)
            ]
        )
        mailing = self.make_mailing(
            readers,
            mailing_model_id=self.env["ir.model"]._get_id("mailing.list"),
            contact_list_ids=[Command.set(mailing_list.ids)],
            mailing_domain=str([("list_ids", "in", mailing_list.ids)]),
        )
        test = self.make_test(mailing)
        self.launch(test)
        self.assertEqual(sorted(self.traces(test).mapped("res_id")), readers[2:].ids)
        self.assertEqual(self.letters(test, state="mailed"), {"A": 4, "B": 4})

    def test_leads_go_by_the_address_of_their_contact(self):
        contact = self.make_contacts(1)
        leads = self.env["crm.lead"].create(
            [{"name": f"Lead {n}", "email_from": f"lead.{n}@ab.example.com"} for n in range(4)]
            + [{"name": "Of a contact", "partner_id": contact.id}, {"name": "Again", "partner_id": contact.id}]
        )
        test = self.make_test(self.make_mailing(leads))
        self.launch(test)
        self.assertEqual(self.allocations(test, state="excluded").mapped("reason"), ["duplicate"])
        row = self.allocations(test, res_id=leads[4].id)
        self.assertEqual((row.email, row.partner_id), (contact.email_normalized, contact))

    def test_arms_leave_side_by_side(self):
        """With batches smaller than an arm, no arm is finished before the other begins."""
        test = self.make_test(self.make_mailing(self.make_contacts(60)))
        self.patch(mailing_ab_test_sending, "BATCH", 10)
        self.launch(test)
        arms = [trace.mass_mailing_id.id for trace in self.traces(test)]
        self.assertEqual(len(set(arms[:30])), 2)
        self.assertEqual(len(set(arms[30:])), 2)

    def test_scheduled_test_is_drawn_when_it_leaves(self):
        contacts = self.make_contacts(6)
        test = self.make_test(self.make_mailing(contacts))
        later = fields.Datetime.now() + timedelta(hours=5)
        test.mailing_id.with_user(self.marketer).write({"schedule_type": "scheduled", "schedule_date": later})
        test.mailing_id.with_user(self.marketer).action_schedule()
        self.assertEqual(set(test.arm_ids.mailing_id.mapped("state")), {"in_queue"})
        self.assertEqual(test.arm_ids[1].mailing_id.schedule_date, later, "all arms leave at the same time")
        self.run_queue()
        self.assertEqual(test.state, "draft")
        test.mailing_id.with_user(self.marketer).action_cancel()
        self.assertEqual(set(test.arm_ids.mailing_id.mapped("state")), {"draft"}, "taking back one takes back all")
        test.mailing_id.with_user(self.marketer).action_launch()
        self.run_queue()
        self.assertEqual(len(self.traces(test)), 6)

    def test_too_few_recipients_go_back_to_draft_with_a_reason(self):
        test = self.make_test(self.make_mailing(self.make_contacts(1)))
        self.launch(test)
        self.assertEqual((test.state, test.mailing_id.state), ("draft", "draft"))
        self.assertIn("too few", test.pending_reason)
        self.assertFalse(self.traces(test))
        self.assertFalse(self.env["mail.mail"].search([("mailing_id", "=", test.mailing_id.id)]))

    def test_frozen_once_started(self):
        test = self.make_test(self.make_mailing(self.make_contacts(8)))
        self.launch(test)
        as_marketer = test.with_user(self.marketer)
        for record, values in (
            (as_marketer, {"metric": "opened"}),
            (as_marketer, {"deadline": fields.Datetime.now() + timedelta(days=9)}),
            (as_marketer.arm_ids[0], {"weight": 7}),
            (as_marketer.arm_ids[0], {"subject": "Other"}),
            (as_marketer.mailing_id, {"body_html": "<p>Other</p>"}),
        ):
            with self.assertRaises(UserError, msg=str(values)):
                record.write(values)
        with self.assertRaises(UserError):
            as_marketer.unlink()
        with self.assertRaises(UserError):
            as_marketer.mailing_id.unlink()
        as_marketer.name = "Another name"

    def test_results_are_not_written_by_hand(self):
        test = self.make_test(self.make_mailing(self.make_contacts(8)))
        for values in ({"state": "decided"}, {"outcome": "winner"}, {"winner_arm_id": test.arm_ids[0].id}):
            with self.assertRaises(UserError, msg=str(values)):
                test.with_user(self.marketer).write(values)
        with self.assertRaises(UserError):
            test.mailing_id.with_user(self.marketer).ab_test_id = False

    def test_two_to_ten_arms(self):
        test = self.make_test(self.make_mailing(self.make_contacts(10)), subjects=[f"Offer {n}" for n in range(10)])
        self.assertEqual("".join(test.arm_ids.mapped("letter")), "ABCDEFGHIJ")
        with self.assertRaises(UserError):
            test.with_user(self.marketer).action_add_arm()
        self.launch(test)
        self.assertEqual(len(self.traces(test).mass_mailing_id), 10)

    def test_copying_and_removing_arms(self):
        test = self.make_test(self.make_mailing(self.make_contacts(6)))
        test.arm_ids[1].with_user(self.marketer).action_copy()
        copied = test.arm_ids[2]
        self.assertEqual((copied.letter, copied.subject), ("C", "Offer B"))
        mailing = copied.mailing_id
        copied.with_user(self.marketer).unlink()
        self.assertFalse(mailing.exists())
        with self.assertRaises(UserError, msg="the first arm is the mailing"):
            test.arm_ids[0].with_user(self.marketer).unlink()
        variant, main = test.arm_ids[1].mailing_id, test.mailing_id
        test.with_user(self.marketer).unlink()
        self.assertFalse(variant.exists())
        self.assertTrue(main.exists())
        main.with_user(self.marketer).unlink()

    def test_deleting_a_draft_takes_its_test_along(self):
        test = self.make_test(self.make_mailing(self.make_contacts(2)))
        mailings = test.arm_ids.mailing_id
        with self.assertRaises(UserError, msg="an arm is deleted in its test"):
            mailings[1].with_user(self.marketer).unlink()
        test.mailing_id.with_user(self.marketer).unlink()
        self.assertFalse(mailings.exists() or test.exists())

    def test_stop_cancels_the_outbox(self):
        test = self.make_test(self.make_mailing(self.make_contacts(20)), test_percent=50)
        self.launch(test)
        test.with_user(self.marketer).action_stop()
        mails = self.env["mail.mail"].search([("mailing_id", "in", test.arm_ids.mailing_id.ids)])
        self.assertEqual(set(mails.mapped("state")), {"cancel"})
        self.assertEqual(Counter(self.allocations(test).mapped("state")), {"mailed": 10, "dropped": 10})
        self.assertEqual(test.decide(), "pending")
        self.run_queue()
        self.assertEqual(len(self.traces(test)), 10, "nobody else is mailed")

    def test_retry_sends_failed_mails_again_and_draws_nobody_anew(self):
        test = self.make_test(self.make_mailing(self.make_contacts(6)))
        self.launch(test)
        mails = self.env["mail.mail"].search([("mailing_id", "in", test.arm_ids.mailing_id.ids)])
        mails[0].write({"state": "exception"})
        mails[0].mailing_trace_ids.set_failed(failure_type="mail_smtp")
        mails[0].mailing_id.with_user(self.marketer).action_retry_failed()
        self.assertEqual((mails[0].state, mails[0].mailing_trace_ids.trace_status), ("outgoing", "outgoing"))
        self.run_queue()
        self.assertEqual(len(self.traces(test)), 6)

    def test_rights(self):
        mailing_user = self._make_user("ab_mailing_user", "mass_mailing.group_mass_mailing_user")
        salesperson = self._make_user("ab_sales", "crm_buying_journey.group_sales")
        mailing = self.make_mailing(self.make_contacts(2))
        test = self.make_test(mailing)
        for user in (mailing_user, salesperson):
            self.assertEqual(test.with_user(user).name, "Offer A")
            with self.assertRaises(AccessError):
                test.with_user(user).write({"name": "Mine"})
            with self.assertRaises(AccessError):
                test.with_user(user).decide()
            with self.assertRaises(AccessError):
                test.with_user(user).choose(test.arm_ids[0])
        with mute_logger("odoo.addons.base.models.ir_model"), self.assertRaises(AccessError):
            self.env["mailing.ab.allocation"].with_user(salesperson).search([])
        with self.assertRaises(AccessError):
            self.env["mailing.ab.allocation"].with_user(self.marketer).create({"test_id": test.id})

    def test_companies_are_apart(self):
        other = self.env["res.company"].create({"name": "Other company"})
        test = self.make_test(self.make_mailing(self.make_contacts(2)))
        test.sudo().company_id = other
        self.assertFalse(self.env["mailing.ab.test"].with_user(self.marketer).search([("id", "=", test.id)]))

    def _make_user(self, login, groups):
        return new_test_user(self.env, login, groups, email=f"{login}@example.com")
