# Automatic rules of stages: what they move, what they leave alone, and who may make them.
from unittest.mock import patch

import psycopg2

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_stage import BuyingStageCase


@tagged("post_install", "-at_install")
class TestBuyingStageRule(BuyingStageCase):
    def rule(self, from_stage, to_stage, domain=None, user=None, **values):
        """A manager's rule for the group of this test only."""
        rules = self.env(user=user or self.manager)["buying.stage.rule"]
        return rules.create(
            {
                "model_id": self.model.id,
                "from_stage_id": from_stage.id if from_stage else False,
                "to_stage_id": to_stage.id,
                "domain": domain or f"[('id', '=', {self.group.id})]",
                **values,
            }
        )

    def apply(self):
        return self.model.with_user(self.manager).apply_rules()

    def test_groups_that_match_move(self):
        rule = self.rule(None, self.awareness, "[('member_count', '>', 0)]")
        self.assertEqual((rule.match_count, self.apply()), (0, self.group.browse()))
        self.group.assign_member(self.director, self.decision_maker)
        rule.invalidate_recordset()
        self.assertEqual(rule.match_count, 1)
        self.assertEqual(self.apply(), self.group)
        self.assertStage(self.awareness, "system")
        self.assertIn("Moved by an automatic rule", str(self.group.message_ids.sorted("id")[-1].body))

    def test_a_group_moves_one_step_per_run(self):
        self.rule(None, self.awareness, sequence=10)
        self.rule(self.awareness, self.interest, sequence=20)
        self.apply()
        self.assertStage(self.awareness)
        self.apply()
        self.assertStage(self.interest)

    def test_the_first_rule_that_matches_wins(self):
        second = self.rule(None, self.awareness, sequence=20)
        self.rule(None, self.interest, sequence=10)
        self.apply()
        self.assertStage(self.interest)
        self.mine.set_stage(False)
        second.sequence = 5
        self.apply()
        self.assertStage(self.awareness)

    def test_archived_rules_groups_and_drafts_are_left_alone(self):
        rule = self.rule(None, self.awareness, active=False)
        self.apply()
        self.assertStage(False)
        rule.active = True
        self.group.active = False
        self.apply()
        self.assertStage(False)
        draft = self.make_stages("Draft test")
        self.make_rule(None, draft.stage_ids[0])
        self.assertFalse(draft.with_user(self.manager).apply_rules())

    def test_groups_of_other_solutions_are_left_alone(self):
        other = self.env["buying.solution"].create({"name": "Other test", "template_id": self.template.id})
        group = self.group.create({"solution_id": other.id, "partner_id": self.account.id})
        self.rule(None, self.awareness, f"[('id', 'in', {(group + self.group).ids})]")
        self.assertEqual(self.apply(), self.group)

    def test_a_rule_never_undoes_a_decision_nor_talks_about_it_every_night(self):
        self.rule(self.interest, self.awareness, sequence=10)
        for source in ("manual", "journey"):
            self.mine.set_stage(self.awareness)
            self.mine.set_stage(self.interest, source)
            messages = self.group.message_ids
            self.assertFalse(self.apply())
            self.assertStage(self.interest, source)
            self.assertEqual(self.group.message_ids, messages)
            self.mine.set_stage(False)
        self.mine.set_stage(self.interest)
        self.assertTrue(self.apply(), "nobody decided against Awareness")

    def test_the_nightly_job_applies_the_rules(self):
        self.rule(None, self.awareness)
        self.patch(self.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: True)
        self.env["buying.stage.model"]._cron_apply_rules()
        self.assertStage(self.awareness, "system")

    def run_cron_with_conflicts(self, conflicts):
        """Let the first model meet somebody else's change so many times; return how often each was tried, and how often
        all was rolled back."""
        other = self.make_stages("Second test")
        self.make_rule(None, other.stage_ids[0])
        other.action_publish()
        Model = self.registry["buying.stage.model"]
        apply, tries, rollbacks = Model.apply_rules, [], []

        def fail(model):
            tries.append(model)
            if model == self.model and tries.count(model) <= conflicts:
                raise psycopg2.errors.SerializationFailure("could not serialize access")
            return apply(model)

        self.patch(self.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: True)
        with (
            patch.object(Model, "apply_rules", fail),
            # here nothing is committed, so nothing may be rolled back either
            patch.object(self.env.cr, "rollback", lambda: rollbacks.append(1)),
        ):
            self.env["buying.stage.model"]._cron_apply_rules()
        return tries.count(self.model), tries.count(other), len(rollbacks)

    def test_a_model_that_met_somebody_elses_change_is_tried_again(self):
        rule = self.rule(None, self.awareness)
        self.assertEqual(self.run_cron_with_conflicts(2), (3, 1, 2))
        self.assertStage(self.awareness, "system")
        self.assertFalse(rule.last_error)

    def test_a_model_that_meets_nothing_but_changes_stops_no_other(self):
        rule = self.rule(None, self.awareness)
        self.assertEqual(self.run_cron_with_conflicts(99), (5, 1, 5))
        self.assertStage(False)
        self.assertIn("at the same time", rule.last_error)

    @mute_logger("odoo.sql_db")
    def test_a_broken_rule_says_so_and_stops_no_other(self):
        broken = self.rule(None, self.interest, sequence=10)
        self.rule(None, self.awareness, sequence=20)
        self.env.flush_all()
        for domain in ("[('nonsense', '=', 1)]", "[('id', '=', 'x')]"):
            self.env.cr.execute("UPDATE buying_stage_rule SET domain = %s WHERE id = %s", [domain, broken.id])
            self.env.invalidate_all()
            self.assertEqual(self.apply(), self.group)
            self.assertTrue(broken.last_error)
            self.assertIn(
                "could not be applied", self.model.with_user(self.manager).action_apply_rules()["params"]["message"]
            )
            self.group.sudo().write({"stage_id": False, "stage_source": False})
        broken.domain = "[('id', '=', 0)]"
        self.apply()
        self.assertFalse(broken.last_error)

    # What a rule may say

    @mute_logger("odoo.sql_db")
    def test_a_condition_that_is_no_filter_is_refused(self):
        for domain in ("[('nonsense', '=', 1)]", "[('name', '=', ", "__import__('os')", "[('id', '=', 'x')]"):
            with self.subTest(domain=domain), self.assertRefused("cannot be used"):
                self.rule(None, self.awareness, domain)
        rule = self.rule(None, self.awareness)
        with self.assertRefused("cannot be used"):
            rule.domain = "[('nonsense', '=', 1)]"

    def test_a_condition_names_nothing_that_its_author_may_not_read(self):
        secret = "[('partner_id.signup_type', '=', 'reset')]"
        with self.assertRaises(AccessError):
            self.rule(None, self.awareness, secret)
        rule = self.rule(None, self.awareness)
        with self.assertRaises(AccessError):
            rule.domain = secret

    def test_a_rule_follows_the_graph_and_stays_in_its_model(self):
        other = self.make_stages("Other test").stage_ids[0]
        with self.assertRefused("do not allow this transition"):
            self.rule(self.awareness, self.success)
        with self.assertRefused("can only begin at an entry stage"):
            self.rule(None, self.success)
        with self.assertRefused("both stages must belong"):
            self.rule(None, other)

    def test_only_managers_make_rules_of_live_models(self):
        with self.assertRefused("Only managers", AccessError):
            self.rule(None, self.awareness, user=self.user)
        rule = self.rule(None, self.awareness).with_user(self.user)
        for change in (lambda: rule.write({"active": False}), rule.unlink):
            with self.assertRefused("Only managers", AccessError):
                change()
        draft = self.make_stages("Draft test").with_user(self.user)
        own = rule.create({"model_id": draft.id, "to_stage_id": draft.stage_ids[0].id})
        with self.assertRefused("Only managers", AccessError):
            own.write({"model_id": self.model.id, "to_stage_id": self.awareness.id})
        own.unlink()

    def test_only_managers_apply_rules(self):
        for user in (self.sales, self.user):
            with self.subTest(user=user.login), self.assertRefused("Only managers", AccessError):
                self.model.with_user(user).apply_rules()

    def test_rules_of_another_company_are_out_of_reach(self):
        foreign = self.make_stages("Foreign test", company_id=self.other_company.id)
        with self.assertRaises(AccessError):
            foreign.with_user(self.manager).apply_rules()

    def test_the_match_count_shows_only_what_the_user_may_see(self):
        rule = self.rule(None, self.awareness)
        self.assertEqual(rule.match_count, 1)
        self.account.company_id = self.other_company
        rule.invalidate_recordset()
        self.assertEqual(rule.match_count, 0)
        self.assertEqual(rule.with_user(self.env.ref("base.user_root")).sudo().match_count, 1)

    def test_two_thousand_groups_move_with_few_statements(self):
        accounts = self.env["res.partner"].create(
            [{"name": f"Account {number}", "is_company": True} for number in range(2000)]
        )
        groups = self.group.create(
            [{"solution_id": self.solution.id, "partner_id": account.id} for account in accounts]
        )
        self.rule(None, self.awareness, f"[('id', 'in', {groups.ids})]")
        self.env.flush_all()
        self.env.invalidate_all()
        start = self.env.cr.sql_log_count
        self.assertEqual(len(self.apply()), 2000)
        self.env.flush_all()
        self.assertLess(self.env.cr.sql_log_count - start, 150)
