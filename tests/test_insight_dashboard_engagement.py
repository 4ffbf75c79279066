# Engagement over time on the dashboard: who did something that counts, in each week, by role.
from odoo.tests import tagged

from .common_dashboard import DashboardEngagementCase


@tagged("post_install", "-at_install")
class TestInsightDashboardEngagement(DashboardEngagementCase):
    def assertAllDrillDown(self, data, user=None):
        charts = (*data["doughnuts"].values(), *data["lines"].values(), data["roles"], data["role_lines"], data["top"])
        for chart in charts:
            self.assertDrillsDown(chart, user)

    def doughnut(self, data):
        return {what: [row["values"][0] for row in chart["rows"]] for what, chart in data["doughnuts"].items()}

    def lines(self, data, what):
        return [row["values"] for row in data["lines"][what]["rows"]]

    def test_engaged_in_the_period_and_in_each_week(self):
        self.did(self.director, 0)
        self.did(self.director, 1)
        self.did(self.analyst, 8)
        self.did(self.toni, 15)
        self.did(self.edwin, 16)  # a day late
        self.did(self.edwin, -1)  # a day early
        data = self.get_data()
        self.assertEqual(self.doughnut(data), {"accounts": [2, 0], "groups": [2, 0], "people": [3, 1]})
        self.assertEqual([row["label"] for row in data["lines"]["people"]["rows"]], ["2 Mar", "9 Mar", "16 Mar"])
        self.assertEqual(self.lines(data, "people"), [[1, 3], [1, 3], [1, 3]])
        self.assertEqual(self.lines(data, "accounts"), [[1, 1], [1, 1], [1, 1]])
        self.assertEqual(self.figures(data["roles"]), {"Decision Maker": [1], "Champion": [1], "Influencer": [1]})
        self.assertEqual(data["role_lines"]["series"], ["Decision Maker", "Influencer", "Champion"])
        self.assertEqual(
            self.figures(data["role_lines"]), {"2 Mar": [1, 0, 0], "9 Mar": [0, 1, 0], "16 Mar": [0, 0, 1]}
        )
        self.assertEqual([row["label"] for row in data["top"]["rows"]], ["Azure Interior Test", "Second Test"])
        self.assertEqual(data["top"]["rows"][0]["values"], [2, 3, "2026-03-10 12:00:00"])
        self.assertAllDrillDown(data)

    def test_a_day_begins_at_the_users_midnight(self):
        self.did(self.director, -1, hours=11.5)  # 23:30 on Sunday in UTC
        dashboard = self.env[self.page].with_user(self.user).with_context(tz="Europe/Brussels")
        data = dashboard.get_data(self.filters | self.period)
        self.assertEqual(self.lines(data, "people")[0], [1, 3])
        self.assertAllDrillDown(data)
        self.assertEqual(self.lines(self.get_data(), "people")[0], [0, 4])

    def test_what_does_not_count(self):
        self.did(self.director, is_automatic=True)
        self.did(self.director, code="quotation_sent")  # ours, without points
        self.did(self.clerk)  # no member
        self.group.remove_member(self.analyst)
        self.did(self.analyst)
        data = self.get_data()
        self.assertEqual(data["engaged"], 0)
        self.assertEqual(self.doughnut(data), {"accounts": [0, 2], "groups": [0, 2], "people": [0, 3]})
        self.assertEqual((data["roles"]["rows"], data["role_lines"]["rows"], data["top"]["rows"]), ([], [], []))
        self.assertAllDrillDown(data)

    def test_somebody_in_two_groups_of_an_account_counts_once(self):
        other = self.env["buying.solution"].create({"name": "Shelves test", "template_id": self.template.id})
        group = self.env["buying.group"].create({"solution_id": other.id, "partner_id": self.account.id})
        group.assign_member(self.director, self.champion)
        self.did(self.director)
        self.did(self.director)
        data = self.get_data(solution_ids=(self.solution | other).ids)
        self.assertEqual(self.doughnut(data), {"accounts": [1, 1], "groups": [2, 1], "people": [1, 3]})
        self.assertEqual(data["top"]["rows"][0]["values"][:2], [1, 2])
        self.assertEqual(self.figures(data["roles"]), {"Decision Maker": [1], "Champion": [1]})
        self.assertAllDrillDown(data)

    def test_each_filter_leaves_out_the_others(self):
        self.did(self.director)
        self.did(self.toni, code="page_viewed")
        industry = self.env["res.partner.industry"].create({"name": "Furniture test"})
        state = self.env.ref("base.state_us_5")
        self.second.partner_id.write(
            {"industry_id": industry.id, "country_id": state.country_id.id, "state_id": state.id}
        )
        page_viewed = self.env["engagement.activity.type"]._get_by_code("page_viewed")
        for filters in (
            {"role_ids": self.champion.ids},
            {"type_ids": page_viewed.ids},
            {"channels": ["web"]},
            {"industry_ids": industry.ids},
            {"country_ids": state.country_id.ids},
            {"state_ids": state.ids},
        ):
            with self.subTest(filters=filters):
                data = self.get_data(**filters)
                self.assertEqual(data["engaged"], 1)
                self.assertEqual([row["label"] for row in data["top"]["rows"]], ["Second Test"])
                self.assertAllDrillDown(data)
        words = {part["label"]: part["text"] for part in self.get_data(channels=["web"])["filters"]}
        self.assertEqual(words["Channel"], "Web")
        self.assertEqual(words["Solution"], "Warehouse robots")
        self.assertEqual(words["Period"], "03/02/2026 to 03/17/2026")
        for broken in ("web", ["nothing"], [1], {"a": 1}):
            with self.assertRefused("channels"):
                self.get_data(channels=broken)

    def test_long_periods_go_by_month(self):
        self.did(self.director)
        rows = self.get_data(date_from="2026-01-15", date_to="2026-12-31")["lines"]["people"]["rows"]
        self.assertEqual((len(rows), rows[0]["label"], rows[2]["label"]), (12, "Jan 2026", "Mar 2026"))
        self.assertEqual([row["values"][0] for row in rows[:4]], [0, 0, 1, 0])

    def test_salespeople_and_companies(self):
        self.second.partner_id.user_id = self.sales
        elsewhere = self.make_second(company_id=self.other_company.id)
        for person in (self.director, *self.second.member_ids.partner_id, *elsewhere.member_ids.partner_id):
            self.did(person)
        for user, engaged in (
            (self.own_sales, {"accounts": [1, 0], "groups": [1, 0], "people": [1, 1]}),
            (self.sales, {"accounts": [2, 0], "groups": [2, 0], "people": [3, 1]}),
            (self.other_user, {"accounts": [3, 0], "groups": [3, 0], "people": [5, 1]}),
        ):
            with self.subTest(user=user.login):
                data = self.get_data(user)
                self.assertEqual(self.doughnut(data), engaged)
                self.assertAllDrillDown(data, user)

    def test_both_companies_at_once(self):
        elsewhere = self.make_second(company_id=self.other_company.id)
        for person in (self.director, *elsewhere.member_ids.partner_id):
            self.did(person)
        page = self.env[self.page].with_user(self.user_of_both)
        page = page.with_context(tz="UTC", allowed_company_ids=self.user_of_both.company_ids.ids)
        data = page.get_data(self.filters | self.period)
        self.assertEqual(self.doughnut(data), {"accounts": [2, 1], "groups": [2, 1], "people": [3, 3]})
        for chart in (*data["doughnuts"].values(), *data["lines"].values()):
            for row in chart["rows"]:
                for value, domain in zip(row["values"], row["domains"], strict=True):
                    self.assertEqual(page.env[chart["model"]].search_count(domain), value)

    def test_the_number_of_statements_does_not_grow(self):
        self.did(self.director)
        self.count_statements()
        few = self.count_statements()
        for group in self.make_groups(25, "Late"):
            person = self.make_person("Oscar Morgan", parent=group.partner_id)
            group.assign_member(person, self.champion)
            self.did(person)
        self.count_statements()
        more = self.count_statements()
        self.assertEqual(more - few, 0)
        self.assertLess(few, 40)
