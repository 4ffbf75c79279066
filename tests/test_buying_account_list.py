# Account lists: what is fixed once they are live, who is inside, and who may change them.
import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingAccountList(BuyingJourneyCase):
    def make_list(self, name="Azure test list", **values):
        return self.env["buying.account.list"].with_user(self.user).create({"name": name, **values})

    def accounts_in(self, account_list):
        return self.env["res.partner"].search(account_list._get_account_domain())

    def test_the_name_is_unique_whatever_its_case(self):
        self.make_list()
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.UniqueViolation), self.env.cr.savepoint():
            self.make_list("AZURE TEST LIST").flush_recordset()

    def test_a_static_list_may_be_published_empty_and_filled_later(self):
        account_list = self.make_list()
        account_list.action_publish()
        self.assertEqual(account_list.state, "live")
        account_list.add_accounts(self.account)
        account_list.add_accounts(self.account + self.child_account)
        self.assertEqual(self.accounts_in(account_list), self.account + self.child_account)
        self.assertEqual(account_list.account_count, 2)
        account_list.remove_accounts(self.account)
        account_list.remove_accounts(self.account)
        self.assertEqual(self.accounts_in(account_list), self.child_account)

    def test_a_remote_caller_may_add_more_accounts_than_a_page_can_filter_by(self):
        account_list = self.make_list()
        accounts = self.env["res.partner"].create([{"name": f"Shop {n}", "is_company": True} for n in range(1001)])
        account_list.add_accounts(accounts.ids)
        self.assertEqual(len(account_list.partner_ids), 1001)

    def test_a_static_list_is_populated_by_its_filter_once(self):
        account_list = self.make_list(domain="[('name', 'ilike', 'Azure Interior Test')]")
        account_list.action_populate()
        self.assertEqual(account_list.partner_ids, self.account + self.child_account)
        self.make_account("Azure Interior Test Later")
        self.assertEqual(self.accounts_in(account_list), self.account + self.child_account)

    def test_nothing_is_populated_without_a_filter_nor_ever_our_own_companies(self):
        with self.assertRefused("Set a filter first"):
            self.make_list().action_populate()
        account_list = self.make_list(
            "By name", domain=f"[('id', 'in', {(self.company.partner_id + self.account).ids})]"
        )
        account_list.action_populate()
        self.assertEqual(account_list.partner_ids, self.account)

    def test_a_dynamic_list_holds_whoever_matches_now(self):
        account_list = self.make_list(type="dynamic", domain="[('name', 'ilike', 'Azure Interior Test')]")
        self.assertEqual(self.accounts_in(account_list), self.account + self.child_account)
        later = self.make_account("Azure Interior Test Later")
        self.assertIn(later, self.accounts_in(account_list))
        later.name = "Gone"
        self.assertNotIn(later, self.accounts_in(account_list))

    def test_a_dynamic_list_needs_a_filter_to_be_published(self):
        with self.assertRefused("needs a filter"):
            self.make_list(type="dynamic").action_publish()

    def test_a_live_dynamic_list_keeps_its_filter_and_its_type(self):
        account_list = self.make_list(type="dynamic", domain="[('name', '=', 'x')]")
        account_list.action_publish()
        for values in ({"domain": "[('name', '=', 'y')]"}, {"type": "static"}, {"state": "draft"}):
            with self.subTest(values=values), self.assertRaises(UserError):
                account_list.write(values)
        account_list.write({"description": "Still mine to describe"})

    def test_nobody_puts_accounts_into_a_dynamic_list(self):
        account_list = self.make_list(type="dynamic", domain="[('name', '=', 'x')]")
        account_list.action_publish()
        with self.assertRefused("by its filter only"):
            account_list.add_accounts(self.account)
        with self.assertRefused("by its filter only"):
            account_list.remove_accounts(self.account)
        with self.assertRefused("by its filter only"):
            account_list.write({"partner_ids": [self.account.id]})
        with self.assertRefused("by its filter only"):
            account_list.action_populate()

    def test_people_are_no_accounts(self):
        with self.assertRefused("Only companies"):
            self.make_list().add_accounts(self.director)

    def test_a_broken_filter_is_refused(self):
        for domain in ("[('nonsense', '=', 1)]", "[('id', '=', 'Azure')]", "import os"):
            with self.subTest(domain=domain), mute_logger("odoo.sql_db"), self.assertRaises(UserError):
                self.make_list(domain=domain)

    def test_a_list_starts_as_a_draft_whatever_values_say(self):
        lists = self.env["buying.account.list"].with_user(self.user).with_context(default_state="live")
        self.assertEqual(lists.create({"name": "Sneaky", "state": "live"}).state, "draft")

    def test_a_used_list_is_archived_rather_than_deleted(self):
        account_list = self.make_list()
        account_list.action_publish()
        job = self.make_job(self.account, account_list_id=account_list.id)
        with self.assertRefused("Buying groups for Warehouse robots.*Archive it"):
            account_list.unlink()
        job.unlink()
        account_list.unlink()

    def test_a_copy_is_a_draft_with_the_same_accounts(self):
        account_list = self.make_list(partner_ids=self.account.ids)
        account_list.action_publish()
        copy = account_list.copy()
        self.assertEqual((copy.state, copy.name, copy.partner_ids), ("draft", "Azure test list (copy)", self.account))

    def test_sales_reads_lists_and_users_change_them(self):
        account_list = self.make_list(partner_ids=self.account.ids)
        self.assertEqual(account_list.with_user(self.sales).account_count, 1)
        for call in (
            lambda own: own.action_publish(),
            lambda own: own.add_accounts(self.child_account),
            lambda own: own.unlink(),
        ):
            with self.assertRaises(AccessError):
                call(account_list.with_user(self.sales))
        with self.assertRaises(AccessError):
            account_list.with_user(self.internal).read(["name"])

    def test_lists_of_another_company_are_out_of_sight(self):
        account_list = self.make_list(company_id=self.company.id)
        self.assertFalse(
            self.env["buying.account.list"].with_user(self.other_user).search([("id", "=", account_list.id)])
        )
