# Asking for groups by the number of people in their roles.
from odoo.fields import Domain
from odoo.tests import tagged

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingGroupRoles(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.child_group = cls.env["buying.group"].create(
            {"solution_id": cls.solution.id, "partner_id": cls.child_account.id}
        )
        cls.group.assign_member(cls.director, cls.decision_maker, "manual")
        cls.group.assign_member(cls.analyst, cls.influencer, "manual")
        cls.group.assign_member(cls.clerk, cls.influencer, "manual")
        cls.child_group.assign_member(cls.child_manager, cls.influencer, "manual")

    def find(self, text, operator="ilike"):
        groups = self.group + self.child_group
        domain = Domain("members_by_role", operator, text)
        return groups.search(Domain("id", "in", groups.ids) & domain, order="id")

    def test_at_least_so_many(self):
        both = self.group + self.child_group
        self.assertLess(self.group.id, self.child_group.id)
        self.assertEqual(self.find("Influencer"), both)
        self.assertEqual(self.find("1 Influencer"), both)
        self.assertEqual(self.find("2 influencer"), self.group)
        self.assertEqual(self.find("Influencer >= 2"), self.group)
        self.assertFalse(self.find("3 Influencer"))

    def test_several_must_all_hold(self):
        self.assertEqual(self.find("2 Influencer, 1 Decision Maker"), self.group)
        self.assertFalse(self.find("2 Influencer；2 Decision Maker"))
        self.assertEqual(self.find("2 Influencer, Champion", "not ilike"), self.group + self.child_group)

    def test_former_and_archived_members_do_not_count(self):
        self.group.remove_member(self.clerk, "manual")
        self.assertFalse(self.find("2 Influencer"))
        self.group.assign_member(self.clerk, self.influencer, "manual")
        self.clerk.active = False
        self.env.invalidate_all()
        self.assertFalse(self.find("2 Influencer"))

    def test_roles_in_other_languages(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.influencer.with_context(lang="fr_FR").name = "Prescripteur d'essai"
        self.assertEqual(self.find("2 prescripteur d'essai"), self.group)

    def test_nonsense_is_refused_with_the_roles(self):
        with self.assertRefused("“2 Boss” names no role.*Decision Maker"):
            self.find("2 Boss")
        with self.assertRefused("at least 1"):
            self.find("0 Influencer")
        self.assertFalse(self.find(" , "))

    def test_shown_as_text(self):
        self.assertEqual(self.group.members_by_role, "2 Influencer, 1 Decision Maker")
        self.assertFalse(self.env["buying.group"].new({}).members_by_role)

    def test_salespeople_may_ask(self):
        found = self.env["buying.group"].with_user(self.sales).search([("members_by_role", "ilike", "2 Influencer")])
        self.assertIn(self.group, found)

    def test_also_through_accounts(self):
        accounts = self.env["res.partner"].search(
            [("buying_group_ids.members_by_role", "ilike", "2 Influencer, 1 Decision Maker")]
        )
        self.assertIn(self.account, accounts)
        self.assertNotIn(self.child_account, accounts)
