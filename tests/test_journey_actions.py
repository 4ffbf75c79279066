# Steps that add to or remove from another journey, update records, and may not run code.
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_insight_actions import ActionCase


@tagged("post_install", "-at_install")
class TestJourneyActions(ActionCase):
    def make_target(self, **values):
        return self.make_journey(
            "buying.group", [("id", "=", 0)], [{"kind": "wait", "name": "Wait"}, {"kind": "end"}], **values
        )

    def make_source(self, state, target, **values):
        steps = [{"kind": "action", "action_state": state, "target_journey_id": target.id}]
        return self.make_journey("buying.group", [("id", "=", self.group.id)], steps, user=self.marketer, **values)

    def test_step_adds_to_another_journey_once_at_a_time(self):
        target = self.make_target()
        self.make_source("journey_add", target)
        self.engine.tick()
        self.assertEqual(target.participant_ids.mapped("res_id"), self.group.ids)
        self.assertEqual(target.participant_ids.node_id.name, "Wait")
        again = self.make_source("journey_add", target)
        self.engine.tick()
        self.assertEqual(len(target.participant_ids), 1)
        trace = again.participant_ids.trace_ids
        self.assertEqual(trace.state, "skipped")
        self.assertIn("already", trace.reason)

    def test_entering_again_is_an_entry_of_its_own(self):
        target = self.make_target()
        target.sudo().write({"reentry": "end", "reentry_delay": 0})
        self.assertFalse(target._enter_now(self.group))
        target.participant_ids.action_exit()
        self.assertFalse(target._enter_now(self.group))
        self.assertEqual(sorted(target.participant_ids.mapped("entry")), [1, 2])

    def test_step_removes_from_another_journey(self):
        target = self.make_target()
        target._enter_now(self.group)
        source = self.make_source("journey_remove", target)
        self.engine.tick()
        self.assertEqual(target.participant_ids.state, "exited")
        self.assertIn("Taken out", target.participant_ids.exit_reason)
        self.assertEqual(source.participant_ids.trace_ids.state, "done")

    def test_nobody_enters_a_journey_that_is_not_live(self):
        target = self.make_target(publish=False)
        source = self.make_source("journey_add", target)
        self.engine.tick()
        self.assertIn("takes nobody in", source.participant_ids.trace_ids.reason)
        self.assertFalse(target.participant_ids)

    def test_journey_of_other_records_is_refused(self):
        target = self.make_journey("crm.lead", [("id", "=", 0)], [{"kind": "wait"}])
        source = self.make_source("journey_add", target, publish=False)
        with self.assertRaisesRegex(UserError, "takes Lead"):
            source.with_user(self.manager).action_publish()

    def test_step_cannot_remove_from_its_own_journey(self):
        journey = self.make_source("journey_remove", self.make_target(), publish=False)
        journey.node_ids.target_journey_id = journey
        with self.assertRaisesRegex(UserError, "own journey"):
            journey.with_user(self.manager).action_publish()

    def test_only_managers_take_out_by_hand(self):
        target = self.make_target()
        target._enter_now(self.group)
        action = self.make_action("journey_remove", "buying.group", target_journey_id=target.id)
        with self.assertRaises(AccessError):
            self.run_on(action, self.group, user=self.marketer)
        self.run_on(action, self.group, user=self.manager)
        self.assertEqual(target.participant_ids.state, "exited")

    def test_sales_cannot_put_anybody_into_a_journey(self):
        action = self.make_action("journey_add", "buying.group", target_journey_id=self.make_target().id)
        with self.assertRaises(AccessError):
            self.run_on(action, self.group, user=self.salesperson)

    # The host's actions -------------------------------------------------------------------------------------------

    def make_update(self, **values):
        values = {"update_path": "comment", "html_value": "<p>Met</p>", "evaluation_type": "value"} | values
        return self.make_action("object_write", **values)

    def run_steps_on(self, action, partners):
        journey = self.make_journey(
            "res.partner", [("id", "in", partners.ids)], [{"kind": "action", "action_server_id": action.id}]
        )
        self.engine.tick()
        return journey

    def test_update_writes_the_whole_batch_at_once(self):
        action = self.make_update(update_path="ref", value="Seen")
        partners = self.account + self.other_account + self.brandon
        written = []
        write = type(partners).write

        def spy(records, vals):
            if "ref" in vals:
                written.append(len(records))
            return write(records, vals)

        with patch.object(type(partners), "write", spy):
            self.run_steps_on(action, partners)
        self.assertEqual(partners.mapped("ref"), ["Seen"] * 3)
        self.assertEqual(written, [3])

    def test_update_follows_a_path(self):
        action = self.make_update(update_path="parent_id.ref", value="Above")
        self.run_steps_on(action, self.brandon + self.colleen)
        self.assertEqual(self.account.ref, "Above")

    def test_computed_value_is_worked_out_for_each_record(self):
        action = self.make_update(update_path="ref", value="record.name", evaluation_type="equation")
        self.run_steps_on(action, self.account + self.other_account)
        self.assertEqual(self.account.ref, self.account.name)
        self.assertEqual(self.other_account.ref, self.other_account.name)

    def test_activity_and_code_work_as_steps(self):
        todo = self.env.ref("mail.mail_activity_data_todo")
        action = self.make_action(
            "next_activity",
            activity_type_id=todo.id,
            activity_summary="Call them",
            activity_user_type="specific",
            activity_user_id=self.manager.id,
        )
        self.run_steps_on(action, self.account)
        self.assertEqual(self.account.activity_ids.summary, "Call them")
        self.run_steps_on(self.make_action("code", code="records.write({'ref': 'By code'})"), self.account)
        self.assertEqual(self.account.ref, "By code")

    def test_webhook_of_a_failed_attempt_is_not_called(self):
        action = self.make_action("webhook", webhook_url="http://localhost/none")
        fail = self.make_action("code", code="raise UserError('no')")
        both = self.make_action("multi", child_ids=[(6, 0, (action + fail).ids)])
        self.run_steps_on(both, self.account)
        self.assertNotIn("_add_post_commit", [func.__name__ for func in self.env.cr.postcommit._funcs])
        self.env.cr.postrollback.clear()


@tagged("post_install", "-at_install")
class TestNoCodeByStealth(ActionCase):
    """Each test is a door by which somebody without system rights could bring code into a journey, or run it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.code = cls.make_action("code", "buying.group", code="raise Exception('ran')")
        cls.hook = cls.make_action("webhook", "buying.group", webhook_url="http://localhost/none")
        cls.draft = cls.make_journey(
            "buying.group",
            [("id", "=", cls.group.id)],
            [{"kind": "action", "name": "Note", "action_state": "buying_group_status", "buying_status": "Warm"}],
            user=cls.marketer,
            publish=False,
        )
        cls.node = cls.draft.node_ids.with_user(cls.marketer)

    def assertRefused(self, call, exception=UserError):
        with self.assertRaises(exception), self.env.cr.savepoint():
            call()

    def codes(self):
        return self.env["ir.actions.server"].search_count([("state", "in", ("code", "webhook", "multi"))])

    def test_neither_create_nor_write_takes_code(self):
        for action in (self.code, self.hook, self.make_action("multi", "buying.group")):
            values = {"version_id": self.draft.draft_version_id.id, "kind": "action", "name": "x"}
            self.assertRefused(
                lambda a=action, v=values: (
                    self.env["journey.node"].with_user(self.marketer).create({**v, "action_server_id": a.id})
                ),
                AccessError,
            )
            self.assertRefused(lambda a=action: self.node.write({"action_server_id": a.id}), AccessError)

    def test_kind_of_the_step_s_action_cannot_be_code(self):
        for state in ("code", "webhook", "multi", "object_create"):
            self.assertRefused(lambda s=state: self.node.write({"action_state": s}))

    def test_defaults_of_the_context_bring_nothing(self):
        child = {
            "name": "Child",
            "state": "code",
            "code": "raise Exception('ran')",
            "model_id": self.env["ir.model"]._get_id("buying.group"),
        }
        before = self.codes()
        Node = self.env["journey.node"].with_user(self.marketer)
        node = Node.with_context(
            default_child_ids=[(0, 0, child)], default_code="raise Exception('ran')", default_usage="ir_cron"
        ).create(
            {
                "version_id": self.draft.draft_version_id.id,
                "kind": "action",
                "name": "x",
                "action_state": "buying_group_status",
                "buying_status": "Warm",
            }
        )
        action = node.action_server_id.sudo()
        self.assertFalse(action.child_ids)
        self.assertFalse(action.code)
        self.assertEqual(action.usage, "ir_actions_server")
        node.with_context(default_child_ids=[(0, 0, child)]).copy({"version_id": self.draft.draft_version_id.id})
        self.assertEqual(self.codes(), before)

    def test_defaults_of_the_context_bring_no_step_into_a_new_journey(self):
        step = {"kind": "action", "name": "x", "action_server_id": self.code.id}
        Journey = self.env["journey.journey"].with_user(self.marketer)
        journey = Journey.with_context(default_node_ids=[(0, 0, step)], default_state="live")
        values = {"name": "x", "model_id": self.env["ir.model"]._get_id("buying.group")}
        try:
            with self.env.cr.savepoint():
                made = journey.create(values)
        except UserError:
            return
        self.assertFalse(made.version_ids.node_ids)
        self.assertEqual(made.version_ids.state, "draft")

    def test_step_with_code_is_not_aimed_at_others_nor_copied(self):
        node = self.env["journey.node"].create(
            {
                "version_id": self.draft.draft_version_id.id,
                "kind": "action",
                "name": "Admin's",
                "action_server_id": self.code.id,
            }
        )
        mine = node.with_user(self.marketer)
        self.assertRefused(lambda: mine.write({"people": "people"}), AccessError)
        self.assertRefused(mine.copy, AccessError)
        self.assertRefused(self.draft.with_user(self.marketer).copy, AccessError)
        mine.name = "Renamed"  # that does no harm

    def test_own_action_that_became_code_is_neither_edited_nor_copied(self):
        self.node.action_server_id.sudo().write({"state": "code", "code": "raise Exception('ran')"})
        self.assertRefused(lambda: self.node.write({"buying_status": "Cold"}), AccessError)
        self.assertRefused(self.node.copy, AccessError)

    def test_server_action_itself_is_out_of_reach(self):
        action = self.node.action_server_id
        self.assertRefused(lambda: action.write({"state": "code"}), AccessError)
        self.assertRefused(action.copy, AccessError)
        self.assertRefused(
            lambda: self.env["ir.actions.server"].with_user(self.marketer).create({"name": "x", "state": "code"}),
            AccessError,
        )

    def test_published_step_s_action_stays(self):
        self.draft.with_user(self.manager).action_publish()
        self.assertRefused(lambda: self.node.write({"buying_status": "Cold"}))

    def test_step_points_at_nothing_its_author_may_not_see(self):
        other = self.env["res.company"].create({"name": "Other company"})
        foreign = self.env["journey.journey"].create(
            {"name": "Foreign", "company_id": other.id, "model_id": self.env["ir.model"]._get_id("buying.group")}
        )
        self.assertRefused(
            lambda: self.node.write({"action_state": "journey_add", "target_journey_id": foreign.id}), AccessError
        )
