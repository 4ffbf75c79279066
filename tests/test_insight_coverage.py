# Contact coverage, overlap, and what the form of a group shows at a glance.
from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged, users

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestInsightCoverage(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.child_group = cls.env["buying.group"].create(
            {"solution_id": cls.solution.id, "partner_id": cls.child_account.id}
        )

    def coverage(self, user=None, **filters):
        data = self.env["buying.coverage"].with_user(user or self.user).get_data(filters)
        return data, {
            (solution["name"], role["name"]): cell
            for solution in data["solutions"]
            for role, cell in zip(data["roles"], solution["cells"], strict=True)
        }

    def assertCell(self, cell, count, missing):
        self.assertEqual((cell["count"], cell["missing"]), (count, missing))
        members = self.env["buying.group.member"].with_user(self.user).search(cell["domain"])
        self.assertEqual(len(members.partner_id), count)

    def test_people_of_the_account_and_those_below(self):
        self.group.assign_member(self.director, self.decision_maker)
        self.child_group.assign_member(self.child_manager, self.champion)
        data, cells = self.coverage(account_ids=self.account.ids)
        self.assertEqual(data["solutions"][0]["groups"], 2)
        self.assertCell(cells["Warehouse robots", "Decision Maker"], 1, 1)
        self.assertCell(cells["Warehouse robots", "Champion"], 1, 1)
        self.assertCell(cells["Warehouse robots", "Influencer"], 0, 2)

    def test_companies_below_can_be_left_out(self):
        self.child_group.assign_member(self.child_manager, self.champion)
        data, cells = self.coverage(account_ids=self.account.ids, below=False)
        self.assertEqual(data["solutions"][0]["groups"], 1)
        self.assertCell(cells["Warehouse robots", "Champion"], 0, 1)

    def test_a_person_in_two_groups_of_a_solution_counts_once(self):
        self.clerk.affiliated_account_ids = self.child_account
        self.group.assign_member(self.clerk, self.champion)
        self.child_group.assign_member(self.clerk, self.champion)
        _data, cells = self.coverage(account_ids=self.account.ids)
        self.assertCell(cells["Warehouse robots", "Champion"], 1, 0)

    def test_a_role_that_the_template_does_not_have_is_not_applicable(self):
        template = self.env["buying.role.template"].create(
            {"name": "Small test", "line_ids": [self.line(self.practitioner, "clerk", is_required=False)]}
        )
        template.action_publish()
        small = self.env["buying.solution"].create({"name": "Small test", "template_id": template.id})
        group = self.env["buying.group"].create({"solution_id": small.id, "partner_id": self.account.id})
        group.assign_member(self.clerk, self.practitioner)
        _data, cells = self.coverage(account_ids=self.account.ids)
        self.assertIsNone(cells["Small test", "Decision Maker"])
        self.assertIsNone(cells["Warehouse robots", "Practitioner"])
        self.assertCell(cells["Small test", "Practitioner"], 1, 0)
        self.assertFalse(cells["Small test", "Practitioner"]["required"])

    def test_removed_and_archived_people_do_not_count(self):
        self.group.assign_member(self.director, self.decision_maker)
        self.group.assign_member(self.analyst, self.influencer)
        self.group.remove_member(self.director)
        self.analyst.active = False
        _data, cells = self.coverage(account_ids=self.account.ids)
        self.assertCell(cells["Warehouse robots", "Decision Maker"], 0, 2)
        self.assertCell(cells["Warehouse robots", "Influencer"], 0, 2)

    def test_a_salesperson_with_own_documents_sees_only_theirs(self):
        self.account.user_id = self.sales
        data, _cells = self.coverage(self.own_sales, account_ids=self.account.ids)
        self.assertEqual([row["groups"] for row in data["solutions"]], [1])
        self.child_account.user_id = self.sales
        data, _cells = self.coverage(self.own_sales, account_ids=self.account.ids)
        self.assertEqual(data["solutions"], [])

    @users("bj_internal")
    def test_who_may_not_see_groups_sees_no_coverage(self):
        with self.assertRefused("not allowed", AccessError):
            self.env["buying.coverage"].get_data()

    def test_malformed_filters_are_refused(self):
        with self.assertRefused("account_ids"):
            self.coverage(account_ids="all")

    def test_the_button_of_a_company_leads_to_its_coverage(self):
        action = self.account.with_user(self.sales).action_view_buying_coverage()
        self.assertEqual(
            (action["tag"], action["params"]), ("crm_buying_journey.coverage", {"account_ids": self.account.ids})
        )

    def test_the_number_of_statements_does_not_grow_with_the_groups(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.coverage(account_ids=self.account.ids)
            return self.env.cr.sql_log_count - before

        count()
        few = count()
        for number in range(20):
            account = self.make_account(f"Branch {number}", parent_id=self.account.id)
            group = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": account.id})
            group.assign_member(self.make_person("Toni Rhodes", parent=account), self.champion)
        self.assertEqual(count(), few)

    # Overlap ------------------------------------------------------------------------------------------------------

    def test_who_is_in_several_groups_is_found(self):
        other = self.env["buying.solution"].create({"name": "Shelves test", "template_id": self.template.id})
        second = self.env["buying.group"].create({"solution_id": other.id, "partner_id": self.account.id})
        for group in (self.group, second):
            group.assign_member(self.director, self.decision_maker)
        self.group.assign_member(self.analyst, self.influencer)
        second.assign_member(self.clerk, self.champion)
        second.remove_member(self.clerk)
        people = self.director | self.analyst | self.clerk
        mine = people.with_user(self.sales)
        self.assertEqual(mine.mapped("buying_group_membership_count"), [2, 1, 0])
        self.assertEqual(mine[0].buying_solution_ids, self.solution | other)

        def found(operator, value):
            domain = [("id", "in", people.ids), ("buying_group_membership_count", operator, value)]
            return mine.search(domain).mapped("name")

        director, analyst, clerk = people.mapped("name")
        for operator, value, expected in (
            (">", 1, [director]),
            (">=", 1, [director, analyst]),
            ("=", 0, [clerk]),
            ("!=", 0, [director, analyst]),
            ("<", 2, [analyst, clerk]),
            ("in", [0, 2], [director, clerk]),
            (">=", 0, [director, analyst, clerk]),
        ):
            self.assertCountEqual(found(operator, value), expected, (operator, value))

    def test_groups_of_others_do_not_make_an_overlap(self):
        self.account.user_id = self.sales
        for group in (self.group, self.child_group):
            self.clerk.affiliated_account_ids = self.child_account
            group.assign_member(self.clerk, self.champion)
        self.assertEqual(self.clerk.with_user(self.own_sales).buying_group_membership_count, 1)
        self.assertEqual(self.clerk.with_user(self.sales).buying_group_membership_count, 2)

    # Highlights of a group ----------------------------------------------------------------------------------------

    def test_three_decision_makers_and_three_others_by_engagement(self):
        for number, score in enumerate((10, 90, 0, 50)):
            person = self.make_person(f"Chief {number}", "Director", self.account)
            person.sudo().engagement_score = score
            self.group.assign_member(person, self.decision_maker)
        self.group.assign_member(self.analyst, self.influencer)
        self.group.assign_member(self.clerk, self.champion)
        self.analyst.sudo().engagement_score = 40.4
        value = self.group.with_user(self.sales).members_highlight
        self.assertEqual([card["name"] for card in value["decision_makers"]], ["Chief 1", "Chief 3", "Chief 0"])
        self.assertEqual([card["name"] for card in value["others"]], ["Nicole Ford"])  # the clerk has no score
        card = value["others"][0]
        self.assertEqual((card["function"], card["role"], card["engagement"]), ("Market Analyst", "Influencer", 40.4))

    def test_the_highlights_of_many_groups_cost_as_much_as_those_of_few(self):
        def make_groups(count):
            accounts = self.env["res.partner"].create(
                [{"name": f"Branch {number}", "is_company": True} for number in range(count)]
            )
            groups = self.env["buying.group"].create(
                [{"solution_id": self.solution.id, "partner_id": account.id} for account in accounts]
            )
            people = self.env["res.partner"].create([{"name": "Toni Rhodes", "parent_id": id_} for id_ in accounts.ids])
            self.env["buying.group.member"].create(
                [
                    {"group_id": group.id, "partner_id": person.id, "role_id": self.decision_maker.id}
                    for group, person in zip(groups, people, strict=True)
                ]
            )
            return groups

        def count(groups):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertTrue(all(card["decision_makers"] for card in groups.mapped("members_highlight")))
            return self.env.cr.sql_log_count - before

        few, many = make_groups(2).with_user(self.sales), make_groups(40).with_user(self.sales)
        count(few)
        self.assertEqual(count(many), count(few))

    def test_a_group_without_members_has_no_highlights(self):
        self.assertEqual(self.group.members_highlight, {"decision_makers": [], "others": []})

    def test_chips_of_roles(self):
        template = self.env["buying.role.template"].create(
            {
                "name": "Chips test",
                "line_ids": [
                    Command.create({"role_id": self.practitioner.id, "is_required": False, "sequence": 1}),
                    Command.create({"role_id": self.influencer.id, "members_required": 2, "sequence": 2}),
                    Command.create({"role_id": self.champion.id, "sequence": 3}),
                    Command.create({"role_id": self.decision_maker.id, "sequence": 4}),
                ],
            }
        )
        template.action_publish()
        solution = self.env["buying.solution"].create({"name": "Chips test", "template_id": template.id})
        group = self.env["buying.group"].create({"solution_id": solution.id, "partner_id": self.account.id})
        group.assign_member(self.analyst, self.influencer)
        group.assign_member(self.clerk, self.champion)
        chips = group.with_user(self.sales).role_progress
        self.assertEqual(
            [(chip["name"], chip["count"], chip["needed"], chip["state"]) for chip in chips],
            [
                ("Influencer", 1, 2, "partial"),
                ("Champion", 1, 1, "complete"),
                ("Decision Maker", 0, 1, "missing"),
                ("Practitioner", 0, 1, "optional"),
            ],
        )

    def test_last_activity_is_what_the_person_did(self):
        self.group.assign_member(self.director, self.decision_maker)
        self.env["engagement.activity.type"].log("email_opened", self.director, date="2026-01-05 10:00:00")
        self.env["engagement.activity.type"].log("email_clicked", self.director, date="2026-01-06 10:00:00")
        self.group.assign_member(self.analyst, self.influencer)
        members = self.group.member_ids.with_user(self.sales)
        dates = {member.partner_id: str(member.last_activity_date or "") for member in members}
        self.assertEqual(dates, {self.director: "2026-01-06 10:00:00", self.analyst: ""})
