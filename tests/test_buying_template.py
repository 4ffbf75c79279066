# Role templates: what keeps them from going live, and what still may change then.
from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingTemplate(BuyingJourneyCase):
    def make_draft(self, *lines, **values):
        return (
            self.env["buying.role.template"]
            .with_user(self.user)
            .create({"name": "Draft test", "line_ids": list(lines), **values})
        )

    def assertUnpublishable(self, template, *parts):
        with self.assertRaises(UserError) as caught:
            template.action_publish()
        for part in parts:
            self.assertIn(part, str(caught.exception))
        self.assertEqual(set(template.mapped("state")), {"draft"})

    # Publishing

    def test_a_template_without_roles_cannot_be_published(self):
        self.assertUnpublishable(self.make_draft(), "Draft test has no role")

    def test_automatic_assignment_needs_a_rule_that_says_something(self):
        for domain in ("[]", " [ ] ", "", False, "()", "[(1, '=', 1)]", "True", "[]\n"):
            with self.subTest(domain=domain):
                draft = self.make_draft(self.line(self.champion, "", auto_assign=True, domain=domain))
                self.assertUnpublishable(draft, "Champion is assigned automatically but has no rule")
                draft.unlink()

    def test_a_role_filled_by_hand_needs_no_rule(self):
        draft = self.make_draft(self.line(self.champion, ""))
        draft.action_publish()
        self.assertEqual(draft.state, "live")

    def test_a_broken_rule_keeps_the_template_a_draft(self):
        for domain in ("[('nonsense', '=', 1)]", "[('name', '=', ", "__import__('os')", "[" * 5000):
            with self.subTest(domain=domain[:30]):
                draft = self.make_draft(self.line(self.champion, "", auto_assign=True, domain=domain))
                self.assertUnpublishable(draft, "Champion: The condition")
                self.assertEqual(draft.line_ids.match_count, 0)
                draft.unlink()

    def test_a_role_needs_at_least_one_member(self):
        for count in (0, -3):
            with self.subTest(count=count):
                draft = self.make_draft(self.line(self.champion, "manager", members_required=count))
                self.assertUnpublishable(draft, "Champion: the number of members required must be at least 1")
                draft.unlink()

    def test_a_role_comes_once(self):
        draft = self.make_draft(self.line(self.champion, "manager"), self.line(self.champion, "chief"))
        self.assertUnpublishable(draft, "Champion appears twice")

    def test_publishing_lists_all_errors_at_once(self):
        draft = self.make_draft(
            self.line(self.champion, "", auto_assign=True, domain="[]"),
            self.line(self.champion, "manager", members_required=0),
            self.line(self.influencer, "", domain="[('nonsense', '=', 1)]"),
        )
        empty = self.make_draft(name="Empty test")
        self.assertUnpublishable(
            draft + empty, "appears twice", "has no rule", "at least 1", "Influencer: ", "Empty test has no role"
        )

    def test_one_bad_template_keeps_the_good_ones_drafts_too(self):
        good = self.make_draft(self.line(self.champion, "manager"))
        self.assertUnpublishable(good + self.make_draft(name="Empty test"), "Empty test")

    def test_sales_cannot_publish(self):
        draft = self.make_draft(self.line(self.champion, "manager"))
        with self.assertRaises(AccessError):
            draft.with_user(self.sales).action_publish()
        self.assertEqual(draft.state, "draft")

    # The state is set by publishing only

    def test_the_state_cannot_be_smuggled_into_a_new_template(self):
        Template = self.env["buying.role.template"]
        for user in (self.user, self.manager, self.system):
            with self.subTest(user=user.login):
                self.assertEqual(Template.with_user(user).create({"name": "Live?", "state": "live"}).state, "draft")
                by_default = Template.with_user(user).with_context(default_state="live").create({"name": "By default?"})
                self.assertEqual(by_default.state, "draft")
                (by_default + Template.search([("name", "=", "Live?")])).unlink()

    def test_the_state_cannot_be_written(self):
        draft = self.make_draft(self.line(self.champion, "manager"))
        for user in (self.user, self.manager, self.system):
            with self.subTest(user=user.login):
                with self.assertRaises(UserError):
                    draft.with_user(user).write({"state": "live"})
                with self.assertRaises(UserError):
                    self.template.with_user(user).write({"state": "draft"})
                with self.assertRaises(UserError):
                    self.template.line_ids[0].with_user(user).write({"state": "draft"})
        self.assertEqual((draft.state, self.template.state), ("draft", "live"))

    def test_a_copy_is_a_draft_with_the_same_roles(self):
        for default in ({}, {"state": "live", "name": "Copied"}):
            with self.subTest(default=default):
                copy = self.template.with_user(self.user).copy(default)
                self.assertEqual(copy.state, "draft")
                self.assertEqual(copy.line_ids.role_id, self.template.line_ids.role_id)
                self.assertEqual(copy.line_ids.mapped("members_required"), [1, 1, 2])
                copy.line_ids[0].weight = "20"

    def test_names_are_unique_whatever_the_case(self):
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self.make_draft(name="WAREHOUSE TEST")

    # A live template stays as it is

    def test_a_live_template_keeps_its_roles(self):
        for user in (self.user, self.manager):
            template = self.template.with_user(user)
            line = template.line_ids[0]
            changes = [
                {"line_ids": [self.line(self.practitioner, "clerk")]},
                {"line_ids": [Command.delete(line.id)]},
                {"line_ids": [Command.clear()]},
                *(
                    {"line_ids": [Command.update(line.id, values)]}
                    for values in (
                        {"sequence": 99},
                        {"weight": "20"},
                        {"is_required": False},
                        {"auto_assign": False},
                        {"domain": "[('name', 'ilike', 'a')]"},
                        {"role_id": self.practitioner.id},
                        {"members_required": 2, "sequence": 99},
                    )
                ),
            ]
            for values in changes:
                with self.subTest(user=user.login, values=values), self.assertRaises(UserError):
                    template.write(values)
        self.assertEqual(self.template.line_ids.role_id, self.decision_maker + self.champion + self.influencer)

    def test_lines_of_a_draft_cannot_move_into_a_live_template(self):
        draft = self.make_draft(self.line(self.practitioner, "clerk"))
        for user in (self.user, self.manager):
            with self.subTest(user=user.login), self.assertRaises(UserError):
                draft.with_user(user).line_ids.write({"template_id": self.template.id})
            with self.subTest(user=user.login), self.assertRaises(UserError):
                self.template.with_user(user).write({"line_ids": [Command.link(draft.line_ids.id)]})
            with self.subTest(user=user.login), self.assertRaises(UserError):
                self.template.line_ids[0].with_user(user).write({"template_id": draft.id})

    def test_managers_tune_the_members_required_of_a_live_template(self):
        line = self.template.line_ids[0]
        with self.assertRaises(UserError):
            line.with_user(self.user).write({"members_required": 3})
        for count in (0, -1):
            with self.assertRaises(UserError):
                line.with_user(self.manager).write({"members_required": count})
        line.with_user(self.manager).write({"members_required": 3})
        self.assertEqual(line.members_required, 3)
        self.assertTrue(line.with_user(self.manager).write({}))

    def test_a_live_template_cannot_be_deleted(self):
        for user in (self.user, self.manager):
            with self.subTest(user=user.login), self.assertRaises(UserError):
                self.template.with_user(user).unlink()
        draft = self.make_draft()
        draft.unlink()
        self.assertFalse(draft.exists())

    # Weights and matches

    def test_shares_are_weights_divided_by_their_sum(self):
        shares = self.template.line_ids.mapped("share")
        self.assertEqual([round(share, 2) for share in shares], [41.67, 33.33, 25.0])

    def test_the_match_count_leaves_companies_out(self):
        ids = (self.account + self.director + self.clerk).ids
        draft = self.make_draft(self.line(self.champion, "", auto_assign=True, domain=f"[('id', 'in', {ids})]"))
        self.assertEqual(draft.line_ids.match_count, 2)
