# Trying a journey: the path shows, the tester alone gets mail, and nothing else changes.
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.crm_buying_journey.models.journey.kinds.journey_kind import Move

from .common_journey import JourneyCase

COUNTED = (
    "journey.participant",
    "journey.trace",
    "mailing.trace",
    "mail.message",
    "engagement.activity",
    "link.tracker",
    "mail.activity",
)


@tagged("post_install", "-at_install")
class TestTestRun(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journey = cls.make_journey(
            "buying.group",
            [("id", "=", cls.group.id)],
            [
                {"kind": "email", "name": "Mail"},
                {"kind": "wait", "name": "Wait", "wait_value": 30},
                {"kind": "action", "name": "Warm", "action_state": "buying_group_status", "buying_status": "Warm"},
                {"kind": "action", "action_state": "sales_alert", "alert_email_to": "team@example.com"},
                {"kind": "end", "name": "End"},
            ],
            user=cls.marketer,
            publish=False,
        )
        cls.marketer.group_ids += cls.env.ref("mass_mailing.group_mass_mailing_user")

    def make_run(self, *records, journey=None, user=None, **values):
        return (
            self.env["journey.test.run"]
            .with_user(user or self.marketer)
            .create(
                {
                    "journey_id": (journey or self.journey).id,
                    "email_to": "tester@example.com",
                    "record_ids": [Command.create({"record": f"{r._name},{r.id}"}) for r in records],
                    **values,
                }
            )
        )

    def count(self):
        self.env.flush_all()
        return {name: self.env[name].with_context(active_test=False).search_count([]) for name in COUNTED}

    def test_draft_is_walked_to_its_end_at_once(self):
        run = self.make_run(self.group)
        run.action_test()
        self.assertEqual(run.line_ids.mapped("node_name"), ["Mail", "Wait", "Warm", "Step 4", "End"])
        self.assertEqual(set(run.line_ids.mapped("state")), {"done"})
        self.assertIn("Would wait until", run.line_ids[1].reason)

    def test_nothing_but_the_tester_s_mails_is_left(self):
        before, status = self.count(), self.group.status
        mails = self.env["mail.mail"].search([])
        self.make_run(self.group).action_test()
        self.assertEqual(self.group.status, status)
        fresh = self.env["mail.mail"].search([]) - mails
        after = self.count()
        after["mail.message"] -= len(fresh)
        self.assertEqual(after, before)
        self.assertEqual(set(fresh.mapped("email_to")), {"tester@example.com"})
        self.assertFalse(any(fresh.mapped("email_cc")) or fresh.recipient_ids)
        self.assertEqual(len(fresh), 3, "the mail to both members, and the alert")
        self.assertTrue(all(subject.startswith("[TEST] ") for subject in fresh.mapped("subject")))
        self.assertTrue(any("https://www.example.com/offer" in body for body in fresh.mapped("body_html")))

    def test_who_is_inside_stays_where_they_are(self):
        self.journey.with_user(self.manager).action_publish()
        self.engine.tick()
        inside = self.journey.participant_ids
        place = (inside.node_id, inside.visit, inside.state, inside.due_at)
        run = self.make_run(self.group)
        run.action_test()
        self.assertEqual(len(run.line_ids), 5)
        self.journey.invalidate_recordset()
        self.assertEqual(self.journey.participant_ids, inside)
        self.assertEqual((inside.node_id, inside.visit, inside.state, inside.due_at), place)

    def test_code_is_described_and_not_run(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Run wild",
                "state": "code",
                "code": "raise UserError('ran')",
                "model_id": self.env["ir.model"]._get_id("buying.group"),
            }
        )
        steps = [{"kind": "action", "action_server_id": action.id}]
        journey = self.make_journey("buying.group", [("id", "=", self.group.id)], steps, publish=False)
        run = self.make_run(self.group, journey=journey)
        run.action_test()
        self.assertEqual(run.line_ids.state, "done")
        self.assertIn("Not run in a test", run.line_ids.reason)

    def test_error_shows_and_the_others_go_on(self):
        journey = self.make_journey(
            "res.partner", [("id", "=", 0)], [{"kind": "wait"}, {"kind": "end"}], user=self.marketer, publish=False
        )
        kind = type(self.env["journey.kind.wait"])

        def process(kind, node, participants):
            if self.brandon.id in participants.mapped("res_id"):
                raise UserError("poisoned")
            return {participant.id: Move() for participant in participants}

        self.patch(kind, "_process", process)
        run = self.make_run(self.brandon, self.colleen, journey=journey)
        run.action_test()
        self.assertEqual(run.line_ids.mapped("state"), ["failed", "done", "done"])
        self.assertEqual(run.line_ids[0].reason, "poisoned")

    def test_one_to_five_records_of_the_journey_s_model_and_an_address(self):
        for run in (
            self.make_run(),
            self.make_run(self.brandon),
            self.make_run(*[self.group] * 6),
            self.make_run(self.group, email_to="nobody"),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                run.action_test()

    def test_salesperson_may_not_test(self):
        with self.assertRaises(AccessError):
            self.make_run(self.group, user=self.salesperson)

    def test_dry_run_counts_who_would_enter_and_changes_nothing(self):
        before = self.count()
        run = self.make_run()
        run.action_dry_run()
        self.assertIn("1 records would enter", run.result)
        self.assertIn("no split", run.result)
        self.assertEqual(self.count(), before)
        self.assertFalse(self.journey.current_version_id)

    def test_dry_run_counts_the_paths_of_the_first_split(self):
        journey = self.make_journey(
            "res.partner",
            [("id", "in", (self.brandon + self.colleen + self.account).ids)],
            [{"kind": "wait", "name": "Wait"}, {"kind": "merge", "name": "Split"}, {"kind": "end", "name": "A"}],
            user=self.marketer,
            publish=False,
        )
        _wait, split, end = journey.node_ids
        other = end.copy({"version_id": journey.draft_version_id.id, "name": "B"})
        split.out_edge_ids.unlink()
        persons, _rest = self.env["journey.edge"].create(
            [
                {"source_id": split.id, "target_id": end.id, "outcome": "branch", "name": "People"},
                {"source_id": split.id, "target_id": other.id, "outcome": "default", "name": "Rest"},
            ]
        )
        accounts = self.account.ids
        self.patch(type(self.env["journey.kind.merge"]), "_outcomes", ("branch", "default"))
        self.patch(
            type(self.env["journey.kind.merge"]),
            "_process",
            lambda kind, node, participants: {
                participant.id: Move("default")
                if participant.res_id in accounts
                else Move("branch", edge_id=persons.id)
                for participant in participants
            },
        )
        run = self.make_run(journey=journey)
        run.action_dry_run()
        self.assertIn("3 records would enter", run.result)
        self.assertIn("People: 2", run.result)
        self.assertIn("Rest: 1", run.result)
        self.assertFalse(journey.participant_ids)

    def make_listening(self):
        """Two steps that listen, the second with a path of its own for an answer, then a split."""
        journey = self.make_journey(
            "res.partner", [("id", "in", (self.brandon + self.colleen).ids)], [], user=self.marketer, publish=False
        )
        version = journey.draft_version_id
        opened, replied = (
            self.env.ref(f"crm_buying_journey.engagement_activity_type_{code}")
            for code in ("email_opened", "email_replied")
        )
        values = {"kind": "listen", "activity_type_ids": (opened + replied).ids, "timeout_value": 2}
        first = version.add_step({"name": "First", **values})
        version.add_step({"name": "Silent", "kind": "end"}, after=first, outcome="timeout")
        second = version.add_step({"name": "Second", **values}, after=first, outcome="next")
        answered = version.add_step({"name": "Answered", "kind": "end"}, after=second, outcome="branch")
        answered.in_edge_ids.write({"activity_type_ids": replied.ids, "name": "An answer"})
        split = version.add_step({"name": "Split", "kind": "split"}, after=second, outcome="next")
        one = version.add_step({"name": "One", "kind": "end"}, after=split, outcome="branch")
        one.in_edge_ids.domain = f"[('id', '=', {self.brandon.id})]"
        version.add_step({"name": "Two", "kind": "end"}, after=split, outcome="default")
        return journey, first, second, answered

    def test_each_step_that_listens_has_an_answer_of_its_own(self):
        journey, first, second, answered = self.make_listening()

        def walk(**answers):
            run = self.make_run(self.brandon, journey=journey)
            self.assertEqual(run.answer_ids.node_id, first + second)
            for line in run.answer_ids:
                line.write(answers.get(line.node_id.name, {}))
            run.action_test()
            return run.line_ids.mapped("node_name")

        self.assertEqual(walk(), ["First", "Second", "Split", "One"])
        self.assertEqual(walk(First={"answer": "timeout"}), ["First", "Silent"])
        path = answered.in_edge_ids
        self.assertEqual(walk(Second={"answer": "branch", "edge_id": path.id}), ["First", "Second", "Answered"])
        with self.assertRaisesRegex(UserError, "Choose the path"):
            walk(Second={"answer": "branch"})
        self.assertFalse(journey.participant_ids)

    def test_dry_run_passes_what_listens_and_counts_at_the_split(self):
        journey = self.make_listening()[0]
        run = self.make_run(journey=journey)
        run.action_dry_run()
        self.assertIn("At the step “Split”", run.result)
        self.assertIn("One: 1", run.result)
        self.assertIn("Otherwise: 1", run.result, "named as everywhere else")

    def test_dry_run_is_for_the_responsible_and_managers(self):
        self.journey.user_id = self.manager
        with self.assertRaises(AccessError):
            self.make_run().action_dry_run()
        self.make_run(user=self.manager).action_dry_run()
