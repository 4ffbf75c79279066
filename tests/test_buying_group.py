# Groups: completeness, missing roles, names, and what stays together.
from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import UserError
from odoo.orm.environments import Environment
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingGroup(BuyingJourneyCase):
    def assertCompleteness(self, expected, missing=None):
        self.assertAlmostEqual(self.group.completeness, expected, places=10)
        if missing is not None:
            self.assertEqual(self.group.missing_role_ids, missing)
        # what is stored is the same, so that filters and other users see it, too
        self.env.flush_all()
        self.env.cr.execute("SELECT completeness FROM buying_group WHERE id = %s", [self.group.id])
        self.assertAlmostEqual(float(self.env.cr.fetchone()[0]), expected, places=10)

    def make_group(self, *lines):
        template = self.env["buying.role.template"].create({"name": "Own test", "line_ids": list(lines)})
        template.action_publish()
        solution = self.env["buying.solution"].create({"name": "Own test", "template_id": template.id})
        return self.env["buying.group"].create({"solution_id": solution.id, "partner_id": self.account.id})

    def make_people(self, count):
        return self.env["res.partner"].concat(
            *(self.make_person(f"Person {number}", parent=self.account) for number in range(count))
        )

    # Completeness

    def test_an_empty_group_is_at_zero_and_misses_every_required_role(self):
        self.assertCompleteness(0, self.decision_maker + self.champion + self.influencer)
        self.assertEqual((self.group.member_count, self.group.required_role_count), (0, 3))

    def test_a_role_fills_in_proportion_to_its_threshold_and_no_further(self):
        self.group = self.make_group(self.line(self.decision_maker, "", members_required=3))
        for count, person in enumerate(self.make_people(5), 1):
            self.group.assign_member(person, self.decision_maker)
            self.assertCompleteness(100 * min(1, count / 3), self.env["buying.role"])
            self.assertEqual(self.group.member_count, count)

    def test_completeness_is_the_mean_over_required_roles_whatever_their_weight(self):
        director, first, second, champion = self.make_people(4)
        self.group.assign_member(first, self.influencer)
        self.assertCompleteness(100 * (0 + 0 + 1 / 2) / 3, self.decision_maker + self.champion)
        self.group.assign_member(director, self.decision_maker)
        self.assertCompleteness(100 * (1 + 0 + 1 / 2) / 3, self.champion)
        self.group.assign_member(second, self.influencer)
        self.assertCompleteness(100 * (1 + 0 + 1) / 3)
        self.group.assign_member(champion, self.champion)
        self.assertCompleteness(100, self.env["buying.role"])

    def test_roles_that_are_not_required_do_not_count(self):
        self.group = self.make_group(
            self.line(self.decision_maker, ""), self.line(self.practitioner, "", is_required=False)
        )
        person, other = self.make_people(2)
        self.group.assign_member(person, self.practitioner)
        self.assertCompleteness(0, self.decision_maker)
        self.group.assign_member(other, self.decision_maker)
        self.assertCompleteness(100, self.env["buying.role"])
        self.assertEqual((self.group.member_count, self.group.required_role_count), (2, 1))

    def test_without_required_roles_a_group_is_at_zero_and_misses_nothing(self):
        self.group = self.make_group(self.line(self.practitioner, "", is_required=False))
        self.assertCompleteness(0, self.env["buying.role"])
        self.assertFalse(self.group.required_role_count)

    def test_every_change_of_a_member_changes_completeness(self):
        person, other = self.make_people(2)
        one_third = 100 / 3
        self.group.assign_member(person, self.decision_maker)
        self.assertCompleteness(one_third)
        self.group.assign_member(person, self.influencer)
        self.assertCompleteness(one_third / 2, self.decision_maker + self.champion)
        self.group.remove_member(person)
        self.assertCompleteness(0)
        row = self.row_of(self.group, person)
        row.with_user(self.sales).action_restore()
        self.assertCompleteness(one_third / 2)
        row.with_user(self.sales).write({"role_id": self.champion.id})
        self.assertCompleteness(one_third)
        row.with_user(self.sales).write({"state": "out"})
        self.assertCompleteness(0)
        row.with_user(self.sales).create(
            {"group_id": self.group.id, "partner_id": other.id, "role_id": self.champion.id}
        )
        self.assertCompleteness(one_third, self.decision_maker + self.influencer)
        self.row_of(self.group, other).unlink()
        self.assertCompleteness(0)
        self.assertEqual(self.group.member_count, 0)

    def test_deleting_a_contact_changes_completeness(self):
        person = self.make_people(1)
        self.group.assign_member(person, self.decision_maker)
        self.assertCompleteness(100 / 3)
        person.unlink()
        self.group.invalidate_recordset()
        self.assertCompleteness(0, self.decision_maker + self.champion + self.influencer)
        self.assertEqual(self.group.member_count, 0)

    def test_tuning_the_members_required_changes_completeness_of_all_groups(self):
        other = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.child_account.id})
        other.company_id = self.other_company
        (self.group + other).assign_member(self.analyst, self.influencer)
        self.assertCompleteness(100 / 6)
        self.template.line_ids[2].with_user(self.manager).members_required = 4
        self.assertCompleteness(100 / 12)
        self.assertAlmostEqual(other.completeness, 100 / 12, places=10)

    def test_completeness_can_be_searched_and_grouped(self):
        self.group.assign_member(self.director, self.decision_maker)
        Group = self.env["buying.group"].with_user(self.sales)
        found = Group.search([("completeness", "<", 50), ("missing_role_ids", "in", self.champion.ids)])
        self.assertIn(self.group, found)
        self.assertNotIn(self.group, Group.search([("missing_role_ids", "in", self.decision_maker.ids)]))
        [(average,)] = Group._read_group([("id", "=", self.group.id)], [], ["completeness:avg"])
        self.assertAlmostEqual(float(average), 100 / 3)

    # Names

    def test_the_name_follows_solution_and_account(self):
        self.assertEqual(self.group.name, "Warehouse robots for Azure Interior Test")
        self.account.name = "Azure Test"
        self.solution.name = "Robots"
        self.assertEqual(self.group.name, "Robots for Azure Test")

    def search(self, operator, value):
        domain = [("name", operator, value), ("solution_id", "=", self.solution.id)]
        return self.env["buying.group"].with_user(self.sales).search(domain)

    def test_groups_are_found_by_solution_by_account_and_by_their_whole_name(self):
        child = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.child_account.id})
        both, whole = self.group + child, "Warehouse robots for Azure Interior Test"
        for operator, value, expected in (
            ("ilike", "warehouse", both),
            ("ilike", "interior test lab", child),
            ("ilike", "ROBOTS FOR AZURE".lower(), both),
            ("ilike", whole + " L", child),
            ("ilike", "nothing of the kind", both.browse()),
            ("=", whole, self.group),
            ("in", [whole, whole + " Lab"], both),
            ("=ilike", whole.lower(), self.group),
            ("=", "Azure Interior Test", both.browse()),
            ("=", "Warehouse robots for ", both.browse()),
            ("=", whole.replace("robots", "robot_"), both.browse()),
            ("!=", whole, child),
            ("not in", [whole], child),
            ("not ilike", "lab", self.group),
            ("=", False, both.browse()),
            ("!=", False, both),
        ):
            with self.subTest(operator=operator, value=value):
                self.assertEqual(self.search(operator, value).sorted("id"), expected)
        self.assertEqual(self.env["buying.group"].name_search(whole, operator="="), [(self.group.id, whole)])

    def test_the_joint_may_occur_in_the_names_themselves(self):
        self.solution.name, self.account.name = "Tools for robots", "Azure for all"
        for text in ("Tools for robots for Azure for all", "robots for Azure", "Tools for robots for Azure for"):
            with self.subTest(text=text):
                self.assertEqual(self.search("ilike", text), self.group)
        self.assertEqual(self.search("=", "Tools for robots for Azure for all"), self.group)
        self.assertFalse(self.search("=", "Tools for all"))

    def test_a_language_may_put_the_account_first(self):
        translate = Environment._

        def reverse(env, source, *args, **names):
            if source == "%(solution)s for %(account)s":
                source = "[%(account)s: %(solution)s]"
            return source % names if names else translate(env, source, *args)

        with patch.object(Environment, "_", reverse):
            self.env.invalidate_all()
            self.assertEqual(self.group.name, "[Azure Interior Test: Warehouse robots]")
            for operator, text in (
                ("=", "[Azure Interior Test: Warehouse robots]"),
                ("ilike", "Test: Ware"),
                ("ilike", "[Azure"),
            ):
                with self.subTest(operator=operator, text=text):
                    self.assertEqual(self.search(operator, text), self.group)
            self.assertFalse(self.search("=", "[Warehouse robots: Azure Interior Test]"))

    # What stays together

    def test_an_account_has_one_group_for_a_solution(self):
        values = {"solution_id": self.solution.id, "partner_id": self.account.id}
        for active in (True, False):
            self.group.active = active
            with self.subTest(active=active), self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
                self.env["buying.group"].with_user(self.user).create(values)

    def test_only_companies_are_accounts(self):
        with self.assertRefused("Brandon Freeman.* is a person"):
            self.env["buying.group"].with_user(self.user).create(
                {"solution_id": self.solution.id, "partner_id": self.director.id}
            )

    def test_a_group_stays_with_its_solution_and_account(self):
        other = self.solution.copy()
        for user in (self.sales, self.user, self.manager):
            group = self.group.with_user(user)
            for values in ({"solution_id": other.id}, {"partner_id": self.child_account.id}):
                with self.subTest(user=user.login, values=values), self.assertRaises(UserError):
                    group.write(values)
            group.write({"solution_id": self.solution.id, "partner_id": self.account.id, "status": "Checked"})

    def test_the_status_has_up_to_fifty_characters(self):
        self.group.with_user(self.user).status = "x" * 60
        self.group.flush_recordset()
        self.group.invalidate_recordset()
        self.assertEqual(self.group.status, "x" * 50)

    def test_deleting_a_group_deletes_its_memberships_only(self):
        self.group.assign_member(self.director, self.decision_maker, "system")
        row = self.row_of(self.group, self.director)
        self.group.with_user(self.user).unlink()
        self.assertFalse(row.exists())
        self.assertTrue(self.director.exists())
        self.assertTrue(self.account.exists())

    def test_the_button_says_how_many_memberships_changed(self):
        action = self.group.with_user(self.user).action_update_members()
        self.assertEqual(action["params"]["message"], "3 memberships changed.")
        action = self.group.with_user(self.user).action_update_members()
        self.assertEqual(action["params"]["message"], "All members are up to date.")

    def test_members_and_former_members_are_two_views_on_the_rows(self):
        self.assertFalse(self.group.member_ids + self.group.former_member_ids)
        self.group.assign_member(self.director, self.decision_maker)
        self.group.assign_member(self.clerk, self.champion)
        self.group.remove_member(self.clerk)
        self.assertEqual(self.group.member_ids.partner_id, self.director)
        self.assertEqual(self.group.former_member_ids.partner_id, self.clerk)
        self.group.with_user(self.sales).write(
            {"member_ids": [Command.update(self.group.member_ids.id, {"role_id": self.champion.id})]}
        )
        self.assertMember(self.group, self.director, self.champion, "manual")

    def test_the_bands_are_those_of_the_whole_percent(self):
        Group = self.env["buying.group"]
        bands = {25.4: "025", 25.5: "050", 50.49: "050", 50.5: "075", 75.5: "100", 0: "025", 100: "100"}
        self.assertEqual({score: Group._get_band(score) for score in bands}, bands)
        self.assertEqual(self.group.completeness_band, "025")
        self.group.assign_member(self.director, self.decision_maker)
        self.assertEqual(self.group.completeness_band, "050")

    def test_a_group_without_required_roles_is_in_no_band(self):
        template = self.template.copy()
        template.line_ids.is_required = False
        template.action_publish()
        solution = self.env["buying.solution"].create({"name": "Nothing required", "template_id": template.id})
        group = self.env["buying.group"].create({"solution_id": solution.id, "partner_id": self.account.id})
        self.assertEqual(group.completeness_band, "none")
