# Whom the people who answer for buying groups are, and what one message says about no group, one, and many.
from odoo import Command
from odoo.tests import tagged

from ..models.buying.buying_group_notify import NAMED
from .common import BuyingJourneyCase

SUBTYPE = "crm_buying_journey.buying_group_subtype_complete"


@tagged("post_install", "-at_install")
class TestBuyingNotify(BuyingJourneyCase):
    def setUp(self):
        super().setUp()
        self.account.user_id = self.sales
        self.env.flush_all()

    def notify(self, groups=None, actors=None):
        groups = self.group if groups is None else groups
        return groups._notify_responsible(SUBTYPE, lambda group: group.env._("Every required role is filled."), actors)

    def make_groups(self, count, **values):
        accounts = self.env["res.partner"].create(
            [
                {"name": f"Notify {number}", "is_company": True, "user_id": self.sales.id, **values}
                for number in range(count)
            ]
        )
        groups = self.env["buying.group"].create(
            [{"solution_id": self.solution.id, "partner_id": account.id} for account in accounts]
        )
        self.env.flush_all()
        return groups

    def test_no_group_no_message(self):
        self.assertFalse(self.notify(self.env["buying.group"]))

    def test_nobody_answers_for_it(self):
        self.account.user_id = False
        self.env.flush_all()
        self.assertFalse(self.notify())

    def test_one_group_is_the_subject_and_two_are_a_list(self):
        message = self.notify()
        self.assertEqual((message.model, message.res_id), ("buying.group", self.group.id))
        self.assertTrue(message.subject.startswith(f"{self.group.name}: "))
        groups = self.group + self.make_groups(1)
        message = self.notify(groups)
        self.assertEqual(len(message), 1)
        self.assertTrue(message.subject.startswith("2 buying groups: "))
        for group in groups:
            self.assertIn(f"/odoo/buying-groups/{group.id}", message.body)
        self.assertNotIn("more.", message.body)

    def test_just_so_many_are_named_and_one_more_is_counted(self):
        groups = self.make_groups(NAMED + 1)
        self.assertNotIn("more.", self.notify(groups[:NAMED]).body)
        body = self.notify(groups).body
        self.assertEqual(body.count("/odoo/buying-groups/"), NAMED)
        self.assertIn("And 1 more.", body)

    def test_archived_colleagues_hear_nothing(self):
        self.group.message_subscribe((self.manager + self.user).partner_id.ids)
        self.sales.active = False
        self.user.active = False
        self.env.flush_all()
        self.assertEqual(self.notify().partner_ids, self.manager.partner_id)

    def test_an_archived_group_is_told_of_to_nobody(self):
        self.group.active = False
        self.env.flush_all()
        self.assertFalse(self.notify())

    def test_whoever_was_moved_to_another_company_hears_nothing(self):
        self.group.message_subscribe(self.manager.partner_id.ids)
        self.sales.write({"company_ids": [Command.set(self.other_company.ids)], "company_id": self.other_company.id})
        self.account.company_id = self.company
        self.env.flush_all()
        self.assertEqual(self.notify().partner_ids, self.manager.partner_id)

    def test_own_accounts_only_at_the_lowest_permission(self):
        groups = self.group + self.make_groups(1, user_id=self.own_sales.id)
        groups.message_subscribe(self.own_sales.partner_id.ids)
        own = self.notify(groups).filtered(lambda message: self.own_sales.partner_id in message.partner_ids)
        self.assertEqual(
            (own.model, own.res_id), ("buying.group", groups[1].id), "not about the account of a colleague"
        )

    def test_what_they_did_themselves_is_left_out_of_the_list(self):
        groups = self.group + self.make_groups(1)
        message = self.notify(groups, {self.group.id: self.sales.id, groups[1].id: self.user.id})
        self.assertEqual((message.res_id, message.author_id), (groups[1].id, self.user.partner_id))
        self.assertFalse(self.notify(groups, dict.fromkeys(groups.ids, self.sales.id)))

    def test_of_several_doers_nobody_is_the_author(self):
        groups = self.make_groups(2)
        message = self.notify(groups, {groups[0].id: self.user.id, groups[1].id: self.manager.id})
        self.assertEqual(message.author_id, self.env.ref("base.partner_root"))

    def test_names_are_text(self):
        groups = self.make_groups(2)
        groups[0].partner_id.name = "<b>Bold</b> & Co"
        self.env.flush_all()
        self.assertIn("&lt;b&gt;Bold&lt;/b&gt; &amp; Co", self.notify(groups).body)
