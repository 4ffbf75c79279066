# What calls past the screens must not bring about: forged links between steps and journeys, tokens moved by hand,
# closing by the back door, and reading through somebody else's rights.
import time
from datetime import timedelta
from itertools import pairwise

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestJourneyGuards(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.domain = [("id", "=", cls.group.id)]
        steps = [{"kind": "wait", "name": "Wait"}, {"kind": "wait", "name": "Again"}, {"kind": "end", "name": "End"}]
        cls.live = cls.make_journey("buying.group", cls.domain, steps)
        cls.draft = cls.make_journey("buying.group", cls.domain, steps, user=cls.marketer, publish=False)
        cls.own_leads = new_test_user(
            cls.env, "own_leads", "crm_buying_journey.group_user,sales_team.group_sale_salesman"
        )

    def assertRefused(self, call):
        with self.assertRaises(UserError), self.env.cr.savepoint():  # an AccessError is one, too
            call()

    def test_step_cannot_pretend_to_belong_to_another_journey(self):
        """It would run with the rights of the other journey's responsible user."""
        Node = self.env["journey.node"].with_user(self.marketer)
        values = {"version_id": self.draft.draft_version_id.id, "kind": "end", "name": "x"}
        for node in (
            Node.create(values | {"journey_id": self.live.id}),
            Node.with_context(default_journey_id=self.live.id).create(values),
        ):
            self.assertEqual(node.journey_id, self.draft)
        self.draft.node_ids[0].with_user(self.marketer).write({"journey_id": self.live.id, "name": "Renamed"})
        self.draft.node_ids.flush_recordset()
        self.draft.node_ids.invalidate_recordset()
        self.assertEqual(self.draft.node_ids.journey_id, self.draft)
        self.assertEqual(self.draft.node_ids[0].name, "Renamed")

    def test_connection_cannot_slip_into_a_live_version_under_the_name_of_a_draft(self):
        wait, again, end = self.live.node_ids
        before = self.live.current_version_id.edge_ids
        Edge = self.env["journey.edge"].with_user(self.marketer)
        values = {"source_id": wait.id, "target_id": end.id, "outcome": "error"}
        draft_id = self.draft.draft_version_id.id
        self.assertRefused(lambda: Edge.create(values | {"version_id": draft_id}))
        self.assertRefused(lambda: Edge.with_context(default_version_id=draft_id).create(values))
        edge = self.draft.draft_version_id.edge_ids[0].with_user(self.marketer)
        self.assertRefused(lambda: edge.write(values | {"version_id": draft_id}))
        self.assertRefused(lambda: before[0].with_user(self.marketer).write({"version_id": draft_id}))
        self.assertEqual(again.in_edge_ids | end.in_edge_ids, before)

    def test_tokens_are_moved_by_the_buttons_only(self):
        self.engine.tick()
        participant = self.live.participant_ids
        for user in (self.marketer, self.manager):
            for values in (
                {"node_id": self.draft.node_ids[0].id},
                {"res_id": self.group.id + 1},
                {"res_model": "res.partner"},
                {"state": "completed"},
                {"due_at": fields.Datetime.now()},
                {"version_id": self.draft.draft_version_id.id},
                {"journey_id": self.draft.id},
            ):
                self.assertRefused(lambda v=values, u=user: participant.with_user(u).write(v))
            self.assertRefused(
                lambda u=user: self.live.with_user(u).write(
                    {"participant_ids": [Command.update(participant.id, {"res_id": self.group.id + 1})]}
                )
            )
        self.assertRefused(participant.with_user(self.marketer).action_exit)
        participant.with_user(self.manager).action_skip_wait()
        participant.with_user(self.manager).action_exit()
        self.assertEqual(participant.state, "exited")

    def test_context_of_a_caller_makes_no_step(self):
        """Steps may take participants out since a manager approved them; a caller's context proves nothing."""
        self.engine.tick()
        action = self.env["ir.actions.server"].create(
            {
                "name": "Remove",
                "state": "journey_remove",
                "model_id": self.env["ir.model"]._get_id("buying.group"),
                "target_journey_id": self.live.id,
            }
        )
        context = {"active_model": "buying.group", "active_ids": self.group.ids, "active_id": self.group.id}
        for extra in ({}, {"journey_step": True}):
            self.assertRefused(action.with_user(self.marketer).with_context(**context, **extra).run)
        self.assertEqual(self.live.participant_ids.state, "active")

    def test_running_journey_is_closed_by_managers_only(self):
        journey = self.live.with_user(self.marketer)
        for values in ({"date_end": fields.Datetime.now() + timedelta(seconds=1)}, {"pause_mode": "stands"}):
            self.assertRefused(lambda v=values: journey.write(v))
            self.live.with_user(self.manager).write(values)
        self.draft.with_user(self.marketer).write({"date_end": fields.Datetime.now() + timedelta(days=1)})

    def test_running_journey_cannot_be_hidden(self):
        """An archived one lets nobody in, but would go on writing mails unseen."""
        for user in (self.marketer, self.manager):
            self.assertRefused(lambda u=user: self.live.with_user(u).action_archive())
            self.assertRefused(lambda u=user: self.live.with_user(u).write({"active": False}))
        self.live.with_user(self.manager).action_abort()
        self.live.with_user(self.marketer).action_archive()
        self.assertFalse(self.live.active)

    def test_question_before_publishing_counts_what_the_user_may_see(self):
        self.env["crm.lead"].create({"name": "Secret offer of a colleague", "user_id": self.manager.id})
        journey = (
            self.env["journey.journey"]
            .with_user(self.own_leads)
            .create(
                {
                    "name": "Probe",
                    "model_id": self.env["ir.model"]._get_id("crm.lead"),
                    "domain": "[('name', 'like', 'Secret offer of')]",
                }
            )
        )
        self.env.invalidate_all()
        self.assertEqual(journey.audience_count, 0)
        wizard = self.env["journey.publish"].with_user(self.own_leads).create({"journey_id": journey.id})
        self.env.invalidate_all()
        self.assertEqual(wizard.read(["audience_count"])[0]["audience_count"], 0)

    def test_nobody_enters_before_the_start_by_a_server_action(self):
        journey = self.make_journey(
            "buying.group",
            [],
            [{"kind": "end"}],
            date_start=fields.Datetime.now() + timedelta(days=1),
            entry_type="manual",
        )
        action = self.env["ir.actions.server"].create(
            {
                "name": "Add",
                "state": "journey_add",
                "model_id": self.env["ir.model"]._get_id("buying.group"),
                "target_journey_id": journey.id,
            }
        )
        action.with_context(active_model="buying.group", active_ids=self.group.ids, active_id=self.group.id).run()
        self.assertFalse(journey.participant_ids)

    def test_exported_file_is_its_maker_s(self):
        """An administrator's may hold code and addresses of web calls that others do not see."""
        admin = self.env.ref("base.user_admin")
        url = self.draft.with_user(admin).action_export()["url"]
        attachment = self.env["ir.attachment"].browse(int(url.split("?")[0].rsplit("/", 1)[1]))
        attachment.with_user(admin).check_access("read")
        self.assertRefused(lambda: attachment.with_user(self.marketer).check_access("read"))

    def test_records_to_add_that_are_no_ids(self):
        journey = self.live.with_user(self.marketer)
        for ids in (["x"], [None], [{}], "12", [0], [-1], [10**12], [1.5], True):
            with self.subTest(ids=ids):
                self.assertRefused(lambda i=ids: journey.add_records(i))

    def test_deep_domains_are_refused(self):
        for depth in (500, 5_000):
            text = "[" + "'!', " * depth + "('name', '=', 'x')]"
            for name in ("domain", "exit_domain", "goal_domain"):
                with self.subTest(depth=depth, name=name):
                    try:
                        with self.env.cr.savepoint():
                            self.draft.with_user(self.marketer).write({name: text})
                            self.draft.with_user(self.manager).action_publish()
                    except UserError:
                        continue

    def test_number_of_steps_is_limited_and_long_chains_are_checked_in_reasonable_time(self):
        count = 1_000
        version = self.draft.draft_version_id
        values = {"version_id": version.id, "kind": "merge", "name": "Too many"}
        self.assertRefused(lambda: self.env["journey.node"].with_user(self.marketer).create([values] * 998))
        version.node_ids.unlink()
        nodes = self.env["journey.node"].create(
            [{"version_id": version.id, "kind": "merge", "name": f"{number}"} for number in range(count)]
        )
        self.env["journey.edge"].create(
            [{"source_id": source.id, "target_id": target.id} for source, target in pairwise(nodes)]
        )
        start = time.process_time()
        errors = version._get_graph_errors()
        self.assertFalse(errors)
        self.assertLess(time.process_time() - start, 5)
