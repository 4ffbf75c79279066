# The people of an account, and who may see which group.
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import BuyingJourneyCase

MODELS = (
    "buying.role",
    "buying.role.template",
    "buying.role.template.line",
    "buying.solution",
    "buying.group",
    "buying.group.member",
    "buying.group.job",
    "engagement.activity",
    "engagement.activity.type",
)


@tagged("post_install", "-at_install")
class TestBuyingPeople(BuyingJourneyCase):
    def people_of(self, group):
        """The people whom the rules may draw on, found with the rights of a user."""
        return self.env["res.partner"].browse(group.with_user(self.user)._get_people_by_group()[group.id])

    def own_group(self, account):
        return self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": account.id})

    def close_circle(self):
        """A circle of three companies, as an import may have left it, behind the back of the ORM."""
        grandchild = self.make_account("Azure Interior Test Shop", parent_id=self.child_account.id)
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_partner SET parent_id = %s WHERE id = %s", [grandchild.id, self.account.id])
        self.env.invalidate_all()
        return grandchild

    # Who belongs to an account

    def test_contacts_below_an_account_at_any_level_are_its_people(self):
        lab = self.make_account("Azure Interior Test Basement", parent_id=self.child_account.id)
        deep = self.make_person("Willie Burke", "Analyst", lab)
        deeper = self.make_person("Jesse Brown", "Analyst", deep)
        self.assertEqual(
            self.people_of(self.group),
            (self.director + self.analyst + self.clerk + self.child_manager + deep + deeper).sorted("id"),
        )

    def test_a_company_below_with_its_own_group_keeps_its_people(self):
        lab = self.make_account("Azure Interior Test Basement", parent_id=self.child_account.id)
        deep = self.make_person("Willie Burke", "Analyst", lab)
        child_group = self.own_group(self.child_account)
        self.assertEqual(self.people_of(self.group), self.director + self.analyst + self.clerk)
        self.assertEqual(self.people_of(child_group), self.child_manager + deep)

    def test_a_group_for_another_solution_or_an_archived_one_keeps_nobody(self):
        other = self.solution.copy()
        self.env["buying.group"].create({"solution_id": other.id, "partner_id": self.child_account.id})
        self.assertIn(self.child_manager, self.people_of(self.group))
        child_group = self.own_group(self.child_account)
        self.assertNotIn(self.child_manager, self.people_of(self.group))
        child_group.active = False
        self.assertIn(self.child_manager, self.people_of(self.group))

    def test_people_move_to_the_group_of_their_own_company(self):
        self.group.update_members()
        self.assertMember(self.group, self.child_manager, self.champion, "system")
        child_group = self.own_group(self.child_account)
        (self.group + child_group).update_members()
        self.assertNoMember(self.group, self.child_manager, "system")
        self.assertMember(child_group, self.child_manager, self.champion, "system")

    def test_contractors_belong_to_the_accounts_they_are_affiliated_with(self):
        contractor = self.make_person("Floyd Steward", "Analyst", self.make_account("Ready Mat Test"))
        contractor.affiliated_account_ids = self.account
        self.assertIn(contractor, self.people_of(self.group))
        self.group.update_members()
        self.assertMember(self.group, contractor, self.influencer, "system")
        contractor.affiliated_account_ids = False
        self.group.update_members()
        self.assertNoMember(self.group, contractor, "system")

    def test_somebody_who_is_both_employed_and_affiliated_comes_once(self):
        self.director.affiliated_account_ids = self.account
        self.assertEqual(self.people_of(self.group).ids.count(self.director.id), 1)
        self.group.update_members()
        self.assertMember(self.group, self.director, self.decision_maker, "system")

    def test_archived_contacts_and_companies_are_left_out(self):
        contractor = self.make_person("Floyd Steward", "Analyst", affiliated_account_ids=self.account.ids)
        self.group.update_members()
        (self.director + contractor).active = False
        self.child_account.active = False
        self.assertEqual(self.people_of(self.group), self.analyst + self.clerk)
        self.group.update_members()
        self.assertEqual(self.group.member_ids.partner_id, self.analyst)
        self.assertEqual(self.row_of(self.group, self.director).state, "in", "the place is kept")

    def test_companies_are_nobodys_people(self):
        self.child_account.function = "Director"
        affiliated = self.make_account("Ready Mat Test", function="Director")
        affiliated.affiliated_account_ids = self.account
        self.group.update_members()
        self.assertEqual(self.group.member_ids.partner_id, self.director + self.analyst + self.child_manager)

    def test_a_circle_of_companies_does_not_run_for_ever(self):
        self.close_circle()
        self.env.cr.execute("SET LOCAL statement_timeout = '20s'")
        everybody = self.director + self.analyst + self.clerk + self.child_manager
        self.assertEqual(self.people_of(self.group), everybody)
        self.group.with_user(self.user).update_members()
        self.assertEqual(len(self.group.member_ids), 3)
        people = (self.account + self.child_account).with_user(self.user)._get_account_people()
        self.assertEqual(people[self.child_account.id], everybody.with_user(self.user))
        self.assertEqual(self.account.with_user(self.user).buying_group_count, 1)

    def test_the_people_of_accounts_and_persons(self):
        contractor = self.make_person("Floyd Steward", affiliated_account_ids=self.account.ids)
        people = (self.account + self.child_account + self.clerk).with_user(self.user)._get_account_people()
        self.assertEqual(
            set(people[self.account.id].ids),
            set((self.director + self.analyst + self.clerk + self.child_manager + contractor).ids),
        )
        self.assertEqual(people[self.child_account.id].ids, self.child_manager.ids)
        self.assertEqual(people[self.clerk.id].ids, self.clerk.ids)

    def test_an_archived_contractor_is_left_out_of_an_accounts_people(self):
        contractor = self.make_person("Floyd Steward", affiliated_account_ids=self.account.ids, active=False)
        self.assertNotIn(contractor.id, self.account._get_account_people()[self.account.id].ids)

    # Which role

    def test_the_first_role_whose_rule_matches_wins(self):
        both = self.make_person("Jesse Brown", "Manager and Director", self.account)
        self.group.update_members()
        self.assertMember(self.group, both, self.decision_maker, "system")

    def test_priority_is_the_sequence_not_the_order_of_creation(self):
        template = self.env["buying.role.template"].create(
            {
                "name": "Upside down test",
                "line_ids": [
                    self.line(self.champion, "manager", sequence=30),
                    self.line(self.decision_maker, "director", sequence=10),
                ],
            }
        )
        template.action_publish()
        solution = self.env["buying.solution"].create({"name": "Upside down test", "template_id": template.id})
        group = self.env["buying.group"].create({"solution_id": solution.id, "partner_id": self.account.id})
        both = self.make_person("Jesse Brown", "Manager and Director", self.account)
        group.update_members()
        self.assertMember(group, both, self.decision_maker, "system")

    def test_a_new_job_title_moves_a_person_to_another_role(self):
        self.group.update_members()
        self.director.function = "Manager"
        self.assertEqual(self.group.update_members(), 1)
        self.assertMember(self.group, self.director, self.champion, "system")

    def test_updating_twice_changes_nothing(self):
        self.assertEqual(self.group.update_members(), 3)
        dates = self.group.member_ids.mapped("date")
        self.assertEqual(self.group.update_members(), 0)
        self.assertEqual(self.group.member_ids.mapped("date"), dates)

    # People whom the user may not read

    def test_people_of_another_company_are_neither_added_nor_removed(self):
        self.director.company_id = self.other_company
        self.group.with_user(self.user).update_members()
        self.assertFalse(self.row_of(self.group, self.director))
        self.group.with_user(self.user_of_both).update_members()
        self.assertMember(self.group, self.director, self.decision_maker, "system")
        self.group.with_user(self.user).update_members()
        self.assertMember(self.group, self.director, self.decision_maker, "system")

    def test_nobody_reads_a_hidden_contact_by_making_it_a_member(self):
        self.director.company_id = self.other_company
        for user in (self.sales, self.user):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    self.group.with_user(user).assign_member(self.director, self.champion)
                with self.assertRaises(AccessError):
                    self.env["buying.group.member"].with_user(user).create(
                        {"group_id": self.group.id, "partner_id": self.director.id, "role_id": self.champion.id}
                    )

    # Deletion

    def test_an_account_with_a_group_cannot_be_deleted(self):
        self.group.active = False
        with self.assertRefused("Azure Interior Test cannot be deleted, because they have buying groups"):
            self.account.with_user(self.env.ref("base.user_admin")).unlink()
        self.group.unlink()
        self.account.unlink()
        self.assertFalse(self.account.exists())

    def test_a_contact_can_be_deleted_and_takes_its_memberships_along(self):
        self.group.assign_member(self.director, self.champion)
        row = self.row_of(self.group, self.director)
        self.director.unlink()
        self.assertFalse(row.exists())


@tagged("post_install", "-at_install")
class TestBuyingAccess(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own_account, cls.foreign_account = (
            cls.make_account("Deco Addict Test", user_id=cls.own_sales.id),
            cls.make_account("Gemini Furniture Test", user_id=cls.sales.id),
        )
        cls.own_group, cls.foreign_group = cls.env["buying.group"].create(
            [
                {"solution_id": cls.solution.id, "partner_id": account.id}
                for account in (cls.own_account, cls.foreign_account)
            ]
        )
        cls.groups = cls.own_group + cls.foreign_group + cls.group
        cls.groups.assign_member(cls.director, cls.champion)

    def seen_by(self, user):
        groups = self.env["buying.group"].with_user(user).search([("id", "in", self.groups.ids)])
        members = self.env["buying.group.member"].with_user(user).search([("group_id", "in", self.groups.ids)])
        self.assertEqual(members.group_id, groups)
        return groups

    def test_an_internal_user_without_our_groups_reads_nothing_of_ours(self):
        self.make_job(self.account)
        self.env["engagement.activity.type"].log("form_filled", self.director)
        for name in MODELS:
            with self.subTest(model=name):
                record = self.env[name].search([], limit=1).with_user(self.internal)
                self.assertTrue(record)
                with self.assertRaises(AccessError):
                    record.browse().search([])
                with self.assertRaises(AccessError):
                    record.read(["display_name"])
        for name in ("buying_group_ids", "buying_group_member_ids"):
            with self.subTest(field=name), self.assertRaises(AccessError):
                self.director.with_user(self.internal).read([name])
        with self.assertRaises(AccessError):
            self.group.with_user(self.internal).assign_member(self.clerk, self.champion)
        with self.assertRaises(AccessError):
            self.group.with_user(self.internal).update_members()

    def test_contacts_stay_usable_for_internal_users_without_our_groups(self):
        partner = self.director.with_user(self.internal)
        self.assertTrue(partner.read(["name", "affiliated_account_ids"]))
        self.assertTrue(partner.get_view(view_type="form"))

    def test_own_documents_means_own_and_unassigned_accounts(self):
        self.assertEqual(self.seen_by(self.own_sales), (self.own_group + self.group).sorted("id", reverse=True))
        for user in (self.sales, self.user, self.manager):
            with self.subTest(user=user.login):
                self.assertEqual(self.seen_by(user), self.groups.sorted("id", reverse=True))

    def test_the_rules_follow_the_salesperson_of_the_account(self):
        self.own_account.user_id = self.sales
        self.foreign_account.user_id = self.own_sales
        self.assertEqual(self.seen_by(self.own_sales), (self.foreign_group + self.group).sorted("id", reverse=True))

    def test_own_documents_refuses_every_way_into_foreign_groups(self):
        group = self.foreign_group.with_user(self.own_sales)
        row = self.row_of(self.foreign_group, self.director).with_user(self.own_sales)
        for what, call in {
            "read": lambda: group.read(["completeness"]),
            "write": lambda: group.write({"status": "Mine"}),
            "assign": lambda: group.assign_member(self.clerk, self.champion),
            "assign whom the group has already": lambda: group.assign_member(self.director, self.champion),
            "remove": lambda: group.remove_member(self.director),
            "read row": lambda: row.read(["role_id"]),
            "write row": lambda: row.write({"role_id": self.influencer.id}),
            "remove row": row.action_remove,
            "create row": lambda: row.create(
                {"group_id": group.id, "partner_id": self.clerk.id, "role_id": self.champion.id}
            ),
            "create row that is there already": lambda: row.create(
                {"group_id": group.id, "partner_id": self.director.id, "role_id": self.champion.id}
            ),
        }.items():
            with self.subTest(what=what), self.assertRaises(AccessError):
                call()
        self.assertMember(self.foreign_group, self.director, self.champion, "manual")

    def test_own_documents_allows_work_on_own_groups(self):
        group = self.own_group.with_user(self.own_sales)
        self.assertTrue(group.assign_member(self.clerk, self.influencer))
        self.assertTrue(group.remove_member(self.director))
        self.assertEqual(group.member_ids.partner_id, self.clerk.with_user(self.own_sales))
        group.status = "Called"

    def test_counts_on_a_contact_show_only_what_the_user_may_read(self):
        self.assertEqual(self.director.with_user(self.user).buying_group_count, 3)
        self.director.invalidate_recordset()
        self.assertEqual(self.director.with_user(self.own_sales).buying_group_count, 2)

    def test_groups_of_another_company_are_hidden_at_every_permission(self):
        self.account.company_id = self.other_company
        self.assertEqual(self.group.company_id, self.other_company)
        self.assertEqual(self.row_of(self.group, self.director).company_id, self.other_company)
        for user in (self.own_sales, self.sales, self.user, self.manager):
            with self.subTest(user=user.login):
                self.assertNotIn(self.group, self.seen_by(user))
                with self.assertRaises(AccessError):
                    self.group.with_user(user).read(["name"])
                with self.assertRaises(AccessError):
                    self.group.with_user(user).assign_member(self.clerk, self.champion)
        self.assertIn(self.group, self.seen_by(self.user_of_both))
        self.assertEqual(self.group.with_user(self.other_user).member_count, 1)

    def test_sales_builds_no_groups_solutions_templates_or_jobs(self):
        for name, values in {
            "buying.group": {"solution_id": self.solution.id, "partner_id": self.child_account.id},
            "buying.solution": {"name": "Sales test", "template_id": self.template.id},
            "buying.role.template": {"name": "Sales test"},
            "buying.role.template.line": {"template_id": self.template.id, "role_id": self.practitioner.id},
            "buying.group.job": {"solution_id": self.solution.id},
        }.items():
            with self.subTest(model=name), self.assertRaises(AccessError):
                self.env[name].with_user(self.sales).create(values)
        with self.assertRaises(AccessError):
            self.group.with_user(self.sales).unlink()
        with self.assertRaises(AccessError):
            self.solution.with_user(self.sales).write({"update_groups": True})
