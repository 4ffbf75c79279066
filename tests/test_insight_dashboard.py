# The dashboard's figures, counted by hand.
import datetime as dt

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged, users

from .common_dashboard import DashboardCase


@tagged("post_install", "-at_install")
class TestInsightDashboard(DashboardCase):
    def set_member_date(self, person, date):
        """A decision stamps its own time, so the past is written past it."""
        self.env.flush_all()
        row = self.row_of(self.group, person)
        self.env.cr.execute("UPDATE buying_group_member SET date = %s WHERE id = %s", [date, row.id])
        self.env.invalidate_all()

    # Bands --------------------------------------------------------------------------------------------------------

    def test_a_band_takes_the_rounded_whole_percent(self):
        edges = {0: 0, 25.4: 0, 25.5: 1, 50.4: 1, 50.5: 2, 75.4: 2, 75.5: 3, 100: 3}
        groups = self.group | self.make_groups(len(edges) - 1)
        for group, value in zip(groups, edges, strict=True):
            self.set_figures(group, completeness=value, engagement=value)
        data = self.get_data()
        self.assertEqual(data["total"], len(edges))
        for chart in (data["completeness"], data["engagement"]):
            self.assertEqual([row["values"] for row in chart["rows"]], [[2], [2], [2], [2]])
            self.assertDrillsDown(chart)

    def test_a_group_without_required_roles_is_not_rated(self):
        self.set_figures(self.make_groups(2), required_role_count=0, completeness=0)
        figures = self.figures(self.get_data()["completeness"])
        self.assertEqual((figures["0–25%"], figures["Not rated"]), ([1], [2]))
        self.assertDrillsDown(self.get_data()["completeness"])

    def test_where_all_are_rated_nothing_is_said_about_it(self):
        self.assertNotIn("Not rated", self.figures(self.get_data()["completeness"]))

    def test_archived_groups_are_not_counted(self):
        self.make_groups(2).active = False
        self.assertEqual(self.get_data()["total"], 1)

    # Solutions and filters ----------------------------------------------------------------------------------------

    def test_solutions_come_with_their_bands_the_most_frequent_first(self):
        other = self.env["buying.solution"].create({"name": "Shelves test", "template_id": self.template.id})
        self.set_figures(self.make_groups(2, "Shelves", other), completeness=80)
        chart = self.get_data(solution_ids=(self.solution | other).ids)["solutions"]
        self.assertEqual([row["label"] for row in chart["rows"]], ["Shelves test", "Warehouse robots"])
        self.assertEqual([row["values"] for row in chart["rows"]], [[0, 0, 0, 2], [1, 0, 0, 0]])
        self.assertDrillsDown(chart)

    def test_many_solutions_end_in_one_row_for_the_rest(self):
        solutions = self.env["buying.solution"].create(
            [{"name": f"Shelf test {number}", "template_id": self.template.id} for number in range(14)]
        )
        for solution in solutions:
            self.make_groups(1, f"Account of {solution.name}", solution)
        chart = self.get_data(solution_ids=solutions.ids)["solutions"]
        self.assertEqual(len(chart["rows"]), 12)
        self.assertEqual((chart["rows"][-1]["label"], sum(chart["rows"][-1]["values"])), ("3 other solutions", 3))
        self.assertDrillsDown(chart)

    def test_each_filter_leaves_out_the_others(self):
        industry = self.env["res.partner.industry"].create({"name": "Furniture test"})
        country = self.env.ref("base.be")
        group = self.make_groups(1, industry_id=industry.id, country_id=country.id, user_id=self.user.id)
        group.with_user(self.user).set_stage(self.awareness)
        for name, record in {
            "industry_ids": industry,
            "country_ids": country,
            "user_ids": self.user,
            "stage_ids": self.awareness,
        }.items():
            data = self.get_data(**{name: record.ids})
            self.assertEqual(data["total"], 1, name)
            self.assertDrillsDown(data["completeness"])
        self.assertEqual(self.get_data(mine=True)["total"], 1)
        self.assertEqual(self.get_data(self.manager, mine=True)["total"], 0)

    def test_malformed_filters_are_refused(self):
        for filters in (
            {"solution_ids": "1"},
            {"stage_ids": ["x"]},
            {"date_from": "yesterday"},
            {"date_from": "2026-02-01", "date_to": "2026-01-01"},
        ):
            with self.subTest(filters=filters), self.assertRefused("filter|period"):
                self.env["buying.dashboard"].with_user(self.user).get_data(filters)

    # Rights -------------------------------------------------------------------------------------------------------

    def test_whoever_may_see_none_of_the_groups_is_told_so(self):
        self.env["buying.group"].with_context(active_test=False).search([]).partner_id.sudo().user_id = self.sales
        for page in ("buying.dashboard", "buying.dashboard.movement", "buying.dashboard.engagement"):
            for user, filters, state in (
                (self.own_sales, {}, (0, False, True)),
                (self.own_sales, {"mine": True}, (0, False, True)),
                (self.sales, {"mine": True, "stage_ids": [2**31 - 1]}, (0, True, False)),
            ):
                data = self.env[page].with_user(user).get_data(filters)
                self.assertEqual((data["total"], data["any_group"], data["hidden_groups"]), state)
        # of other companies nobody learns anything
        self.env["buying.group"].search([]).sudo().active = False
        elsewhere = self.make_groups(1, "Elsewhere", company_id=self.other_company.id)
        self.assertEqual(elsewhere.company_id, self.other_company)
        data = self.get_data(self.own_sales)
        self.assertEqual((data["any_group"], data["hidden_groups"]), (False, False))

    def test_a_salesperson_with_own_documents_sees_only_theirs(self):
        self.make_groups(2, "Mine", user_id=self.own_sales.id)
        theirs = self.make_groups(3, "Theirs", user_id=self.sales.id)
        self.env["buying.group.member"].create(
            {
                "group_id": theirs[0].id,
                "partner_id": self.make_person("Oscar Morgan", parent=theirs[0].partner_id).id,
                "role_id": self.champion.id,
            }
        )
        data = self.get_data(self.own_sales)
        self.assertEqual(data["total"], 3)  # the two, and the one whose account has no salesperson
        self.assertEqual(sum(row["values"][1] for row in data["stages"][0]["rows"]), 3)
        self.assertEqual(data["acquisition"]["rows"], [])
        self.assertEqual(data["role_engagement"]["rows"], [])
        self.assertEqual(self.get_data(self.sales)["total"], 6)

    def test_other_companies_are_not_counted(self):
        self.make_groups(2, company_id=self.other_company.id)
        self.assertEqual(self.get_data()["total"], 1)

    @users("bj_internal")
    def test_who_may_not_see_groups_sees_no_figures(self):
        with self.assertRefused("not allowed", AccessError):
            self.env["buying.dashboard"].get_data()

    # Roles --------------------------------------------------------------------------------------------------------

    def test_roles_are_acquired_in_the_month_of_their_date(self):
        for person, role, date in (
            (self.director, self.decision_maker, "2026-01-31 23:59:59"),
            (self.analyst, self.influencer, "2026-02-01 00:00:00"),
            (self.clerk, self.influencer, "2026-02-28 12:00:00"),
        ):
            self.group.assign_member(person, role)
            self.set_member_date(person, date)
        chart = self.get_data(date_from="2026-01-10", date_to="2026-03-05")["acquisition"]
        self.assertEqual(chart["series"], ["Decision Maker", "Influencer"])
        self.assertEqual(self.figures(chart), {"Jan 2026": [1, 0], "Feb 2026": [0, 2], "Mar 2026": [0, 0]})
        self.assertDrillsDown(chart)

    def test_months_begin_at_the_users_midnight(self):
        self.group.assign_member(self.director, self.decision_maker)
        self.set_member_date(self.director, "2026-01-31 23:30:00")
        dashboard = self.env["buying.dashboard"].with_user(self.user).with_context(tz="Europe/Brussels")
        chart = dashboard.get_data(self.filters | {"date_from": "2026-01-01", "date_to": "2026-02-10"})["acquisition"]
        self.assertEqual(self.figures(chart), {"Jan 2026": [0], "Feb 2026": [1]})
        self.assertDrillsDown(chart)

    def test_who_left_is_not_counted(self):
        self.group.assign_member(self.director, self.decision_maker)
        self.group.remove_member(self.director)
        self.assertEqual(self.get_data()["acquisition"]["rows"], [])

    def test_engagement_by_role_is_the_average_of_its_members(self):
        self.group.assign_member(self.analyst, self.influencer)
        self.group.assign_member(self.clerk, self.influencer)
        self.analyst.sudo().engagement_score = 100
        self.clerk.sudo().engagement_score = 25
        chart = self.get_data()["role_engagement"]
        self.assertEqual(self.figures(chart), {"Influencer": [62.5, 2]})

    # Stages and highlights ----------------------------------------------------------------------------------------

    def test_stages_on_the_first_and_on_the_last_day(self):
        groups = self.group | self.make_groups(1)
        self.set_figures(groups, create_date=fields.Datetime.now() - dt.timedelta(days=400))
        self.move(self.group, 60, self.awareness)
        self.move(self.group, 10, self.consideration)
        today = fields.Date.today()
        chart = self.get_data(date_from=str(today - dt.timedelta(days=30)))["stages"][0]
        figures = self.figures(chart)
        self.assertEqual(list(figures), ["No stage", *self.model.stage_ids.mapped("name")])
        self.assertEqual(
            (figures["No stage"], figures["Awareness"], figures["Consideration"]), ([1, 1], [1, 0], [0, 1])
        )
        self.assertDrillsDown(chart)
        past = self.get_data(date_from=str(today - dt.timedelta(days=90)), date_to=str(today - dt.timedelta(days=30)))[
            "stages"
        ][0]
        self.assertEqual((self.figures(past)["No stage"], self.figures(past)["Awareness"]), ([2, 1], [0, 1]))

    def test_groups_made_later_were_not_there_on_the_first_day(self):
        figures = self.figures(self.get_data()["stages"][0])
        self.assertEqual(figures["No stage"], [0, 1])

    def test_highlights(self):
        still, fast, slow = self.make_groups(3)
        self.set_figures(still | fast | slow, completeness=75)
        self.set_figures(self.group, completeness=74.9)
        self.set_figures(still, engagement=10)
        self.set_figures(fast, engagement=90)
        self.move(still, 100, self.awareness)
        self.move(self.group, 120, self.awareness)
        self.move(slow, 50, self.awareness)
        self.move(fast, 5, self.interest, self.consideration, self.success)
        highlights = self.get_data()["highlights"]
        ids = {name: [group["id"] for group in groups] for name, groups in highlights.items()}
        self.assertEqual(ids["engaged"], [fast.id, still.id])
        self.assertEqual(ids["stagnant"], [still.id, slow.id])
        self.assertEqual(ids["fast"], [fast.id, slow.id])
        self.assertEqual([group["stages"] for group in highlights["fast"]], [4, 1])

    def test_who_came_to_a_stage_lately_does_not_stand_still(self):
        still, lately = self.make_groups(2)
        self.set_figures(still | lately, completeness=100)
        self.move(still, 30, self.awareness)
        self.move(lately, 29, self.awareness)
        stagnant = self.get_data()["highlights"]["stagnant"]
        self.assertEqual([(group["id"], group["days"]) for group in stagnant], [(still.id, 30)])

    def test_a_group_of_another_companys_account_is_shown_by_its_name(self):
        self.solution.company_id = self.company
        self.set_figures(self.group, engagement=50)
        self.account.company_id = self.other_company
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.group.company_id, self.company)
        with self.assertRaises(AccessError):
            self.account.with_user(self.user).read(["name"])
        self.env.invalidate_all()
        self.assertEqual(
            [group["account"] for group in self.get_data()["highlights"]["engaged"]], ["Azure Interior Test"]
        )

    def test_failure_and_going_back_are_no_velocity(self):
        back, failed = self.make_groups(2)
        self.move(back, 200, self.interest)
        self.move(back, 5, self.awareness)
        self.move(failed, 5, self.interest, self.consideration, self.rejection)
        self.assertEqual(self.get_data()["highlights"]["fast"], [])

    # Cost ---------------------------------------------------------------------------------------------------------

    def test_the_number_of_statements_does_not_grow_with_the_groups(self):
        # as many as a list of highlights takes, so that both runs read alike
        for group in self.make_groups(6, "Early"):
            self.set_figures(group, engagement=50, completeness=80)
            self.move(group, 5, self.interest)
            group.assign_member(self.make_person("Oscar Morgan", parent=group.partner_id), self.champion)
        self.count_statements()
        few = self.count_statements()
        for group in self.make_groups(40, "Late"):
            person = self.make_person("Toni Rhodes", parent=group.partner_id)
            group.assign_member(person, self.champion)
        self.assertEqual(self.count_statements(), few)

    def test_nothing_at_all_is_no_error(self):
        self.group.active = False
        data = self.get_data()
        self.assertEqual((data["total"], data["solutions"]["rows"], data["stages"]), (0, [], []))
        self.assertRaises(UserError, self.get_data, solution_ids=self.solution.id)
