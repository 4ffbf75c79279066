# Whose word counts: people outrank journeys, journeys outrank nightly jobs, in whatever way a change comes in.
from datetime import datetime

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingMember(BuyingJourneyCase):
    """The scenarios S1 to S11 of the precedence, by the three methods and by direct changes of the rows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Member = cls.env["buying.group.member"]
        cls.user_group = cls.group.with_user(cls.user)

    def add_directly(self, person, role, **values):
        return self.Member.with_user(self.sales).create(
            {"group_id": self.group.id, "partner_id": person.id, "role_id": role.id, **values}
        )

    # S1–S11, by the methods

    def test_s1_a_job_does_not_remove_whom_a_person_added(self):
        self.assertTrue(self.group.with_user(self.sales).assign_member(self.clerk, self.champion))
        self.user_group.update_members()
        self.assertMember(self.group, self.clerk, self.champion, "manual")
        self.assertFalse(self.user_group.remove_member(self.clerk, "system"))
        self.assertMember(self.group, self.clerk, self.champion, "manual")

    def test_s2_a_journey_does_not_remove_whom_a_person_added(self):
        self.user_group.assign_member(self.clerk, self.champion)
        self.assertFalse(self.user_group.remove_member(self.clerk, "journey"))
        self.assertMember(self.group, self.clerk, self.champion, "manual")

    def test_s3_a_job_does_not_remove_whom_a_journey_added(self):
        self.assertTrue(self.user_group.assign_member(self.clerk, self.champion, "journey"))
        self.user_group.update_members()
        self.assertFalse(self.user_group.remove_member(self.clerk, "system"))
        self.assertMember(self.group, self.clerk, self.champion, "journey")

    def test_s4_a_job_does_not_bring_back_whom_a_person_removed(self):
        self.user_group.update_members()
        self.assertTrue(self.group.with_user(self.sales).remove_member(self.director))
        self.user_group.update_members()
        self.assertFalse(self.user_group.assign_member(self.director, self.champion, "system"))
        self.assertNoMember(self.group, self.director, "manual")

    def test_s5_a_journey_does_not_bring_back_whom_a_person_removed(self):
        self.user_group.assign_member(self.director, self.champion)
        self.user_group.remove_member(self.director)
        self.assertFalse(self.user_group.assign_member(self.director, self.champion, "journey"))
        self.assertNoMember(self.group, self.director, "manual")

    def test_s6_a_job_does_not_bring_back_whom_a_journey_removed(self):
        self.user_group.update_members()
        self.assertTrue(self.user_group.remove_member(self.director, "journey"))
        self.user_group.update_members()
        self.assertNoMember(self.group, self.director, "journey")

    def test_s7_a_journey_removes_whom_a_job_added(self):
        self.user_group.update_members()
        self.assertMember(self.group, self.director, self.decision_maker, "system")
        self.assertTrue(self.user_group.remove_member(self.director, "journey"))
        self.assertNoMember(self.group, self.director, "journey")

    def test_s8_a_person_removes_whom_a_job_or_a_journey_added(self):
        self.user_group.update_members()
        self.user_group.assign_member(self.clerk, self.champion, "journey")
        for person in (self.director, self.clerk):
            self.assertTrue(self.group.with_user(self.sales).remove_member(person))
            self.assertNoMember(self.group, person, "manual")

    def test_s9_among_equals_the_latest_wins(self):
        for source in ("journey", "manual", "system"):
            with self.subTest(source=source):
                self.assertTrue(self.user_group.assign_member(self.clerk, self.champion, source))
                self.assertTrue(self.user_group.remove_member(self.clerk, source))
                self.assertNoMember(self.group, self.clerk, source)
                self.assertTrue(self.user_group.assign_member(self.clerk, self.influencer, source))
                self.assertMember(self.group, self.clerk, self.influencer, source)
                self.row_of(self.group, self.clerk).unlink()

    def test_s10_a_job_removes_whom_it_added_once_the_rule_no_longer_matches(self):
        self.user_group.update_members()
        self.director.function = "Retired"
        self.assertEqual(self.user_group.update_members(), 1)
        self.assertNoMember(self.group, self.director, "system")
        self.director.function = "Director again"
        self.assertEqual(self.user_group.update_members(), 1)
        self.assertMember(self.group, self.director, self.decision_maker, "system")

    def test_s11_a_role_given_by_a_person_is_kept(self):
        self.user_group.update_members()
        self.assertTrue(self.group.with_user(self.sales).assign_member(self.director, self.champion))
        self.user_group.update_members()
        self.assertFalse(self.user_group.assign_member(self.director, self.influencer, "journey"))
        self.assertMember(self.group, self.director, self.champion, "manual")

    # The same through the rows themselves

    def test_a_row_made_by_a_user_is_a_manual_decision(self):
        self.add_directly(self.clerk, self.champion)
        self.user_group.update_members()
        self.assertFalse(self.user_group.remove_member(self.clerk, "journey"))
        self.assertMember(self.group, self.clerk, self.champion, "manual")

    def test_a_row_written_by_a_user_is_a_manual_decision(self):
        self.user_group.update_members()
        row = self.row_of(self.group, self.director)
        row.with_user(self.sales).write({"role_id": self.champion.id})
        self.assertMember(self.group, self.director, self.champion, "manual")
        self.user_group.update_members()
        self.assertMember(self.group, self.director, self.champion, "manual")
        row.with_user(self.sales).write({"state": "out"})
        self.user_group.update_members()
        self.assertNoMember(self.group, self.director, "manual")

    def test_a_direct_write_in_a_lower_name_changes_nothing(self):
        row = self.add_directly(self.clerk, self.champion)
        for source in ("system", "journey"):
            for values in ({"state": "out"}, {"role_id": self.influencer.id}, {}):
                with self.subTest(source=source, values=values):
                    row.write(values | {"source": source})
                    self.assertMember(self.group, self.clerk, self.champion, "manual")

    def test_a_direct_create_in_a_lower_name_does_not_bring_back(self):
        self.user_group.remove_member(self.director)
        for source in ("system", "journey"):
            with self.subTest(source=source):
                self.add_directly(self.director, self.champion, source=source)
                self.assertNoMember(self.group, self.director, "manual")

    def test_a_direct_create_by_hand_brings_the_row_back(self):
        self.user_group.update_members()
        row = self.row_of(self.group, self.director)
        self.user_group.remove_member(self.director)
        made = self.add_directly(self.director, self.influencer)
        self.assertEqual(made, row)
        self.assertMember(self.group, self.director, self.influencer, "manual")

    def test_rows_made_together_keep_their_order(self):
        self.user_group.remove_member(self.director)
        people = self.clerk + self.director + self.analyst
        rows = self.Member.with_user(self.sales).create(
            [{"group_id": self.group.id, "partner_id": person.id, "role_id": self.champion.id} for person in people]
        )
        self.assertEqual(rows.partner_id.ids, people.ids)
        self.assertEqual(self.group.member_ids.partner_id, people)

    def test_members_added_in_the_form_of_the_group(self):
        values = {"member_ids": [Command.create({"partner_id": self.clerk.id, "role_id": self.champion.id})]}
        self.group.with_user(self.sales).write(values)
        self.assertMember(self.group, self.clerk, self.champion, "manual")

    def test_members_are_added_moved_and_removed_in_the_form(self):
        with Form(self.group.with_user(self.sales)) as form, form.member_ids.new() as line:
            line.partner_id = self.clerk.with_user(self.sales)
            line.role_id = self.champion.with_user(self.sales)
        self.assertMember(self.group, self.clerk, self.champion, "manual")
        with Form(self.group.with_user(self.sales)) as form, form.member_ids.edit(0) as line:
            line.role_id = self.influencer.with_user(self.sales)
        self.assertMember(self.group, self.clerk, self.influencer, "manual")
        self.group.member_ids.with_user(self.sales).action_remove()
        self.assertNoMember(self.group, self.clerk, "manual")

    def test_unknown_sources_and_odd_values_are_refused(self):
        row = self.add_directly(self.clerk, self.champion)
        for source in ("god", "", None):
            with self.subTest(source=source):
                with self.assertRaises(UserError):
                    self.group.assign_member(self.clerk, self.champion, source)
                with self.assertRaises(UserError):
                    self.group.remove_member(self.clerk, source)
                with self.assertRaises(UserError):
                    row.with_user(self.sales).write({"source": source})
        for values in (
            {"group_id": self.group.copy({"partner_id": self.child_account.id}).id},
            {"partner_id": self.director.id},
        ):
            with self.subTest(values=values), self.assertRaises(UserError):
                row.with_user(self.sales).write(values)

    # One place per person and group

    def test_a_person_has_one_place_in_a_group(self):
        self.add_directly(self.clerk, self.champion)
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self.add_directly(self.clerk, self.influencer)
        self.group.assign_member(self.clerk, self.influencer)
        self.assertEqual(len(self.row_of(self.group, self.clerk)), 1)

    def test_a_person_may_be_in_several_groups(self):
        child_group = self.env["buying.group"].create(
            {"solution_id": self.solution.id, "partner_id": self.child_account.id}
        )
        self.assertTrue((self.group + child_group).assign_member(self.clerk, self.champion))
        self.assertMember(self.group, self.clerk, self.champion, "manual")
        self.assertMember(child_group, self.clerk, self.champion, "manual")
        child_group.remove_member(self.clerk)
        self.assertFalse((self.group + child_group).assign_member(self.clerk, self.influencer, "journey"))

    def test_accepted_for_one_group_only_is_not_accepted_for_all(self):
        child_group = self.env["buying.group"].create(
            {"solution_id": self.solution.id, "partner_id": self.child_account.id}
        )
        self.group.remove_member(self.clerk)
        self.assertFalse((self.group + child_group).assign_member(self.clerk, self.champion, "journey"))
        self.assertMember(child_group, self.clerk, self.champion, "journey")
        self.assertNoMember(self.group, self.clerk, "manual")

    def test_a_removed_row_is_kept_and_brought_back(self):
        self.user_group.update_members()
        row = self.row_of(self.group, self.director)
        row.with_user(self.sales).action_remove()
        self.assertEqual(row.role_id, self.decision_maker)
        self.assertIn(row, self.group.former_member_ids)
        row.with_user(self.sales).action_restore()
        self.assertMember(self.group, self.director, self.decision_maker, "manual")
        self.assertNotIn(row, self.group.former_member_ids)

    def test_somebody_who_was_never_in_can_be_kept_out(self):
        for source in ("manual", "journey"):
            with self.subTest(source=source):
                self.assertTrue(self.user_group.remove_member(self.director, source))
                self.user_group.update_members()
                self.assertNoMember(self.group, self.director, source)
                self.row_of(self.group, self.director).unlink()
        self.assertTrue(self.user_group.remove_member(self.clerk, "system"))
        self.assertFalse(self.row_of(self.group, self.clerk))

    def test_the_date_is_that_of_the_last_decision(self):
        row = self.add_directly(self.clerk, self.champion)
        row.sudo().write({"date": datetime(2020, 1, 1)})
        row.write({"role_id": self.influencer.id, "source": "journey"})
        self.assertEqual(row.date, datetime(2020, 1, 1))
        row.write({"role_id": self.influencer.id})
        self.assertGreater(row.date, datetime(2020, 1, 1))

    # Who can be a member

    def test_companies_are_no_members(self):
        with self.assertRefused("is a company"):
            self.group.assign_member(self.child_account, self.champion)
        with self.assertRefused("is a company"):
            self.add_directly(self.child_account, self.champion)

    def test_only_roles_of_the_template_are_given(self):
        with self.assertRefused("Practitioner is not a role of Warehouse robots for Azure Interior Test"):
            self.group.assign_member(self.clerk, self.practitioner)
        with self.assertRefused("Practitioner is not a role"):
            self.add_directly(self.clerk, self.practitioner)
        row = self.add_directly(self.clerk, self.champion)
        with self.assertRefused("Practitioner is not a role"):
            row.with_user(self.sales).write({"role_id": self.practitioner.id})
        with self.assertRefused("Choose a role"):
            row.with_user(self.sales).write({"role_id": False})

    def test_sales_removes_but_never_deletes_rows(self):
        row = self.add_directly(self.clerk, self.champion)
        for user in (self.sales, self.user):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    row.with_user(user).unlink()
                with self.assertRaises(AccessError):
                    self.group.with_user(user).write({"member_ids": [Command.delete(row.id)]})
        row.with_user(self.manager).unlink()
        self.assertFalse(self.group.member_ids)
