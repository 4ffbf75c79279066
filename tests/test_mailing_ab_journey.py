# A/B tests of a journey's mail: drawn at arrival, the winner for newcomers, the hold-out never.
from collections import Counter
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_ab import AbCase
from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestMailingAbJourney(AbCase, JourneyCase):
    def make(self, contacts, publish=True, **values):
        """A published journey with one mail that is tested."""
        journey = self.make_journey(
            "res.partner",
            [("id", "in", contacts.ids), ("ref", "=", "in")],
            [{"kind": "email", "name": "Mail"}, {"kind": "end"}],
            publish=False,
        )
        node = journey.node_ids.filtered(lambda node: node.kind == "email")
        node.with_user(self.marketer).action_open_ab_test()
        test = node.ab_test_id
        self.assertEqual(test.journey_node_id, node)
        test.with_user(self.marketer).arm_ids[1].subject = "Offer B"
        test.with_user(self.marketer).write(
            {"min_sample": 5, "method": "fixed", "deadline": fields.Datetime.now() + timedelta(days=2), **values}
        )
        if publish:
            journey.with_user(self.manager).action_publish()
        return journey, test

    def arrive(self, contacts):
        contacts.ref = "in"
        self.engine.tick()

    def test_drawn_at_arrival_then_the_winner_and_never_the_hold_out(self):
        contacts = self.make_contacts(90)
        journey, test = self.make(contacts, holdout_percent=20)
        self.assertEqual(test.state, "running")
        self.assertEqual(set(test.arm_ids.mailing_id.mapped("state")), {"done"}, "never in the mailing queue")
        self.arrive(contacts[:60])
        rows = self.allocations(test)
        self.assertEqual(len(rows), 60)
        states = Counter((row.state, row.arm_id.letter) for row in rows)
        for part, share in ((("holdout", False), 0.2), (("mailed", "A"), 0.4), (("mailed", "B"), 0.4)):
            self.assertLess(abs(states[part] - 60 * share), 4 * (60 * share * (1 - share)) ** 0.5)
        by_arm = {arm: self.traces(test, arm) for arm in test.arm_ids}
        for arm, traces in by_arm.items():
            self.assertEqual(
                sorted(traces.mapped("res_id")), sorted(r.res_id for r in rows if r.arm_id == arm), "each its own arm"
            )
            mails = self.env["mail.mail"].search([("mailing_id", "=", arm.mailing_id.id)])
            self.assertEqual(set(mails.mapped("subject")), {arm.subject})
        self.deliver(test)
        self.click(by_arm[test.arm_ids[1]])
        self.pass_deadline(test)
        self.assertEqual((test.decide(), test.winner_arm_id.letter), ("winner", "B"))
        self.arrive(contacts[60:])
        late = self.allocations(test).filtered(lambda row: row.res_id in contacts[60:].ids)
        self.assertEqual({row.arm_id.letter for row in late if row.state == "mailed"}, {"B"})
        self.assertEqual({row.phase for row in late if row.state == "mailed"}, {"rest"})
        self.assertTrue(late.filtered(lambda row: row.state == "holdout"), "the hold-out stays one")
        skipped = journey.participant_ids.trace_ids.filtered(lambda t: t.state == "skipped")
        self.assertIn("Hold-out of the A/B test", skipped[0].reason)
        held_out = self.allocations(test, state="holdout").mapped("res_id")
        self.assertFalse(set(held_out) & set(self.traces(test).mapped("res_id")))

    def test_excluded_ones_are_not_drawn(self):
        contacts = self.make_contacts(12)
        self.env["mail.blacklist"]._add(contacts[0].email)
        contacts[2].email = contacts[1].email
        journey, test = self.make(contacts)
        self.arrive(contacts)
        refused = contacts[0] + contacts[2]
        drawn = self.allocations(test).filtered(lambda row: row.state != "excluded")
        self.assertEqual(set(drawn.mapped("res_id")), set((contacts - refused).ids), "the rules of mails come first")
        self.assertEqual(set(drawn.mapped("state")), {"mailed"})
        states = Counter(t.state for t in journey.participant_ids.trace_ids if t.node_id.kind == "email")
        self.assertEqual(states, {"done": 10, "skipped": 2})

    def test_publishing_lists_what_is_wrong_with_the_test(self):
        contacts = self.make_contacts(2)
        journey, test = self.make(contacts, publish=False)
        test.with_user(self.marketer).arm_ids[1].subject = test.arm_ids[0].subject
        with self.assertRaisesRegex(UserError, "Arms A and B are the same"):
            journey.with_user(self.manager).action_publish()

    def test_next_version_goes_on_with_the_winner(self):
        contacts = self.make_contacts(60)
        journey, test = self.make(contacts)
        self.arrive(contacts)
        self.deliver(test)
        self.click(self.traces(test, test.arm_ids[1]))
        journey.with_user(self.manager).action_edit()
        copied = journey.draft_version_id.node_ids.ab_test_id
        self.assertEqual((copied.state, copied.hash_key), ("draft", test.hash_key), "an open test goes on anew")
        self.assertEqual(copied.arm_ids.mapped("subject"), test.arm_ids.mapped("subject"))
        journey.with_user(self.manager).action_discard_draft()
        self.assertFalse(copied.exists())
        self.pass_deadline(test)
        self.assertEqual(test.decide(), "winner")
        journey.with_user(self.manager).action_edit()
        mailing = journey.draft_version_id.node_ids.mailing_id
        self.assertFalse(mailing.ab_test_id)
        self.assertEqual(mailing.subject, "Offer B")

    def test_stopped_test_mails_no_newcomers(self):
        contacts = self.make_contacts(12)
        _journey, test = self.make(contacts)
        self.arrive(contacts[:6])
        test.with_user(self.marketer).action_stop()
        self.arrive(contacts[6:])
        self.assertEqual(len(self.traces(test)), 6)
        self.assertEqual(Counter(self.allocations(test).mapped("state")), {"mailed": 6, "dropped": 6})
