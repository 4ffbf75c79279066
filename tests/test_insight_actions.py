# Our server actions about groups, accounts and moments: from the Action menu, from automations and as steps.
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_journey import JourneyCase


class ActionCase(JourneyCase):
    @classmethod
    def make_action(cls, state, model="res.partner", **values):
        return cls.env["ir.actions.server"].create(
            {"name": state, "state": state, "model_id": cls.env["ir.model"]._get_id(model), **values}
        )

    def run_on(self, action, records, user=None, **context):
        """As a person does from the Action menu, unless the context says otherwise."""
        return (
            action.with_user(user or self.marketer)
            .with_context(active_model=records._name, active_ids=records.ids, active_id=records.ids[0], **context)
            .run()
        )

    def run_as_step(self, action, records):
        result = self.run_on(action, records, journey_step=True)
        return result["journey_skipped"] if result else {}

    def member(self, person, group=None):
        group = group or self.group
        row = self.env["buying.group.member"].search([("group_id", "=", group.id), ("partner_id", "=", person.id)])
        return row.state, row.role_id, row.source


@tagged("post_install", "-at_install")
class TestBuyingActions(ActionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.of_solution = {"buying_solution_id": cls.solution.id}
        cls.nicole = cls.env["res.partner"].create({"name": "Nicole Ford", "parent_id": cls.account.id})
        cls.stage_model = cls.env["buying.stage.model"].create({"name": "Test stages"})
        cls.lead, cls.won, cls.late = cls.env["buying.stage"].create(
            [
                {"name": "First", "model_id": cls.stage_model.id, "is_entry": True},
                {"name": "Second", "model_id": cls.stage_model.id},
                {"name": "Third", "model_id": cls.stage_model.id, "destination": "success"},
            ]
        )
        cls.lead.allowed_stage_ids = cls.won
        cls.won.allowed_stage_ids = cls.late + cls.lead
        cls.stage_model.action_publish()
        cls.solution.stage_model_id = cls.stage_model

    def test_assign_makes_members_of_the_account_s_group_and_says_whose_decision_it_was(self):
        action = self.make_action("buying_group_assign", buying_role_id=self.role_champion.id, **self.of_solution)
        self.run_as_step(action, self.nicole)
        self.assertEqual(self.member(self.nicole), ("in", self.role_champion, "journey"))
        self.group.remove_member(self.nicole, "journey")
        self.run_on(action, self.nicole)
        self.assertEqual(self.member(self.nicole), ("in", self.role_champion, "manual"))

    def test_an_automation_rule_is_no_person(self):
        action = self.make_action("buying_group_assign", buying_role_id=self.role_champion.id, **self.of_solution)
        self.run_on(action, self.nicole, __action_done={})
        self.assertEqual(self.member(self.nicole)[2], "journey")

    def test_assign_by_a_step_does_not_overrule_a_person_and_says_so(self):
        action = self.make_action("buying_group_assign", buying_role_id=self.role_champion.id, **self.of_solution)
        stranger = self.env["res.partner"].create({"name": "Billy Fox"})
        reasons = self.run_as_step(action, self.brandon + self.colleen + self.account + stranger + self.nicole)
        self.assertEqual(self.member(self.brandon)[1], self.role_decision)
        self.assertIn("by hand", reasons[self.brandon.id])
        self.assertIn("already", reasons[self.colleen.id])
        self.assertIn("no person", reasons[self.account.id])
        self.assertIn("no buying group", reasons[stranger.id])
        self.assertNotIn(self.nicole.id, reasons)

    def test_assign_runs_on_the_contact_of_a_lead(self):
        action = self.make_action(
            "buying_group_assign", "crm.lead", buying_role_id=self.role_champion.id, **self.of_solution
        )
        leads = self.env["crm.lead"].create([{"name": "Lead", "partner_id": self.nicole.id} for _number in range(2)])
        self.run_on(action, leads)
        self.assertEqual(self.member(self.nicole)[0], "in")

    def test_person_is_told_of_what_was_not_done(self):
        action = self.make_action("buying_group_remove", **self.of_solution)
        result = self.run_on(action, self.nicole)
        self.assertEqual(result["tag"], "display_notification")
        self.assertIn("no member", result["params"]["message"])

    def test_remove_takes_members_out_as_far_as_precedence_goes(self):
        action = self.make_action("buying_group_remove", **self.of_solution)
        self.group.assign_member(self.nicole, self.role_champion, "system")
        reasons = self.run_as_step(action, self.nicole + self.brandon)
        self.assertEqual(self.member(self.nicole), ("out", self.role_champion, "journey"))
        self.assertEqual(set(reasons), {self.brandon.id})
        self.run_on(action, self.brandon)
        self.assertEqual(self.member(self.brandon)[0], "out")

    def test_stage_moves_as_the_model_allows(self):
        action = self.make_action("buying_group_stage", buying_stage_id=self.lead.id, **self.of_solution)
        reasons = self.run_as_step(action, self.account + self.other_account)
        self.assertEqual((self.group.stage_id, self.group.stage_source), (self.lead, "journey"))
        self.assertEqual(set(reasons), {self.other_account.id})
        late = self.make_action("buying_group_stage", "buying.group", buying_stage_id=self.late.id)
        self.assertIn("may not be followed", self.run_as_step(late, self.group)[self.group.id])
        self.assertEqual(self.group.stage_id, self.lead)
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            self.run_on(late, self.group)

    def test_step_does_not_move_a_group_back_where_a_person_took_it_out(self):
        self.group.set_stage(self.lead)
        self.group.set_stage(self.won)
        action = self.make_action("buying_group_stage", "buying.group", buying_stage_id=self.lead.id)
        self.assertIn("by hand", self.run_as_step(action, self.group)[self.group.id])
        self.assertEqual(self.group.stage_id, self.won)

    def test_status_is_written_and_at_most_50_characters_long(self):
        action = self.make_action("buying_group_status", buying_status="Ready for an offer", **self.of_solution)
        self.assertFalse(self.run_as_step(action, self.brandon))
        self.assertEqual(self.group.status, "Ready for an offer")
        self.assertIn("already", self.run_as_step(action, self.account)[self.account.id])
        action.buying_status = "x" * 50
        with self.assertRaisesRegex(UserError, "50 characters"):
            action.buying_status = "x" * 51

    def test_moment_is_logged_for_person_account_and_group(self):
        values = {"moment_type": "milestone", "moment_description": "Asked for a demonstration"}
        self.run_on(self.make_action("interesting_moment", **values), self.brandon + self.account)
        self.run_on(self.make_action("interesting_moment", "buying.group", **values), self.group)
        moments = self.env["engagement.activity"].search(
            [("code", "=", "interesting_moment"), ("account_id", "=", self.account.id)], order="id"
        )
        self.assertEqual(moments.mapped("subject"), ["Asked for a demonstration"] * 3)
        self.assertEqual(moments.partner_id, self.brandon)
        self.assertEqual(moments.group_id, self.group)
        self.assertEqual(set(moments.mapped("new_value")), {"milestone"})

    def test_moment_has_at_most_140_characters(self):
        action = self.make_action("interesting_moment", moment_type="web", moment_description="x" * 140)
        with self.assertRaisesRegex(UserError, "140 characters"):
            action.moment_description = "x" * 141

    def test_accounts_come_into_and_out_of_a_static_list(self):
        account_list = self.env["buying.account.list"].create({"name": "Test list"})
        account_list.action_publish()
        values = {"buying_account_list_id": account_list.id}
        add = self.make_action("account_list_add", **values)
        self.assertFalse(self.run_as_step(add, self.brandon + self.other_account))
        self.assertEqual(account_list.partner_ids, self.account + self.other_account)
        self.assertIn("already", self.run_as_step(add, self.account)[self.account.id])
        remove = self.make_action("account_list_remove", "buying.group", **values)
        self.run_as_step(remove, self.group)
        self.assertEqual(account_list.partner_ids, self.other_account)
        self.assertIn("not in", self.run_as_step(remove, self.group)[self.group.id])

    def test_only_static_lists_that_are_live(self):
        draft = self.env["buying.account.list"].create({"name": "Test draft"})
        with self.assertRaisesRegex(UserError, "static lists that are live"):
            self.make_action("account_list_add", buying_account_list_id=draft.id)

    def test_action_without_its_parameters_says_which_and_does_not_run(self):
        action = self.make_action("buying_group_assign")
        self.assertIn("Solution, Role", action.warning)
        with self.assertRaisesRegex(UserError, "warnings"):
            self.run_on(action, self.nicole)
        self.assertFalse(self.make_action("buying_group_stage", "buying.group", buying_stage_id=self.lead.id).warning)

    def test_role_and_stage_are_those_of_the_solution(self):
        stranger = self.env.ref("crm_buying_journey.buying_role_influencer")
        with self.assertRaisesRegex(UserError, "not a role"):
            self.make_action("buying_group_assign", buying_role_id=stranger.id, **self.of_solution)

    def test_each_kind_runs_on_its_models_only(self):
        with self.assertRaisesRegex(UserError, "does not run on"):
            self.make_action("buying_group_assign", "buying.group")
        with self.assertRaisesRegex(UserError, "does not run on"):
            self.make_action("buying_group_status", "res.users")

    def test_sales_cannot_move_stages_by_an_action(self):
        action = self.make_action("buying_group_stage", "buying.group", buying_stage_id=self.lead.id)
        with self.assertRaises(AccessError):
            self.run_on(action, self.group, user=self.salesperson)

    def test_number_of_queries_does_not_grow_with_the_records(self):
        def people(count):
            return self.env["res.partner"].create(
                [{"name": f"Person {number}", "parent_id": self.account.id} for number in range(count)]
            )

        action = self.make_action("interesting_moment", moment_type="web")
        few, many = people(2), people(60)
        counts = []
        for batch in (people(1), few, many):
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            self.run_as_step(action, batch)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - start)
        self.assertLessEqual(counts[2] - counts[1], 3)

    def test_each_kind_is_chosen_on_the_step_with_its_parameters(self):
        journey = self.make_journey(
            "buying.group",
            [("id", "=", self.group.id)],
            [
                {"kind": "action", "action_state": "buying_group_stage", "buying_stage_id": self.lead.id},
                {"kind": "action", "action_state": "buying_group_status", "buying_status": "Warm"},
                {
                    "kind": "action",
                    "people": "people",
                    "action_state": "interesting_moment",
                    "moment_type": "milestone",
                    "moment_description": "Entered",
                },
                {
                    "kind": "action",
                    "people": "people",
                    "action_state": "buying_group_remove",
                    "buying_solution_id": self.solution.id,
                },
            ],
            user=self.marketer,
        )
        self.assertEqual(journey.node_ids[0].summary, "Move the buying group to First")
        self.engine.tick()
        self.assertEqual((self.group.stage_id, self.group.status), (self.lead, "Warm"))
        self.assertEqual(
            self.env["engagement.activity"].search([("subject", "=", "Entered")]).partner_id,
            self.brandon + self.colleen,
        )
        last = journey.participant_ids.trace_ids.filtered(lambda trace: trace.node_id == journey.node_ids[3])
        self.assertEqual(last.state, "skipped")
        self.assertIn("by hand", last.reason)

    def test_step_with_a_missing_parameter_is_not_published(self):
        journey = self.make_journey(
            "buying.group",
            [("id", "=", self.group.id)],
            [{"kind": "action", "action_state": "buying_group_status"}],
            publish=False,
        )
        with self.assertRaisesRegex(UserError, "New Status"):
            journey.with_user(self.manager).action_publish()

    def test_changing_the_step_changes_its_action_and_no_other(self):
        journey = self.make_journey(
            "res.partner",
            [("id", "=", self.account.id)],
            [{"kind": "action", "action_state": "interesting_moment", "moment_type": "web"}],
            publish=False,
        )
        node = journey.node_ids.with_user(self.marketer)
        action = node.action_server_id
        node.write({"moment_description": "Seen"})
        self.assertEqual((node.action_server_id, node.moment_type), (action, "web"))
        node.write({"action_state": "buying_group_status", "buying_status": "Warm"})
        self.assertEqual((action.sudo().state, action.sudo().buying_status), ("buying_group_status", "Warm"))
        copied = journey.copy().node_ids
        self.assertNotEqual(copied.action_server_id, action)
        self.assertEqual(copied.buying_status, "Warm")
