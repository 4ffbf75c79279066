# Solutions: one live template for ever, unique names, no deletion while somebody uses them.
from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingSolution(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.draft = cls.env["buying.role.template"].create(
            {"name": "Draft test", "line_ids": [cls.line(cls.champion, "manager")]}
        )

    def test_a_solution_needs_a_live_template(self):
        Solution = self.env["buying.solution"].with_user(self.user)
        with self.assertRefused("Draft test is a draft"):
            Solution.create({"name": "Cloud test", "template_id": self.draft.id})
        self.draft.with_user(self.user).action_publish()
        self.assertTrue(Solution.create({"name": "Cloud test", "template_id": self.draft.id}))

    def test_the_template_of_a_solution_never_changes(self):
        self.draft.action_publish()
        for solution in (self.solution.with_user(self.user), self.solution.with_user(self.manager), self.solution):
            with self.subTest(user=solution.env.user.login), self.assertRaises(UserError):
                solution.template_id = self.draft
        self.solution.with_user(self.user).write({"name": "Robots", "template_id": self.template.id})
        self.assertEqual((self.solution.name, self.solution.template_id), ("Robots", self.template))

    def test_names_are_unique_whatever_the_case(self):
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self.env["buying.solution"].create({"name": "WAREHOUSE ROBOTS", "template_id": self.template.id})

    def test_a_copy_has_its_own_name_and_no_groups(self):
        copy = self.solution.with_user(self.user).copy()
        self.assertEqual((copy.name, copy.group_count), ("Warehouse robots (copy)", 0))
        self.assertEqual(copy.template_id, self.template)

    def test_a_solution_in_use_says_who_uses_it(self):
        self.make_job(self.account)
        with self.assertRefused("1 buying groups.*Buying groups for Warehouse robots"):
            self.solution.with_user(self.user).unlink()

    def test_archived_groups_and_jobs_count_as_users(self):
        job = self.make_job(self.account)
        self.group.active = False
        with self.assertRefused("1 buying groups"):
            self.solution.with_user(self.user).unlink()
        self.group.unlink()
        job.active = False
        with self.assertRefused("Buying groups for Warehouse robots"):
            self.solution.with_user(self.user).unlink()

    def test_groups_the_user_may_not_see_keep_a_solution_from_deletion_too(self):
        self.account.company_id = self.other_company
        self.assertFalse(self.env["buying.group"].with_user(self.user).search([("id", "=", self.group.id)]))
        with self.assertRefused("1 buying groups"):
            self.solution.with_user(self.user).unlink()

    def test_an_unused_solution_can_be_deleted_by_users(self):
        self.group.unlink()
        with self.assertRaises(AccessError):
            self.solution.with_user(self.sales).unlink()
        self.solution.with_user(self.user).unlink()
        self.assertFalse(self.solution.exists())

    def test_counts_show_only_what_the_user_may_read(self):
        self.make_job(self.account)
        self.assertEqual((self.solution.group_count, self.solution.job_count), (1, 1))
        self.account.company_id = self.other_company
        solution = self.solution.with_user(self.user)
        solution.invalidate_recordset()
        self.assertEqual((solution.group_count, solution.job_count), (0, 1))

    def test_a_solution_of_another_company_is_hidden(self):
        self.solution.company_id = self.other_company
        self.assertEqual(self.group.company_id, self.other_company)
        with self.assertRaises(AccessError):
            self.solution.with_user(self.user).read(["name"])
        self.assertEqual(self.solution.with_user(self.other_user).name, "Warehouse robots")

    def test_a_solution_can_be_copied_again_and_again(self):
        self.solution.name = "100%_robots\\"
        names = [self.solution.copy().name for _no in range(3)]
        self.assertEqual(names, ["100%_robots\\ (copy)", "100%_robots\\ (copy 2)", "100%_robots\\ (copy 3)"])
