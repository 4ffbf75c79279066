# Creation jobs: each account once, with the rights of the responsible, at a cost that does not grow.
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.base.models.ir_cron import IrCron

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingJob(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accounts = cls.make_account("Deco Addict Test") + cls.make_account("Gemini Furniture Test")
        cls.manager_person = cls.make_person("Jesse Brown", "Sales Manager", cls.accounts[0])

    def groups_of(self, accounts):
        return (
            self.env["buying.group"]
            .with_context(active_test=False)
            .search([("partner_id", "in", accounts.ids), ("solution_id", "=", self.solution.id)])
        )

    def break_domain(self, job, domain="[('nonsense', '=', 1)]"):
        """Break a domain as an update that removes a field would."""
        job.flush_recordset()
        self.env.cr.execute("UPDATE buying_group_job SET domain = %s WHERE id = %s", [domain, job.id])
        job.invalidate_recordset()

    def run_cron(self, *jobs):
        """Run the nightly action on these jobs only; it would commit."""
        self.env["buying.group.job"].search([]).active = False
        self.env["buying.group.job"].concat(*jobs).active = True
        with patch.object(IrCron, "_commit_progress", lambda *args, **kwargs: 60):
            jobs = self.env["buying.group.job"].with_user(self.env.ref("base.user_root"))
            jobs._cron_queue()
            jobs._cron_run()

    # What a run does

    def test_each_account_gets_a_group_with_its_members(self):
        job = self.make_job(self.accounts)
        self.assertEqual(job.account_count, 2)
        groups = job.with_user(self.user).run()
        self.assertEqual(groups.partner_id, self.accounts)
        self.assertEqual(groups.solution_id, self.solution)
        self.assertMember(groups[0], self.manager_person, self.champion, "system")
        self.assertAlmostEqual(groups[0].completeness, 100 / 3)
        self.assertEqual((job.last_created_count, job.last_updated_count), (2, 1))
        self.assertTrue(job.last_run)
        self.assertFalse(job.last_error)

    def test_a_second_run_makes_none(self):
        job = self.make_job(self.accounts).with_user(self.user)
        first = job.run()
        self.assertFalse(job.run())
        self.assertEqual(self.groups_of(self.accounts), first.sorted("id", reverse=True))
        self.assertEqual((job.last_created_count, job.last_updated_count), (0, 0))

    def test_accounts_that_join_later_get_a_group_later(self):
        joining = self.make_account("Azure Joining Test")
        job = self.make_job(self.accounts + joining)
        joining.is_company = False
        self.assertEqual(job.run().partner_id, self.accounts)
        joining.is_company = True
        self.assertEqual(job.run().partner_id, joining)

    def test_an_archived_group_is_not_made_again_nor_maintained(self):
        self.solution.update_groups = True
        group = self.env["buying.group"].create(
            {"solution_id": self.solution.id, "partner_id": self.accounts[0].id, "active": False}
        )
        self.assertEqual(self.make_job(self.accounts).run().partner_id, self.accounts[1])
        self.assertFalse(group.member_ids)

    def test_people_and_companies_without_a_name_are_no_accounts(self):
        nameless = self.make_account("Soon nameless", type="other")
        empty = self.make_account("Soon empty", type="other")
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_partner SET name = NULL, complete_name = NULL WHERE id = %s", [nameless.id])
        self.env.cr.execute("UPDATE res_partner SET name = '', complete_name = '' WHERE id = %s", [empty.id])
        self.env.invalidate_all()
        job = self.make_job(self.accounts + nameless + empty + self.clerk)
        self.assertEqual(job.account_count, 2)
        self.assertEqual(job.run().partner_id, self.accounts)

    def test_existing_groups_are_maintained_only_if_the_solution_says_so(self):
        job = self.make_job(self.account)
        self.assertFalse(job.run())
        self.assertFalse(self.group.member_ids)
        self.solution.update_groups = True
        self.assertFalse(job.run())
        self.assertMember(self.group, self.director, self.decision_maker, "system")
        self.director.function = "Retired"
        self.solution.update_groups = False
        job.run()
        self.assertMember(self.group, self.director, self.decision_maker, "system")
        self.solution.update_groups = True
        job.run()
        self.assertNoMember(self.group, self.director, "system")
        self.assertEqual(job.last_updated_count, 1)

    def test_several_jobs_for_one_solution_share_the_groups(self):
        self.make_job(self.accounts[0]).run()
        self.assertEqual(self.make_job(self.accounts).run().partner_id, self.accounts[1])

    def test_the_button_shows_what_was_made(self):
        job = self.make_job(self.accounts).with_user(self.user)
        action = job.action_run()
        self.assertEqual(action["domain"], [("id", "in", self.groups_of(self.accounts).sorted("id").ids)])
        self.assertEqual(job.action_run()["tag"], "display_notification")

    # What goes wrong

    def test_an_invalid_audience_is_refused_when_it_is_written(self):
        job = self.make_job(self.accounts)
        for domain in ("[('nonsense', '=', 1)]", "[('name', '=', ", "__import__('os')", "[" * 5000):
            with self.subTest(domain=domain[:30]):
                with self.assertRaises(UserError):
                    job.with_user(self.user).domain = domain
                with self.assertRaises(UserError):
                    self.make_job(self.accounts, domain=domain)

    def test_an_audience_that_broke_later_leaves_nothing_half_done(self):
        good, bad = self.make_job(self.accounts[0]), self.make_job(self.accounts[1])
        self.break_domain(bad)
        self.assertEqual(bad.account_count, 0)
        with self.assertRefused("nonsense"):
            (good + bad).run()
        self.assertFalse(self.groups_of(self.accounts))
        self.assertFalse(good.last_run)

    def test_a_job_that_runs_already_is_not_run_twice(self):
        job = self.make_job(self.accounts)
        Job = self.env.registry["buying.group.job"]
        with (
            patch.object(Job, "try_lock_for_update", lambda jobs, **kwargs: jobs.browse()),
            self.assertRefused("running already"),
        ):
            job.with_user(self.user).run()
        self.assertFalse(self.groups_of(self.accounts))

    def test_one_broken_job_stops_nobody_elses_at_night(self):
        first, bad, last = self.make_job(self.accounts[0]), self.make_job(self.account), self.make_job(self.accounts[1])
        self.break_domain(bad)
        self.run_cron(first, bad, last)
        self.assertEqual(self.groups_of(self.accounts).partner_id, self.accounts)
        self.assertIn("nonsense", bad.last_error)
        self.assertFalse(bad.last_run)
        self.assertFalse(first.last_error or last.last_error)
        bad.domain = "[('id', '=', 0)]"
        self.run_cron(bad)
        self.assertFalse(bad.last_error)

    def test_a_database_error_in_one_audience_stops_nobody_elses_at_night(self):
        bad, good = self.make_job(self.account), self.make_job(self.accounts)
        self.break_domain(bad, "[('id', '=', 'Azure')]")
        with self.assertLogs("odoo.sql_db", "ERROR"):
            self.run_cron(bad, good)
        self.assertTrue(bad.last_error)
        self.assertEqual(len(self.groups_of(self.accounts)), 2)

    def test_a_responsible_who_lost_the_rights_is_an_error_of_that_job_only(self):
        bad, good = self.make_job(self.accounts[0]), self.make_job(self.accounts[1], user=self.manager)
        self.user.group_ids = [Command.set(self.env.ref("base.group_user").ids)]
        self.run_cron(bad, good)
        self.assertEqual(self.groups_of(self.accounts).partner_id, self.accounts[1])
        self.assertTrue(bad.last_error)

    # Whose rights

    def test_a_job_sees_what_its_responsible_may_see(self):
        self.accounts[1].company_id = self.other_company
        self.manager_person.company_id = self.other_company
        groups = self.make_job(self.accounts).run()  # by the superuser, who sees everything
        self.assertEqual(groups.partner_id, self.accounts[0])
        self.assertFalse(groups.member_ids)
        groups = self.make_job(self.accounts, user=self.user_of_both).run()
        self.assertEqual(groups.partner_id, self.accounts[1])
        self.assertEqual(groups.company_id, self.other_company)

    def test_the_companies_of_whoever_starts_a_job_do_not_matter(self):
        self.accounts[1].company_id = self.other_company
        both = self.company + self.other_company
        job = self.make_job(self.accounts)
        groups = job.with_user(self.user_of_both).with_context(allowed_company_ids=both.ids).run()
        self.assertEqual(groups.partner_id.ids, self.accounts[0].ids)
        job = self.make_job(self.accounts, user=self.user_of_both)
        groups = job.with_user(self.user).with_context(allowed_company_ids=self.company.ids).run()
        self.assertEqual(groups.sudo().partner_id, self.accounts[1])

    def test_a_solution_of_one_company_is_sold_to_its_accounts_only(self):
        self.solution.company_id = self.company
        self.accounts[1].company_id = self.other_company
        job = self.make_job(self.accounts, user=self.user_of_both)
        self.assertEqual(job.run().partner_id, self.accounts[0])

    def test_other_record_rules_of_the_responsible_count_too(self):
        self.env["ir.rule"].create(
            {
                "name": "Only Deco",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "groups": [Command.create({"name": "Only Deco test", "user_ids": [Command.link(self.user.id)]})],
                "domain_force": "['|', ('id', '=', user.partner_id.id), ('name', 'ilike', 'deco addict test')]",
            }
        )
        self.assertEqual(self.make_job(self.accounts).run().partner_id, self.accounts[0])

    def test_a_job_of_somebody_without_our_rights_does_nothing(self):
        for user in (self.sales, self.internal):
            job = self.make_job(self.accounts, user=user)
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                job.run()

    def test_who_may_run_a_job(self):
        job = self.make_job(self.accounts)
        for user in (self.sales, self.internal, self.other_user):
            if user == self.other_user:
                self.solution.company_id = self.company
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                job.with_user(user).run()
        self.assertTrue(job.with_user(self.manager).run())

    def test_nobody_borrows_somebody_elses_rights(self):
        Job = self.env["buying.group.job"]
        own = self.make_job(self.accounts)
        foreign = self.make_job(self.accounts, user=self.system)
        other = self.solution.copy()
        for user in (self.user, self.manager):
            with self.subTest(user=user.login, what="create"), self.assertRaises(UserError):
                Job.with_user(user).create({"solution_id": self.solution.id, "user_id": self.system.id})
            with self.subTest(user=user.login, what="default"), self.assertRaises(UserError):
                Job.with_user(user).with_context(default_user_id=self.system.id).create(
                    {"solution_id": self.solution.id}
                )
            with self.subTest(user=user.login, what="copy"), self.assertRaises(UserError):
                foreign.with_user(user).copy()
            for values in ({"user_id": self.system.id}, {"user_id": self.env.ref("base.user_root").id}):
                with self.subTest(user=user.login, values=values), self.assertRaises(UserError):
                    own.with_user(user).write(values)
            for values in ({"domain": "[]"}, {"solution_id": other.id}):
                with self.subTest(user=user.login, values=values), self.assertRaises(UserError):
                    foreign.with_user(user).write(values)
        self.assertTrue(Job.with_user(self.system).create({"solution_id": self.solution.id, "user_id": self.user.id}))

    def test_a_job_can_be_taken_over(self):
        foreign = self.make_job(self.accounts, user=self.system)
        foreign.with_user(self.user).write({"user_id": self.user.id, "domain": f"[('id', '=', {self.account.id})]"})
        self.assertEqual(foreign.user_id, self.user)

    def test_a_job_runs_for_whoever_makes_it(self):
        job = self.env["buying.group.job"].with_user(self.user).create({"solution_id": self.solution.id})
        self.assertEqual(job.user_id, self.user)

    # Cost

    def count_statements(self, size, people):
        accounts = self.env["res.partner"].create(
            [
                {
                    "name": f"Azure {size} {number}",
                    "is_company": True,
                    "user_id": (self.sales, self.own_sales)[number % 2].id,
                    "child_ids": [
                        Command.create(
                            {"name": f"Person {person}", "function": ("Director", "Manager", "Analyst")[person % 3]}
                        )
                        for person in range(number % (people + 1))
                    ],
                }
                for number in range(size)
            ]
        )
        job = self.make_job(accounts)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        groups = job.with_user(self.user).run()
        self.env.flush_all()
        made = self.env.cr.sql_log_count - before
        self.assertEqual(len(groups), size)
        self.solution.update_groups = True
        accounts.child_ids.filtered(lambda person: person.function == "Analyst").function = "Manager"
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        job.with_user(self.user).run()
        self.env.flush_all()
        self.solution.update_groups = False
        return made, self.env.cr.sql_log_count - before

    def test_the_number_of_statements_does_not_grow_with_the_accounts(self):
        self.count_statements(20, 4)
        few, few_again = self.count_statements(21, 4)
        many, many_again = self.count_statements(60, 4)
        self.assertLessEqual(many, few + 5, "building groups")
        self.assertLessEqual(many_again, few_again + 5, "maintaining groups")
