# Creation jobs in the background: batch by batch, resumed after a crash, with an end that is told.
from unittest.mock import patch

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.base.models.ir_cron import IrCron
from odoo.addons.crm_buying_journey.models.buying import buying_group_job_run

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingJobRun(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accounts = cls.env["res.partner"].union(*(cls.make_account(f"Azure Branch {no}") for no in range(5)))
        cls.people = cls.env["res.partner"].union(
            *(cls.make_person(f"Brandon {no}", "Director", account) for no, account in enumerate(cls.accounts))
        )
        cls.env["buying.group.job"].search([]).active = False

    def setUp(self):
        super().setUp()
        self.commits = 0

        def commit(cron, processed=0, **kwargs):
            self.commits += 1
            return self.seconds_left()

        self.startPatcher(patch.object(IrCron, "_commit_progress", commit))
        self.startPatcher(patch.object(buying_group_job_run, "BATCH_SIZE", 2))

    def seconds_left(self):
        return 60

    def run_cron(self):
        self.env["buying.group.job"].with_user(self.env.ref("base.user_root"))._cron_run()

    def groups(self):
        return self.env["buying.group"].search(
            [("partner_id", "in", self.accounts.ids), ("solution_id", "=", self.solution.id)]
        )

    def test_a_job_that_was_started_runs_to_its_end_in_batches(self):
        job = self.make_job(self.accounts).with_user(self.user)
        job.action_start()
        self.assertEqual(job.state, "queued")
        self.assertFalse(self.groups())
        self.run_cron()
        self.assertEqual((job.state, job.phase, job.progress), ("idle", False, 100))
        self.assertEqual((job.last_created_count, job.last_updated_count), (5, 5))
        self.assertEqual(self.groups().member_ids.partner_id, self.people)
        # three batches of accounts, three of groups, the beginning, the end of both phases
        self.assertGreaterEqual(self.commits, 8)

    def test_starting_asks_the_scheduled_action_to_come_at_once(self):
        cron = self.env.ref("crm_buying_journey.ir_cron_buying_group_job")
        before = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        self.make_job(self.accounts).with_user(self.user).action_start()
        self.assertEqual(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), before + 1)

    def test_a_run_that_was_cut_off_goes_on_where_it_was(self):
        job = self.make_job(self.accounts).with_user(self.user)
        job.action_start()
        for _cut in range(4):
            with patch.object(type(self), "seconds_left", lambda case: 0):
                self.run_cron()
        self.assertEqual(job.state, "running")
        made = self.groups()
        self.assertTrue(0 < len(made) <= 5)
        self.assertTrue(0 < job.progress < 100)
        self.run_cron()
        self.assertEqual(job.state, "idle")
        self.assertLessEqual(made, self.groups())
        self.assertEqual((len(self.groups()), job.last_created_count), (5, 5))
        self.assertEqual(self.groups().member_ids.partner_id, self.people)

    def test_a_small_job_runs_at_once_and_a_large_one_in_the_background(self):
        job = self.make_job(self.accounts).with_user(self.user)
        with patch.object(buying_group_job_run, "AT_ONCE", 4):
            self.assertEqual(job.action_run()["tag"], "display_notification")
        self.assertEqual((job.state, len(self.groups())), ("queued", 0))
        small = self.make_job(self.accounts[:4]).with_user(self.user)
        self.assertEqual(small.action_run()["domain"], [("id", "in", self.groups().sorted("id").ids)])
        self.assertEqual(len(self.groups()), 4)

    def test_the_owner_is_told_at_the_end(self):
        job = self.make_job(self.accounts).with_user(self.user)
        job.action_start()
        self.run_cron()
        message = job.sudo().message_ids[:1]
        self.assertIn("5 groups made", message.body)
        self.assertEqual(message.notified_partner_ids, self.user.partner_id)

    def test_nobody_is_told_of_a_night_that_brought_nothing(self):
        job = self.make_job(self.accounts).with_user(self.user)
        job.run()
        before = job.sudo().message_ids
        self.env["buying.group.job"]._cron_queue()
        self.run_cron()
        self.assertEqual((job.state, job.last_created_count), ("idle", 0))
        self.assertEqual(job.sudo().message_ids, before)

    def test_whoever_starts_a_job_is_told_even_if_nothing_was_missing(self):
        job = self.make_job(self.accounts).with_user(self.user)
        job.run()
        before = job.sudo().message_ids
        job.action_start()
        with self.assertRefused("under way already"):
            job.action_run()
        self.run_cron()
        self.assertIn("0 groups made", (job.sudo().message_ids - before).body)

    def test_one_broken_account_stops_nobody_elses(self):
        job = self.make_job(self.accounts).with_user(self.user)
        Group = self.env.registry["buying.group"]
        update = Group.update_members

        def fail(groups):
            if self.accounts[2] in groups.partner_id:
                raise ZeroDivisionError("out of luck")
            return update(groups)

        job.action_start()
        with patch.object(Group, "update_members", fail):
            self.run_cron()
        self.assertEqual(self.groups().member_ids.partner_id, self.people - self.people[2])
        self.assertIn("out of luck", job.last_error)
        self.assertIn(self.accounts[2].name, job.last_error)
        # and the next night makes up for it, although the solution does not update existing groups
        self.assertFalse(self.solution.update_groups)
        job.action_start()
        self.run_cron()
        self.assertEqual(self.groups().member_ids.partner_id, self.people)
        self.assertFalse(job.last_error)

    def test_a_batch_that_met_somebody_elses_change_is_tried_again(self):
        job = self.make_job(self.accounts).with_user(self.user)
        Group = self.env.registry["buying.group"]
        update, tries, rollbacks = Group.update_members, [], []

        def fail(groups):
            tries.append(len(groups))
            if len(tries) <= 2:
                raise psycopg2.errors.SerializationFailure("could not serialize access")
            return update(groups)

        job.action_start()
        with (
            patch.object(Group, "update_members", fail),
            # what was committed before stays; here nothing is committed, so nothing may be rolled back either
            patch.object(self.env.cr, "rollback", lambda: rollbacks.append(1)),
        ):
            self.run_cron()
        self.assertEqual(len(rollbacks), 2)
        self.assertEqual(tries, [2, 2, 2, 2, 1])
        self.assertEqual(self.groups().member_ids.partner_id, self.people)
        self.assertFalse(job.last_error)

    def test_a_job_can_be_removed_while_it_runs(self):
        job = self.make_job(self.accounts).with_user(self.user)
        job.action_start()
        with patch.object(type(self), "seconds_left", lambda case: 0):
            self.run_cron()
        self.assertEqual(job.state, "running")
        other = self.make_job(self.accounts[:1])
        other.action_start()
        job.unlink()
        self.run_cron()
        self.assertEqual(other.state, "idle")
        self.assertEqual(len(self.groups()), 1)

    def test_nobody_writes_how_far_a_job_is(self):
        job = self.make_job(self.accounts).with_user(self.user)
        for values in ({"state": "running"}, {"cursor_id": 10**6}, {"phase": "members"}, {"total_count": 3}):
            with self.subTest(values=values), self.assertRaises(UserError):
                job.write(values)
        Job = self.env["buying.group.job"].with_user(self.user)
        fresh = Job.with_context(default_state="running").create({"solution_id": self.solution.id, "state": "queued"})
        self.assertEqual(fresh.state, "idle")

    def test_people_of_a_company_with_its_own_group_are_not_the_parents_whatever_the_batches(self):
        parent = self.make_account("Azure Parent Test")
        child = self.make_account("Azure Child Test", parent_id=parent.id)
        person = self.make_person("Nicole Ford", "Director", child)
        parent_group, child_group = self.make_job(parent + child).run().sorted("id")
        self.assertFalse(parent_group.member_ids)
        self.assertEqual(child_group.member_ids.partner_id, person)

    # Account lists

    def make_list(self, **values):
        return self.env["buying.account.list"].with_user(self.user).create({"name": "Branches test", **values})

    def test_a_job_draws_on_a_static_list(self):
        account_list = self.make_list(partner_ids=self.accounts[:2].ids)
        account_list.action_publish()
        job = self.make_job(self.accounts[1:], account_list_id=account_list.id)
        self.assertEqual(job.account_count, 1)
        self.assertEqual(job.run().partner_id, self.accounts[1])
        account_list.add_accounts(self.accounts[3])
        account_list.remove_accounts(self.accounts[1])
        self.assertEqual(job.run().partner_id, self.accounts[3])

    def test_a_job_draws_on_a_dynamic_list_as_it_is_now(self):
        account_list = self.make_list(type="dynamic", domain="[('city', '=', 'Scranton test')]")
        account_list.action_publish()
        job = self.make_job(self.accounts, account_list_id=account_list.id)
        self.assertFalse(job.run())
        self.accounts[2].city = "Scranton test"
        self.assertEqual(job.run().partner_id, self.accounts[2])

    def test_a_job_needs_a_live_list(self):
        with self.assertRefused("Branches test is a draft"):
            self.make_job(self.accounts, account_list_id=self.make_list().id)
