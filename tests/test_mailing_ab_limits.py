# What core's A/B tests get wrong (A1 to A19), and ours don't; core's own stay as they are.
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_ab import AbCase


@tagged("post_install", "-at_install")
class TestMailingAbLimits(AbCase):
    def start(self, count=200, clicks=(), **values):
        test = self.make_test(self.make_mailing(self.make_contacts(count)), **values)
        self.launch_delivered(test)
        for arm, of_arm in zip(test.arm_ids, clicks, strict=False):
            self.click(self.traces(test, arm)[:of_arm])
        return test

    def decide(self, test):
        self.pass_deadline(test)
        test.decide()
        return test

    def test_a1_a_small_difference_is_no_result(self):
        """22 of 100 against 20 of 100: core crowns it."""
        test = self.decide(self.start(clicks=(20, 22)))
        self.assertEqual(test.outcome, "inconclusive")
        self.assertAlmostEqual(test.decision_data["pairs"][0]["p_value"], 0.73, 2)

    def test_a2_ties_and_zeros_have_no_winner_where_core_has_one(self):
        self.assertEqual(self.decide(self.start()).outcome, "inconclusive")
        contacts = self.make_contacts(20, "Core")
        campaign = self.env["utm.campaign"].create({"name": "Core's own"})
        mailings = self.env["mailing.mailing"].browse()
        for subject in ("Core A", "Core B"):
            mailings |= self.make_mailing(
                contacts, subject=subject, ab_testing_enabled=True, ab_testing_pc=20, campaign_id=campaign.id
            )
        mailings.write({"state": "done"})
        mailings[0].ab_testing_winner_selection = "opened_ratio"
        mailings.action_send_winner_mailing()
        self.assertTrue(campaign.ab_testing_winner_mailing_id, "mailings without our tests behave as before")

    def test_a3_counts_are_per_recipient(self):
        """An arm four times as large has more leads, not a better rate."""
        test = self.start(metric="leads", weights=[4, 1])
        for arm, count in zip(test.arm_ids, (40, 10), strict=True):
            self.env["crm.lead"].create(
                [
                    {
                        "name": "Asked",
                        "email_from": f"{n}.{arm.id}@x.example.com",
                        "source_id": arm.mailing_id.source_id.id,
                    }
                    for n in range(count)
                ]
            )
        self.decide(test)
        self.assertEqual(test.outcome, "inconclusive")
        self.assertEqual([arm["mean"] for arm in test.decision_data["arms"]], [0.25, 0.25])

    def test_a4_all_arms_are_drawn_at_the_same_moment(self):
        rows = self.allocations(self.start())
        self.assertEqual(len(set(rows.mapped("date"))), 1)

    def test_a5_one_body_for_several_subjects(self):
        test = self.start()
        main, variant = test.arm_ids.mailing_id
        self.assertEqual(main.body_html, variant.body_html)
        self.assertNotEqual(main.subject, variant.subject)

    def test_a6_hold_out(self):
        test = self.start(holdout_percent=10)
        self.assertEqual(test.holdout_count, 20)
        self.assertIn("leads", {line["outcome"] for line in test._get_lift()})

    def test_a7_our_cron_is_alive_and_a_dead_one_is_told(self):
        cron = self.env.ref("crm_buying_journey.ir_cron_mailing_ab_test")
        test = self.start()
        self.assertTrue(cron.active)
        self.assertFalse(test.is_cron_off)
        cron.active = False
        test.invalidate_recordset(["is_cron_off"])
        self.assertTrue(test.with_user(self.marketer).is_cron_off)

    def test_a8_an_arm_that_has_not_left_puts_the_decision_off(self):
        test = self.start(clicks=(5, 60))
        self.env.cr.execute(
            "UPDATE mailing_ab_allocation SET state = 'assigned' WHERE id = %s", [self.allocations(test)[0].id]
        )
        self.env.invalidate_all()
        self.decide(test)
        self.assertEqual(test.state, "running")
        self.assertIn("Mails still wait to be sent", test.pending_reason)

    def test_a9_clicks_not_opens_by_default(self):
        self.assertEqual(self.env["mailing.ab.test"].default_get(["metric"])["metric"], "clicked")

    def test_a10_robots_and_scanners_do_not_count_but_are_shown(self):
        test = self.start()
        a, b = test.arm_ids
        sent = self.traces(test)[0].sent_datetime
        traces = self.traces(test, a)
        self.click(traces[:10])
        self.click(traces[10:30], is_robot=True)
        self.click(traces[30:50], at=sent + timedelta(seconds=1))
        for _link in range(3):  # a scanner follows all links at once
            self.click(traces[50:60], at=sent + timedelta(minutes=9))
        figures = test._get_figures()
        self.assertEqual((figures[a.id]["clicked"], figures[a.id]["clicked_raw"]), (10, 60))
        self.assertEqual((figures[a.id]["opened"], figures[a.id]["opened_raw"]), (10, 60), "a click notes an open")
        traces = self.traces(test, b)
        traces[:5].write({"trace_status": "open", "open_datetime": sent + timedelta(seconds=2)})
        traces[5:9].write({"trace_status": "open", "open_datetime": sent + timedelta(seconds=200)})
        traces[9].write(
            {"trace_status": "open", "open_datetime": sent, "person_open_datetime": sent + timedelta(hours=1)}
        )
        figures = test._get_figures()[b.id]
        self.assertEqual((figures["opened"], figures["opened_raw"]), (5, 10))

    def test_a10_a_person_after_a_scanner_is_not_lost(self):
        """Core keeps the first open only."""
        test = self.start()
        trace = self.traces(test)[0]
        trace.sent_datetime = fields.Datetime.now()
        trace.set_opened()
        self.assertFalse(trace.person_open_datetime)
        trace.sent_datetime = fields.Datetime.now() - timedelta(minutes=5)
        trace.set_opened()
        self.assertTrue(trace.person_open_datetime)

    def test_a11_a12_other_mailings_and_models_of_the_campaign_use_up_nobody(self):
        campaign = self.env["utm.campaign"].create({"name": "Shared"})
        contacts = self.make_contacts(20)
        other = self.make_mailing(contacts, campaign_id=campaign.id)
        self.env["mailing.trace"].create(
            [
                {"model": model, "res_id": contact.id, "mass_mailing_id": other.id, "trace_status": "sent"}
                for contact in contacts
                for model in ("crm.lead", "res.partner")
            ]
        )
        test = self.make_test(self.make_mailing(contacts, campaign_id=campaign.id))
        self.launch_delivered(test)
        self.assertEqual(self.letters(test, state="mailed"), {"A": 10, "B": 10})

    def test_a13_a16_what_never_left_is_in_no_denominator(self):
        test = self.start()
        traces = self.traces(test, test.arm_ids[0])
        for status, count in (("outgoing", 5), ("cancel", 4), ("error", 3), ("bounce", 2)):
            traces[:count].trace_status = status
            traces = traces[count:]
        figures = test._get_figures()[test.arm_ids[0].id]
        self.assertEqual((figures["delivered"], figures["bounced"]), (86, 2))

    def test_a14_the_winner_is_the_tested_mail_itself(self):
        mailing = self.make_mailing(self.make_contacts(200), use_exclusion_list=False)
        test = self.make_test(mailing, test_percent=50)
        self.launch_delivered(test)
        self.click(self.traces(test, test.arm_ids[0])[:40])
        count = self.env["mailing.mailing"].search_count([])
        self.decide(test)
        self.assertEqual(self.env["mailing.mailing"].search_count([]), count, "no copy is made")
        self.assertEqual(test.winner_arm_id.mailing_id, mailing)
        self.assertFalse(mailing.use_exclusion_list)

    def test_a15_one_source_for_test_and_rest(self):
        """Leads before and after the decision are the same arm's."""
        test = self.start(test_percent=50, clicks=(40, 2))
        source = test.arm_ids[0].mailing_id.source_id
        self.env["crm.lead"].create({"name": "Early", "email_from": "early@x.example.com", "source_id": source.id})
        self.decide(test)
        self.env["crm.lead"].create({"name": "Late", "email_from": "late@x.example.com", "source_id": source.id})
        self.assertEqual(test._get_figures()[test.winner_arm_id.id]["leads"], 2)

    def test_a17_one_failing_test_stops_no_other(self):
        tests = self.start(clicks=(2, 60)) | self.start(clicks=(2, 60))
        for test in tests:
            self.pass_deadline(test)
        broken = tests[0]
        Test = self.env.registry["mailing.ab.test"]
        judge = Test._judge

        def fail(self):
            if self == broken:
                self.env.cr.execute("SELECT 1 / 0")
            return judge(self)

        with patch.object(Test, "_judge", fail), self.assertLogs("odoo.sql_db", "ERROR"):
            self.env["mailing.ab.test"]._cron_decide()
        self.assertEqual(tests.mapped("state"), ["running", "decided"])
        self.assertIn("could not be decided", broken.pending_reason)

    def test_a18_several_at_once_are_each_their_own(self):
        one, other = self.start(clicks=(2, 60)), self.start(clicks=(60, 2))
        figures = (one | other)._get_figures()
        self.assertEqual([figures[arm.id]["clicked"] for arm in (one | other).arm_ids], [2, 60, 60, 2])
        self.assertEqual((one | other).mapped("is_cron_off"), [False, False])

    def test_a19_automatic_replies_do_not_count(self):
        test = self.start()
        traces = self.traces(test, test.arm_ids[0])
        traces[:3].set_opened()
        traces[:3].set_replied()
        automatic = traces[3:10].with_context(bj_automatic_reply=True)
        automatic.set_opened()
        automatic.set_replied()
        figures = test._get_figures()[test.arm_ids[0].id]
        self.assertEqual((figures["replied"], figures["replied_raw"]), (3, 10))
        self.assertEqual((figures["opened"], figures["opened_raw"]), (3, 10))

    def test_the_simple_test_and_ours_exclude_each_other(self):
        mailing = self.make_mailing(self.make_contacts(4))
        test = self.make_test(mailing)
        with self.assertRaises(UserError):
            mailing.with_user(self.marketer).ab_testing_enabled = True
            mailing.flush_recordset()
        for method in ("action_send_winner_mailing", "action_select_as_winner"):
            with self.assertRaises(UserError):
                getattr(test.mailing_id.with_user(self.marketer), method)()
        simple = self.make_mailing(self.make_contacts(4), ab_testing_enabled=True)
        with self.assertRaises(UserError):
            simple.with_user(self.marketer).action_create_ab_test()

    def test_revenue_per_recipient(self):
        test = self.start(metric="revenue", company_id=False)
        self.env.flush_all()
        partners = self.make_contacts(40, "Buyer")
        journal = self.env["account.journal"].search([("type", "=", "sale")], limit=1)
        if not journal:
            self.skipTest("no sales journal here")
        for arm, amounts in zip(test.arm_ids, ([100] * 20, [900] * 20), strict=True):
            for partner, amount in zip(partners[: len(amounts)], amounts, strict=False):
                self.env.cr.execute(
                    """
                    INSERT INTO account_move (name, date, journal_id, move_type, state, partner_id, source_id,
                                              company_id, currency_id, amount_untaxed_signed, auto_post)
                    VALUES (%s, now(), %s, 'out_invoice', 'posted', %s, %s, %s, %s, %s, 'no')
                    """,
                    [
                        f"AB/{arm.id}/{partner.id}",
                        journal.id,
                        partner.id,
                        arm.mailing_id.source_id.id,
                        journal.company_id.id,
                        journal.company_id.currency_id.id,
                        amount + partner.id % 7,
                    ],
                )
        self.decide(test)
        a, b = test.decision_data["arms"]
        self.assertAlmostEqual(a["mean"], 20, delta=2)
        self.assertAlmostEqual(b["mean"], 180, delta=2)
        self.assertEqual((test.outcome, test.winner_arm_id.letter), ("winner", "B"))

    def test_reactivated_leads_count(self):
        test = self.start(metric="reactivated")
        mailing = test.arm_ids[1].mailing_id
        self.env["crm.lead"].create([{"name": f"Lost {n}"} for n in range(30)]).sudo().write(
            {"reactivated_date": fields.Datetime.now(), "reactivation_mailing_id": mailing.id}
        )
        self.decide(test)
        self.assertEqual((test.outcome, test.winner_arm_id.letter), ("winner", "B"))
