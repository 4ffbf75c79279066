# What becomes of groups and memberships when contacts and accounts are merged, archived, or change their kind.
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingPartnerLife(BuyingJourneyCase):
    def merge(self, *partners):
        """Merge contacts as the host's wizard does; the last one stays."""
        partners = self.env["res.partner"].concat(*partners)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge(partners.ids, partners[-1], extra_checks=False)
        self.env.invalidate_all()
        return partners[-1]

    # Merging people

    def test_the_stronger_source_wins_whichever_contact_stays(self):
        for stays_manual in (True, False):
            with self.subTest(stays_manual=stays_manual):
                double = self.make_person("Brandon Freeman", "Director", self.account)
                weak, strong = (self.director, double) if stays_manual else (double, self.director)
                group = self.env["buying.group"].create(
                    {"solution_id": self.solution.copy().id, "partner_id": self.account.id}
                )
                group.assign_member(weak, self.champion, "system")
                group.assign_member(strong, self.decision_maker, "manual")
                stays = self.merge(self.director, double)
                self.assertMember(group, stays, self.decision_maker, "manual")
                self.assertEqual(group.member_count, 1)
                self.director = self.make_person("Brandon Freeman", "Managing Director", self.account)

    def test_a_removal_by_hand_outlives_merging_with_a_member(self):
        double = self.make_person("Brandon Freeman", "Director", self.account)
        self.group.remove_member(self.director, "manual")
        self.group.assign_member(double, self.champion, "system")
        self.assertEqual(self.group.member_count, 1)
        stays = self.merge(self.director, double)
        self.assertNoMember(self.group, stays, "manual")
        self.assertEqual(self.group.member_count, 0)
        self.assertIn(self.champion, self.group.missing_role_ids)

    def test_of_equal_sources_the_latest_wins(self):
        double = self.make_person("Brandon Freeman", "Director", self.account)
        self.group.assign_member(double, self.champion, "manual")
        self.row_of(self.group, double).sudo().write({"date": "2020-01-01"})
        self.group.assign_member(self.director, self.influencer, "manual")
        self.assertMember(self.group, self.merge(self.director, double), self.influencer, "manual")

    def test_memberships_of_different_groups_all_stay(self):
        double = self.make_person("Brandon Freeman", "Director", self.account)
        other = self.env["buying.group"].create({"solution_id": self.solution.copy().id, "partner_id": self.account.id})
        self.group.assign_member(self.director, self.champion, "journey")
        other.assign_member(double, self.influencer, "system")
        stays = self.merge(self.director, double)
        self.assertMember(self.group, stays, self.champion, "journey")
        self.assertMember(other, stays, self.influencer, "system")

    def test_three_contacts_are_merged_into_one_membership(self):
        doubles = [self.make_person("Brandon Freeman", "Director", self.account) for _no in range(2)]
        self.group.assign_member(self.director, self.champion, "system")
        self.group.assign_member(doubles[0], self.decision_maker, "journey")
        self.group.assign_member(doubles[1], self.influencer, "system")
        stays = self.merge(self.director, *doubles)
        self.assertMember(self.group, stays, self.decision_maker, "journey")
        self.assertAlmostEqual(self.group.completeness, 100 / 3)

    def test_of_two_rules_the_role_of_higher_priority_stays(self):
        for stays_first in (True, False):
            with self.subTest(stays_first=stays_first):
                clerk, director = self.make_person("Oscar Morgan"), self.make_person("Soham Palmer")
                self.group.assign_member(director, self.decision_maker, "system")
                self.group.assign_member(clerk, self.influencer, "system")
                stays = self.merge(*((clerk, director) if stays_first else (director, clerk)))
                self.assertMember(self.group, stays, self.decision_maker, "system")
                self.assertIn("Contacts were merged", self.group.message_ids[0].body)
                self.row_of(self.group, stays).unlink()

    def test_histories_of_scores_become_one(self):
        twin = self.make_account("Azure Interior Test Twin")
        twin_group = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": twin.id})
        double = self.make_person("Brandon Freeman", "Director", twin)
        Score = self.env["engagement.score"].sudo()
        for subject, name in (
            (self.group, "group_id"),
            (twin_group, "group_id"),
            (self.director, "partner_id"),
            (double, "partner_id"),
        ):
            Score.create({"date": "2026-01-05", name: subject.id, "score": 10 * subject.id % 97})
        highest = max(Score.search([("partner_id", "in", (self.director + double).ids)]).mapped("score"))
        self.merge(self.account, twin)
        self.merge(self.director, double)
        self.assertEqual(len(Score.search([("group_id", "=", twin_group.id), ("date", "=", "2026-01-05")])), 1)
        self.assertEqual(Score.search([("partner_id", "=", double.id), ("date", "=", "2026-01-05")]).score, highest)

    # Merging accounts

    def test_groups_of_merged_accounts_become_one_with_the_members_of_both(self):
        twin = self.make_account("Azure Interior Test Twin")
        twin_person = self.make_person("Joel Willis", "Manager", twin)
        twin_group = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": twin.id})
        self.group.assign_member(self.director, self.decision_maker, "manual")
        twin_group.assign_member(self.director, self.champion, "system")
        twin_group.assign_member(twin_person, self.champion, "journey")
        lead = self.env["crm.lead"].create({"name": "Robots", "buying_group_id": self.group.id})
        self.group.message_post(body="The robots must be blue.")
        self.merge(self.account, twin)
        self.assertFalse(self.group.exists())
        self.assertMember(twin_group, self.director, self.decision_maker, "manual")
        self.assertMember(twin_group, twin_person, self.champion, "journey")
        self.assertAlmostEqual(twin_group.completeness, 200 / 3)
        self.assertEqual(lead.buying_group_id, twin_group)
        self.assertIn("The robots must be blue.", "".join(twin_group.message_ids.mapped("body")))

    def test_a_group_goes_along_with_its_account(self):
        twin = self.make_account("Azure Interior Test Twin")
        self.group.assign_member(self.director, self.decision_maker, "manual")
        self.merge(self.account, twin)
        self.assertEqual(self.group.partner_id, twin)
        self.assertEqual(self.group.member_count, 1)

    def test_groups_of_two_merged_accounts_become_one_although_the_third_has_none(self):
        twin, third = self.make_account("Azure Interior Test Twin"), self.make_account("Azure Interior Test Third")
        twin_group = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": twin.id})
        self.group.assign_member(self.director, self.decision_maker, "manual")
        self.merge(self.account, twin, third)
        stays = (self.group + twin_group).exists()
        self.assertEqual(stays.partner_id, third)
        self.assertMember(stays, self.director, self.decision_maker, "manual")

    # Archiving and deleting

    def test_archived_people_do_not_count_until_they_are_back(self):
        self.group.assign_member(self.director, self.decision_maker, "manual")
        self.director.active = False
        self.assertEqual((self.group.member_count, self.group.completeness), (0, 0))
        self.assertIn(self.decision_maker, self.group.missing_role_ids)
        self.assertFalse(self.group.member_ids)
        self.assertIn("not counted until active again: Brandon Freeman", self.group.message_ids[0].body)
        self.director.active = True
        self.assertMember(self.group, self.director, self.decision_maker, "manual")
        self.assertEqual(self.group.member_count, 1)

    def test_archived_people_keep_their_place_whatever_jobs_run_meanwhile(self):
        self.group.update_members()
        self.group.assign_member(self.clerk, self.champion, "manual")
        (self.director + self.clerk).active = False
        self.assertEqual(self.group.update_members(), 0)
        self.assertEqual(self.group.member_count, 2)
        (self.director + self.clerk).active = True
        self.assertMember(self.group, self.clerk, self.champion, "manual")
        self.assertMember(self.group, self.director, self.decision_maker, "system")
        self.assertEqual(self.group.member_count, 4)

    def test_deleting_a_person_takes_the_membership_along(self):
        self.group.assign_member(self.director, self.decision_maker, "manual")
        self.director.unlink()
        self.assertEqual((self.group.member_count, self.group.completeness), (0, 0))

    def test_groups_rest_with_their_account_and_come_back_with_it(self):
        resting = self.env["buying.group"].create(
            {"solution_id": self.solution.copy().id, "partner_id": self.account.id}
        )
        resting.active = False
        self.account.active = False
        self.assertFalse(self.group.active)
        self.account.active = True
        self.assertTrue(self.group.active)
        self.assertFalse(resting.active)

    def test_a_group_that_was_decided_on_while_its_account_rested_stays_as_it_is(self):
        self.account.active = False
        self.group.active = True
        self.group.active = False
        self.account.active = True
        self.assertFalse(self.group.active)

    def test_accounts_stay_companies_and_members_stay_people(self):
        self.group.assign_member(self.director, self.decision_maker, "manual")
        with self.assertRefused("must stay companies"):
            self.account.is_company = False
        with self.assertRefused("must stay people"):
            self.director.is_company = True
        self.clerk.is_company = True
        self.child_account.write({"is_company": False})
        with self.assertRaises(UserError):
            (self.clerk + self.account).write({"is_company": False})

    # History

    def test_membership_changes_are_told_in_the_chatter(self):
        evil = self.make_person("<b>Evil</b>", "Clerk", self.account)
        self.group.assign_member(evil, self.champion, "manual")
        self.group.assign_member(evil, self.influencer, "manual")
        self.group.remove_member(evil, "journey")
        self.group.remove_member(evil, "manual")
        bodies = [str(message.body) for message in self.group.message_ids.sorted("id")][-3:]
        self.assertIn("by hand", bodies[0])
        self.assertIn("&lt;b&gt;Evil&lt;/b&gt; was added as Champion.", bodies[0])
        self.assertIn("is now Influencer instead of Champion", bodies[1])
        self.assertIn("was removed", bodies[2])

    def test_one_note_a_group_and_run_whatever_the_number_of_people(self):
        before = len(self.group.message_ids)
        self.assertEqual(self.group.update_members(), 3)
        self.group.invalidate_recordset()
        self.assertEqual(len(self.group.message_ids), before + 1)
        self.assertIn("by the rules of the template", self.group.message_ids[0].body)
