# Stage models: what keeps them from going live, and what still may change then.
from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_stage import BuyingStageCase


@tagged("post_install", "-at_install")
class TestBuyingStageModel(BuyingStageCase):
    def make_draft(self, **values):
        """A draft of the user's that could be published, and its stages by name."""
        draft = self.make_stages("Draft test", **values).with_user(self.user)
        return draft, {stage.name: stage for stage in draft.stage_ids}

    def assertUnpublishable(self, model, *parts):
        with self.assertRaises(UserError) as caught:
            model.action_publish()
        for part in parts:
            self.assertIn(part, str(caught.exception))
        self.assertEqual(set(model.mapped("state")), {"draft"})

    # Publishing

    def test_users_publish(self):
        draft, _stages = self.make_draft()
        with self.assertRaises(AccessError):
            draft.with_user(self.sales).action_publish()
        draft.action_publish()
        self.assertEqual(draft.state, "live")

    def test_a_model_needs_stages(self):
        empty = self.env["buying.stage.model"].create({"name": "Empty test"})
        self.assertUnpublishable(empty.with_user(self.user), "Empty test has no stage")

    def test_an_entry_stage_is_needed(self):
        draft, _stages = self.make_draft()
        draft.stage_ids.is_entry = False
        self.assertUnpublishable(draft, "no entry stage")

    def test_exactly_one_success_stage_is_needed(self):
        draft, stages = self.make_draft()
        stages["Rejection"].destination = "success"
        self.assertUnpublishable(draft, "2 success stages (Purchase, Rejection)")
        (stages["Purchase"] + stages["Rejection"]).destination = "failure"
        self.assertUnpublishable(draft, "no success stage")

    def test_a_stage_that_is_no_destination_needs_a_way_out(self):
        draft, stages = self.make_draft()
        stages["Interest"].allowed_stage_ids = False
        self.assertUnpublishable(draft, "No stage follows Interest")

    def test_a_failure_needs_no_way_out_but_may_have_one(self):
        draft, stages = self.make_draft()
        self.assertTrue(stages["Rejection"].allowed_stage_ids)
        stages["Rejection"].allowed_stage_ids = False
        draft.action_publish()
        self.assertEqual((draft + self.model.with_user(self.user)).mapped("state"), ["live", "live"])

    def test_nothing_follows_the_success_stage(self):
        draft, stages = self.make_draft()
        stages["Purchase"].allowed_stage_ids = stages["Interest"]
        self.assertUnpublishable(draft, "Purchase is the success stage")

    def test_a_stage_does_not_lead_to_itself(self):
        draft, stages = self.make_draft()
        stages["Interest"].allowed_stage_ids = stages["Interest"]
        self.assertUnpublishable(draft, "Interest leads to itself", "No stage follows Interest")

    def test_a_stage_does_not_lead_to_another_model(self):
        draft, stages = self.make_draft()
        stages["Interest"].allowed_stage_ids |= self.consideration
        self.assertUnpublishable(draft, "Interest leads to a stage of another stage model")

    def test_every_stage_can_be_reached_from_an_entry(self):
        draft, stages = self.make_draft()
        stages["Consideration"].allowed_stage_ids = stages["Purchase"]
        self.assertUnpublishable(draft, "No way leads from an entry stage to Rejection")

    def test_names_of_stages_are_unique_whatever_the_case(self):
        draft, stages = self.make_draft()
        stages["Interest"].name = " AWARENESS"
        self.assertUnpublishable(draft, "Two stages are called")

    def test_publishing_lists_all_errors_at_once(self):
        draft, stages = self.make_draft()
        draft.stage_ids.is_entry = False
        stages["Purchase"].destination = "none"
        stages["Interest"].name = "Awareness"
        empty = self.env["buying.stage.model"].with_user(self.user).create({"name": "Empty test"})
        self.assertUnpublishable(
            draft + empty, "no entry", "no success", "No stage follows Purchase", "called Awareness", "Empty test"
        )

    def test_a_model_with_rules_is_published_by_managers(self):
        draft, stages = self.make_draft()
        self.make_rule(stages["Awareness"], stages["Interest"])
        with self.assertRefused("Only managers", AccessError):
            draft.action_publish()
        draft.with_user(self.manager).action_publish()
        self.assertEqual(draft.state, "live")

    def test_a_rule_against_the_graph_keeps_the_model_a_draft(self):
        draft, stages = self.make_draft()
        self.make_rule(stages["Awareness"], stages["Purchase"])
        self.make_rule(None, stages["Rejection"])
        self.assertUnpublishable(
            draft.with_user(self.manager), "do not allow this transition", "can only begin at an entry stage"
        )

    # The state is set by publishing only

    def test_the_state_is_nobodys_to_write(self):
        Model = self.env["buying.stage.model"].with_user(self.manager)
        draft = Model.create({"name": "Live?", "state": "live"})
        by_default = Model.with_context(default_state="live").create({"name": "By default?"})
        self.assertEqual((draft + by_default).mapped("state"), ["draft", "draft"])
        with self.assertRefused("Publish"):
            draft.write({"state": "live"})
        with self.assertRefused("Publish"):
            self.model.with_user(self.manager).write({"state": "draft"})

    # What a draft and a live model let change

    def test_stages_can_be_removed_from_a_draft(self):
        draft, stages = self.make_draft()
        stages["Rejection"].unlink()
        draft.write({"name": "Renamed test", "stage_ids": [Command.update(stages["Interest"].id, {"name": "Asks"})]})
        draft.action_publish()
        self.assertEqual(draft.stage_ids.mapped("name"), ["Awareness", "Asks", "Consideration", "Purchase"])

    def test_a_live_model_stays_as_it_is(self):
        for user in (self.user, self.manager, self.system):
            model, stage = self.model.with_user(user), self.interest.with_user(user)
            changes = [
                {"name": "Other"},
                {"description": "Other"},
                {"company_id": self.company.id},
                {"stage_ids": [Command.create({"name": "New"})]},
                {"stage_ids": [Command.delete(stage.id)]},
                *(
                    {"stage_ids": [Command.update(stage.id, values)]}
                    for values in (
                        {"name": "Other"},
                        {"description": "Other"},
                        {"is_entry": False},
                        {"destination": "failure"},
                        {"allowed_stage_ids": [Command.link(self.success.id)]},
                        {"allowed_stage_ids": [Command.clear()]},
                    )
                ),
            ]
            for values in changes:
                with self.subTest(user=user.login, values=values), self.assertRefused("stays as it is"):
                    model.write(values)
        self.assertEqual(len(self.model.stage_ids), 5)

    def test_stages_cannot_move_into_or_out_of_a_live_model(self):
        draft, stages = self.make_draft()
        with self.assertRefused("stays as it is"):
            stages["Interest"].model_id = self.model
        with self.assertRefused("stays as it is"):
            self.interest.with_user(self.user).model_id = draft

    def test_order_and_folding_of_live_stages_may_change(self):
        self.interest.with_user(self.user).write({"sequence": 5, "fold": True})
        self.assertEqual(self.model.stage_ids.sorted()[0], self.interest)

    def test_a_live_model_can_be_archived(self):
        self.model.with_user(self.user).active = False
        self.assertTrue(self.mine.set_stage(self.awareness))

    def test_names_of_models_are_unique_whatever_the_case(self):
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self.make_stages("ROBOTS TEST")

    # Deletion

    def test_a_model_in_use_says_who_uses_it(self):
        self.solution.active = False
        with self.assertRefused("Warehouse robots"):
            self.model.with_user(self.user).unlink()

    def test_a_solution_that_the_user_may_not_see_keeps_its_model_and_its_name(self):
        self.solution.company_id = self.other_company
        with self.assertRefused("used by 1 solutions that you may not see"):
            self.model.with_user(self.user).unlink()

    def test_unused_models_can_be_deleted_draft_or_live(self):
        draft, _stages = self.make_draft()
        draft.unlink()
        self.mine.set_stage(self.awareness)
        self.solution.stage_model_id = False
        model = self.model.with_user(self.user)
        with self.assertRaises(AccessError):
            model.with_user(self.sales).unlink()
        model.unlink()
        self.assertFalse(model.exists() or self.awareness.exists())

    # Copies

    def test_a_copy_is_an_editable_draft_with_its_own_transitions(self):
        self.make_rule(self.awareness, self.interest, active=False)
        copy = self.model.with_user(self.user).copy()
        self.assertEqual((copy.name, copy.state), ("Robots test (copy)", "draft"))
        self.assertEqual(copy.stage_ids.mapped("name"), self.model.stage_ids.mapped("name"))
        for stage, original in zip(copy.stage_ids, self.model.stage_ids, strict=True):
            self.assertEqual(stage.allowed_stage_ids.model_id, copy if original.allowed_stage_ids else copy.browse())
            self.assertEqual(stage.allowed_stage_ids.mapped("name"), original.allowed_stage_ids.mapped("name"))
            self.assertEqual((stage.is_entry, stage.destination), (original.is_entry, original.destination))
        rule = copy.with_context(active_test=False).rule_ids
        self.assertEqual((rule.from_stage_id.model_id, rule.to_stage_id.name), (copy, "Interest"))
        copy.stage_ids[0].name = "Other"
        copy.with_user(self.manager).action_publish()

    # Solutions and companies

    def test_a_solution_uses_live_stages_only(self):
        draft, _stages = self.make_draft()
        with self.assertRefused("Draft test is a draft"):
            self.solution.with_user(self.user).stage_model_id = draft

    def test_stages_of_a_company_are_for_its_solutions(self):
        draft, _stages = self.make_draft(company_id=self.company.id)
        draft.action_publish()
        with self.assertRefused("Only solutions of that company"):
            self.solution.with_user(self.user).stage_model_id = draft
        self.solution.company_id = self.company
        self.solution.with_user(self.user).stage_model_id = draft
        with self.assertRefused("Only solutions of that company"):
            self.solution.company_id = self.other_company

    def test_stages_of_another_company_are_hidden(self):
        draft, stages = self.make_draft(company_id=self.other_company.id)
        rule = self.make_rule(stages["Awareness"], stages["Interest"])
        for record in (draft, stages["Interest"], rule):
            with self.subTest(model=record._name), self.assertRaises(AccessError):
                record.with_user(self.user).read(["display_name"])
            self.assertTrue(record.with_user(self.other_user).read(["display_name"]))

    def test_sales_only_reads(self):
        self.assertEqual(self.interest.with_user(self.sales).name, "Interest")
        for record in (self.model, self.interest):
            with self.subTest(model=record._name), self.assertRaises(AccessError):
                record.with_user(self.sales).write({"name": "Other"})
        with self.assertRaises(AccessError):
            self.env["buying.stage.rule"].with_user(self.sales).search([])
