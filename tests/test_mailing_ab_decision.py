# A/B tests: when they are decided, how, and what follows.
from collections import Counter
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_ab import AbCase


@tagged("post_install", "-at_install")
class TestMailingAbDecision(AbCase):
    def start(self, count=400, clicks=(), **values):
        """A test whose mails were delivered, and so many clicks in each arm."""
        test = self.make_test(self.make_mailing(self.make_contacts(count)), **values)
        self.launch_delivered(test)
        self.click_counts(test, clicks)
        return test

    def click_counts(self, test, counts):
        for arm, count in zip(test.arm_ids, counts, strict=False):
            traces = self.traces(test, arm).filtered(lambda trace: not trace.links_click_datetime)
            self.click(traces[:count])

    def test_winner_at_the_deadline_and_the_rest_gets_it(self):
        test = self.start(count=400, clicks=(10, 45), test_percent=50, holdout_percent=10)
        self.assertEqual(test.with_user(self.marketer).decide(), "pending", "not before the deadline")
        self.pass_deadline(test)
        self.assertEqual(test.with_user(self.marketer).decide(), "winner")
        self.assertEqual((test.state, test.winner_arm_id.letter, test.decision_rule), ("decided", "B", "fixed"))
        winner = test.winner_arm_id.mailing_id
        self.assertEqual(winner.state, "in_queue", "the host's queue sends the rest")
        self.assertEqual(test.arm_ids[0].mailing_id.state, "done")
        self.run_queue()
        self.run_queue()
        states = Counter((row.state, row.phase, row.arm_id.letter) for row in self.allocations(test))
        self.assertEqual(
            states,
            {
                ("mailed", "test", "A"): 100,
                ("mailed", "test", "B"): 100,
                ("mailed", "rest", "B"): 160,
                ("holdout", False, False): 40,
            },
        )
        mailed = Counter(self.traces(test).mapped("res_id"))
        self.assertEqual(set(mailed.values()), {1}, "exactly once")
        holdout = self.allocations(test, state="holdout").mapped("res_id")
        self.assertFalse(set(holdout) & set(mailed), "the hold-out never")
        self.assertEqual(len(mailed), 360)
        self.assertEqual(test.decide(), "winner", "asking again changes nothing")

    def test_test_and_rest_are_added_up_per_arm(self):
        test = self.start(count=400, clicks=(10, 45), test_percent=50)
        self.pass_deadline(test)
        test.decide()
        self.run_queue()
        rest = self.deliver(test)
        self.click(rest[:60])
        figures = test._get_figures()
        a, b = (figures[arm.id] for arm in test.arm_ids)
        self.assertEqual((a["delivered"], a["clicked"]), (100, 10))
        self.assertEqual((b["delivered"], b["clicked"]), (300, 105))
        kept = test.decision_data["arms"]
        self.assertEqual([(arm["count"], arm["events"]) for arm in kept], [(100, 10), (100, 45)], "the record stays")

    def test_decision_record(self):
        test = self.start(clicks=(20, 60))
        self.pass_deadline(test)
        test.decide()
        record = test.decision_data
        self.assertEqual(record["metric"], "clicked")
        a, _b = record["arms"]
        self.assertEqual((a["count"], a["events"], a["mean"]), (200, 20, 0.1))
        self.assertLess(a["low"], 0.1)
        self.assertGreater(a["high"], 0.1)
        (pair,) = record["pairs"]
        self.assertAlmostEqual(pair["difference"], 0.2)
        self.assertLess(pair["p_value"], 0.001)
        self.assertLess(pair["low"], 0.2)
        self.assertTrue(test.decision_date and test.decision_reason)
        for html in (test.decision_html, test.comparison_html):
            self.assertIn("30.0%", html)
        self.assertIn("Wilson", test.decision_html)
        self.assertEqual(test.decision_basis.partition("figures: ")[2], "A 20 of 200 (10.0%), B 60 of 200 (30.0%).")
        message = test.message_ids.filtered("subject")
        self.assertEqual(message.subject, f"A/B test “{test.name}”: Winner")
        for text in (test.decision_basis, "The rest gets arm B: Offer B."):
            self.assertIn(text, message.body)

    def test_no_data_and_ties_have_no_winner(self):
        for clicks in ((), (30, 30), (4, 0), (200, 200)):
            test = self.start(clicks=clicks)
            self.pass_deadline(test)
            self.assertEqual(test.decide(), "inconclusive", f"clicks {clicks}")
            self.assertFalse(test.winner_arm_id)
            self.assertTrue(test.decision_reason)

    def test_inconclusive_sends_the_default_arm(self):
        test = self.start(count=100, clicks=(8, 9), test_percent=50)
        test.sudo().default_arm_id = test.arm_ids[1]
        self.pass_deadline(test)
        self.assertEqual(test.decide(), "inconclusive")
        self.assertIn("by chance", test.decision_reason)
        self.run_queue()
        self.assertEqual(self.letters(test, phase="rest"), {"B": 50}, "chosen beforehand")

    def test_inconclusive_goes_on_splitting(self):
        test = self.start(count=400, clicks=(8, 9), test_percent=50, fallback="split", weights=[3, 1])
        self.pass_deadline(test)
        test.decide()
        self.run_queue()
        rest = self.letters(test, phase="rest", state="mailed")
        self.assertEqual(sum(rest.values()), 200)
        self.assertLess(abs(rest["A"] - 150), 4 * (200 * 0.75 * 0.25) ** 0.5)
        self.assertEqual(len(self.traces(test)), 400)

    def test_inconclusive_stops_and_somebody_may_choose_after_all(self):
        test = self.start(count=100, clicks=(8, 9), test_percent=50, fallback="stop")
        self.pass_deadline(test)
        test.decide()
        self.run_queue()
        self.assertEqual(len(self.traces(test)), 50)
        self.assertEqual(set(self.allocations(test, phase="rest").mapped("state")), {"dropped"})
        self.assertEqual(test.arm_ids[0].with_user(self.marketer).action_choose(), "manual")
        self.run_queue()
        self.assertEqual(len(self.traces(test)), 100)

    def test_choosing_after_the_fallback_reaches_who_was_not_mailed_and_is_refused_if_nobody_is_left(self):
        test = self.start(count=100, clicks=(8, 9), test_percent=50)
        self.pass_deadline(test)
        self.assertEqual(test.decide(), "inconclusive")
        self.assertEqual(self.letters(test, phase="rest", state="assigned"), {"A": 50})
        test.arm_ids[1].with_user(self.marketer).action_choose()
        self.run_queue()
        self.assertEqual(self.letters(test, phase="rest", state="mailed"), {"B": 50})
        self.assertEqual(len(self.traces(test)), 100)
        late = self.start(count=20, clicks=(3, 3), test_percent=50)
        self.pass_deadline(late)
        late.decide()
        self.run_queue()
        with self.assertRaisesRegex(UserError, "Nobody is left"):
            late.arm_ids[1].with_user(self.marketer).action_choose()
        self.assertEqual((late.outcome, late.rest_arm_id), ("inconclusive", late.arm_ids[0]))

    def test_chosen_by_hand_is_recorded_as_such(self):
        test = self.start(count=100, clicks=(8, 9), test_percent=50, method="manual")
        self.pass_deadline(test)
        self.assertEqual(test.decide(), "pending", "nobody but a person decides this one")
        test.with_user(self.marketer).choose(test.arm_ids[0])
        self.assertEqual((test.outcome, test.decision_rule), ("manual", "manual"))
        self.assertEqual(test.decision_user_id, self.marketer)
        self.assertIn("Joel Willis", test.decision_reason)
        self.assertEqual([arm["events"] for arm in test.decision_data["arms"]], [8, 9])
        with self.assertRaises(UserError):
            test.with_user(self.marketer).choose(test.arm_ids[1])

    def test_minimum_sample(self):
        test = self.start(clicks=(20, 90), min_sample=201)
        self.pass_deadline(test)
        self.assertEqual(test.decide(), "inconclusive")
        self.assertIn("Too few recipients: A 200, B 200", test.decision_reason)

    def test_sequential_decides_early_when_clear_and_waits_when_not(self):
        test = self.start(clicks=(20, 28), method="sequential", min_sample=100)
        self.assertEqual(test.decide(), "pending")
        self.assertIn("by chance", test.pending_reason)
        self.click_counts(test, (0, 80))
        self.assertEqual(test.decide(), "winner")
        self.assertEqual((test.winner_arm_id.letter, test.decision_rule), ("B", "sequential"))
        self.assertLess(test.decision_date, test.deadline)

    def test_a_difference_that_one_look_would_crown_is_not_enough_when_looking_always(self):
        fixed = self.start(clicks=(40, 60))
        always = self.start(clicks=(40, 60), method="sequential")
        for test in (fixed, always):
            self.pass_deadline(test)
        self.assertEqual((fixed.decide(), always.decide()), ("winner", "inconclusive"))

    def test_more_than_two_arms_are_corrected(self):
        """p is 0.02 for the best pair: enough for two arms, not for the best of four."""
        subjects = ("Offer A", "Offer B", "Offer C", "Offer D")
        test = self.start(count=800, clicks=(40, 41, 42, 60), subjects=subjects)
        self.pass_deadline(test)
        self.assertEqual(test.decide(), "inconclusive")
        pair = next(p for p in test.decision_data["pairs"] if (p["first"], p["second"]) == ("A", "D"))
        self.assertLess(pair["p_value"], 0.05)
        self.assertGreater(pair["corrected"], 0.05)
        self.assertEqual(len(test.decision_data["pairs"]), 6)

    def test_best_of_three_must_beat_each_other_arm(self):
        subjects = ("Offer A", "Offer B", "Offer C")
        test = self.start(count=600, clicks=(10, 60, 61), subjects=subjects)
        self.pass_deadline(test)
        self.assertEqual(test.decide(), "inconclusive", "C is not better than B")
        clear = self.start(count=600, clicks=(10, 20, 90), subjects=subjects)
        self.pass_deadline(clear)
        self.assertEqual((clear.decide(), clear.winner_arm_id.letter), ("winner", "C"))

    def test_mails_on_their_way_put_the_decision_off(self):
        test = self.start(clicks=(20, 90))
        self.traces(test)[:3].write({"trace_status": "outgoing"})
        self.pass_deadline(test)
        self.assertEqual(test.decide(), "pending")
        self.assertIn("Mails still wait", test.pending_reason)
        self.deliver(test)
        self.assertEqual(test.decide(), "winner")

    def test_cron_goes_on_after_a_test_that_fails_and_says_why(self):
        broken, sound = self.start(clicks=(20, 90)), self.start(clicks=(20, 90))
        for test in (broken, sound):
            self.pass_deadline(test)
        Test = self.env.registry["mailing.ab.test"]
        judge = Test._judge

        def fail(self):
            if self == broken:
                raise ValueError("something is wrong with this one")
            return judge(self)

        with patch.object(Test, "_judge", fail):
            self.env["mailing.ab.test"]._cron_decide()
        self.assertEqual((broken.state, sound.state), ("running", "decided"))
        self.assertIn("something is wrong with this one", broken.pending_reason)
        self.env["mailing.ab.test"]._cron_decide()
        self.assertEqual(broken.state, "decided", "the next run decides it")

    def test_lift_against_the_hold_out(self):
        contacts = self.make_contacts(200)
        test = self.make_test(self.make_mailing(contacts), holdout_percent=50, test_percent=50)
        self.launch_delivered(test)
        rows = self.allocations(test)
        self.env.cr.execute(
            "UPDATE mailing_ab_allocation SET date = date - interval '1 hour' WHERE test_id = %s", [test.id]
        )
        rows.invalidate_recordset()
        mailed, held_out = rows.filtered("arm_id").partner_id, rows.filtered(lambda r: r.state == "holdout").partner_id
        self.assertEqual((len(mailed), len(held_out)), (100, 100))
        self.env["crm.lead"].create(
            [{"name": "Asked", "partner_id": contact.id} for contact in (*mailed[:30], *held_out[:10], *mailed[:5])]
        )
        everybody = next(line for line in test._get_lift() if line["outcome"] == "leads" and line["count"] == 100)
        self.assertEqual((everybody["events"], everybody["holdout_events"]), (30, 10), "by person, not by lead")
        self.assertAlmostEqual(everybody["difference"], 0.2)
        self.assertLess(everybody["p_value"], 0.01)
        self.assertGreater(everybody["low"], 0)

    def test_decision_record_is_read_in_the_language_of_who_looks(self):
        """Its numbers are kept as they were; the words beside them are the reader's."""
        self.env["res.lang"]._activate_lang("fr_FR")
        test = self.make_test(self.make_mailing(self.make_contacts(200)), holdout_percent=50, test_percent=50)
        self.launch_delivered(test)
        test.arm_ids[1].action_choose()
        english, french = (test.with_context(lang=lang).decision_html for lang in ("en_US", "fr_FR"))
        for text, own in (("All arms", "Toutes les variantes"), ("Revenue per Recipient", "par destinataire")):
            self.assertIn(text, english)
            self.assertNotIn(text, french)
            self.assertIn(own, french)

    def test_sample_size_helper(self):
        test = self.make_test(
            self.make_mailing(self.make_contacts(50)), plan_rate=20, plan_hoped=22, method="fixed"
        ).with_user(self.marketer)
        self.assertEqual((test.plan_needed, test.plan_expected), (6507, 25))
        self.assertIn("too few", test.plan_text)
        test.plan_hoped = 90
        self.assertLess(test.plan_needed, 25)
        self.assertIn("enough", test.plan_text)
        test.write({"plan_hoped": 22, "method": "sequential"})
        self.assertGreater(test.plan_needed, 6507)
        test.plan_hoped = 20
        self.assertEqual(test.plan_needed, 0)

    def test_deadline_wakes_the_cron(self):
        deadline = fields.Datetime.now() + timedelta(days=2)
        test = self.make_test(self.make_mailing(self.make_contacts(4)), deadline=deadline)
        cron = self.env.ref("crm_buying_journey.ir_cron_mailing_ab_test")
        self.launch(test)
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertIn(deadline, triggers.mapped("call_at"))
