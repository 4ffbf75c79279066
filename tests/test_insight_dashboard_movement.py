# Stages and accounts on the dashboard: who stood where, who moved, who surges and who is at risk.
import datetime as dt

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged, users

from .common_dashboard import DashboardCase


@tagged("post_install", "-at_install")
class TestInsightDashboardMovement(DashboardCase):
    page = "buying.dashboard.movement"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["engagement.activity"].search([]).sudo().unlink()
        cls.ago(cls.group, 400)

    @classmethod
    def ago(cls, groups, days):
        """Groups were made so many days ago."""
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE buying_group SET create_date = %s WHERE id = ANY(%s)",
            [fields.Datetime.now() - dt.timedelta(days=days), groups.ids],
        )
        cls.env.invalidate_all()

    def did(self, person, times=1, days=1, code="email_opened", **values):
        date = fields.Datetime.now() - dt.timedelta(days=days)
        for number in range(times):  # not on one day, where a cap could count
            moment = date - dt.timedelta(minutes=number)
            self.env["engagement.activity.type"].log(code, person, date=moment, **values)

    def tiles(self, data):
        return {tile["label"]: tile["value"] for tile in data["tiles"]}

    # Stages -------------------------------------------------------------------------------------------------------

    def test_who_stood_where_who_moved_and_who_is_new(self):
        moved, stayed, returned, late = self.make_groups(4)
        self.ago(moved | stayed | returned, 100)
        self.ago(late, 5)
        for group in moved | stayed | returned:
            self.move(group, 60, self.awareness)
        self.move(moved, 10, self.interest)
        self.move(returned, 20, self.interest)
        self.move(returned, 10, self.awareness)  # there and back: stands where it stood
        self.move(late, 3, self.awareness)
        data = self.get_data()
        self.assertEqual(
            self.tiles(data),
            {"At the start": 4, "New since then": 1, "In another stage than then": 1, "At the end": 5},
        )
        stages = self.figures(data["stages"][0])
        self.assertEqual((stages["No stage"], stages["Awareness"], stages["Interest"]), ([1, 1], [3, 3], [0, 1]))
        self.assertEqual(self.figures(data["moves"][0]), {"Awareness → Interest": [1], "New → Awareness": [1]})
        for chart in (data["stages"][0], data["moves"][0]):
            self.assertDrillsDown(chart)
        self.assertTilesDrillDown(data["tiles"])
        # the list behind all moves holds just those
        found = self.env["buying.group"].search(data["moves"][0]["domain"])
        self.assertEqual(found, (moved | late).sorted("id", reverse=True))

    def test_a_period_that_is_past_ends_where_groups_stood_then(self):
        group, late = self.make_groups(2)
        self.ago(group, 200)
        self.ago(late, 20)
        self.move(group, 80, self.awareness)
        self.move(group, 10, self.interest)
        today = fields.Date.today()
        period = {"date_from": str(today - dt.timedelta(days=100)), "date_to": str(today - dt.timedelta(days=40))}
        data = self.get_data(**period)
        self.assertEqual(self.figures(data["moves"][0]), {"No stage → Awareness": [1]})
        self.assertEqual(self.tiles(data)["At the end"], 2)
        self.assertDrillsDown(data["stages"][0])
        self.assertDrillsDown(data["moves"][0])
        self.assertTilesDrillDown(data["tiles"])
        self.assertIn("Reached Awareness: Warehouse robots for Deco Addict Test 0.", data["summary"])
        empty = self.get_data(date_from=str(today - dt.timedelta(days=30)), date_to=str(today - dt.timedelta(days=15)))
        self.assertRegex(empty["summary"], r"^No group changed its stage from \d\d/\d\d/\d{4} to \d\d/\d\d/\d{4}\.$")

    def test_what_happened_in_words(self):
        self.assertEqual(self.get_data()["summary"], "No group changed its stage in the last 30 days.")
        groups = self.make_groups(5)
        self.ago(groups, 100)
        for group in groups:
            self.move(group, 50, self.awareness)
            self.move(group, 5, self.interest)
        person = self.make_person("Toni Rhodes", parent=groups[0].partner_id)
        groups[0].assign_member(person, self.champion)
        self.did(person, times=2)
        self.did(person, code="page_viewed", days=40)
        self.set_figures(groups[4], engagement=90)
        self.assertEqual(
            self.get_data()["summary"],
            "From Awareness to Interest: Warehouse robots for Deco Addict Test 4, "
            "Warehouse robots for Deco Addict Test 0, Warehouse robots for Deco Addict Test 1, and 2 more. "
            "What their members did most: 2 emails opened.",
        )

    def test_a_new_group_reached_its_stage(self):
        late, old = self.make_groups(2)
        self.ago(late, 5)
        self.ago(old, 50)
        self.move(late | old, 2, self.awareness)
        self.assertEqual(
            self.get_data()["summary"],
            "Reached Awareness: Warehouse robots for Deco Addict Test 0 and Warehouse robots for Deco Addict Test 1.",
        )

    def test_nonsense_about_the_past_is_refused(self):
        for text in ("", "yesterday=1", "2026-13-01 00:00:00=1", "2026-01-01 00:00:00=1;moved", "1=1;2=2;3=3", False):
            with self.subTest(text=text), self.assertRefused("where groups stood"):
                self.env["buying.group"].search([("stage_past", "=", text)])

    # Groups that stand out ----------------------------------------------------------------------------------------

    def test_standing_still_says_since_when_nobody_did_anything(self):
        still, silent = self.make_groups(2)
        self.set_figures(still | silent, completeness=100)
        self.move(still, 40, self.awareness)
        self.move(silent, 30, self.awareness)
        person = self.make_person("Toni Rhodes", parent=still.partner_id)
        still.assign_member(person, self.champion)
        self.set_figures(still | silent, completeness=100)
        self.did(person, days=7)
        self.did(person, days=1, is_automatic=True)
        stagnant = self.get_data()["highlights"]["stagnant"]
        self.assertEqual(
            [(group["id"], group["days"], group["silent"]) for group in stagnant],
            [(still.id, 40, 7), (silent.id, 30, False)],
        )

    # Accounts -----------------------------------------------------------------------------------------------------

    def make_trends(self, **values):
        """Accounts whose people did so much now and before: mails opened, worth 30 points each."""
        groups = self.make_groups(8, "Trend", **values)
        for group, (now, before) in zip(
            groups, [(3, 4), (1, 2), (10, 10), (3, 2), (8, 5), (2, 1), (1, 0), (0, 0)], strict=True
        ):
            person = self.make_person("Toni Rhodes", parent=group.partner_id)
            self.did(person, times=now, days=5)
            self.did(person, times=before, days=100)
        return groups

    def test_accounts_by_trend(self):
        risk, falling, steady, rising, surging, high, new, silent = self.make_trends()
        data = self.get_data()
        self.assertEqual(
            self.figures(data["trend"]),
            {
                "At risk": [1],  # 120 to 90
                "Falling": [1],  # 60 to 30: too little before to be at risk
                "Steady": [1],
                "Rising": [1],  # +50 %
                "Surging": [1],  # +60 %
                "Surging strongly": [1],  # +100 %
                "Nothing before": [1],
            },
        )
        self.assertDrillsDown(data["trend"])
        accounts = [group.partner_id.id for group in (surging, high)]
        self.assertEqual([row["id"] for row in data["surging"]["rows"]], accounts)
        self.assertEqual([row["values"] for row in data["surging"]["rows"]], [[60, 240, 150], [100, 60, 30]])
        self.assertEqual([row["values"] for row in data["at_risk"]["rows"]], [[-25, 90, 120]])
        for table, count in ((data["surging"], 2), (data["at_risk"], 1)):
            self.assertEqual(self.env[table["model"]].with_user(self.user).search_count(table["domain"]), count)
        trends = (risk | falling | steady | rising | new | silent).partner_id.mapped("engagement_trend")
        self.assertEqual(trends, ["risk", "negative", "neutral", "positive", "new", False])
        nobody = self.env["res.partner"].search(
            [("engagement_trend", "=", False), ("buying_group_ids.solution_id", "=", self.solution.id)]
        )
        self.assertEqual(nobody, (silent | self.group).partner_id.sorted("complete_name"))

    def test_what_they_are_interested_in(self):
        groups = self.make_trends()
        surging = groups[4]
        self.set_figures(surging, engagement=90)
        topics = self.env["buying.topic"].create(
            [{"name": "Robots", "keywords": "robot"}, {"name": "Shelves", "keywords": "shelf"}]
        )
        values = [
            {"topic_id": topics[0].id, "group_id": surging.id, "strength": 0.5, "level": "medium"},
            {"topic_id": topics[1].id, "group_id": surging.id, "strength": 0.7, "level": "high"},
            {"topic_id": topics[0].id, "partner_id": surging.partner_id.id, "strength": 0.1, "level": "low"},
        ]
        self.env["buying.intent"].sudo().create(values)
        data = self.get_data(self.sales)
        self.assertEqual(data["highlights"]["engaged"][0]["intent"], "Interest in Shelves is high.")
        self.assertEqual(data["surging"]["rows"][0]["note"], "Interest in Robots is low.")
        topics.company_id = self.other_company
        self.assertEqual(self.get_data(self.sales)["surging"]["rows"][0]["note"], "")

    def test_an_account_has_the_trend_of_its_summary(self):
        """People below a company below, affiliated ones, and neither archived people nor those below archived ones."""
        affiliated = self.make_person("Oscar Morgan")
        affiliated.affiliated_account_ids = self.account
        gone = self.make_person("Billy Gone", parent=self.account)
        closed = self.make_account("Closed lab", parent_id=self.account.id)
        below_closed = self.make_person("Edwin Closed", parent=closed)
        for person, now, before in (
            (self.child_manager, 2, 1),
            (affiliated, 3, 2),
            (gone, 9, 1),
            (below_closed, 7, 1),
            (self.director, 1, 1),
        ):
            self.did(person, times=now, days=5)
            self.did(person, times=before, days=100)
        gone.active = False
        closed.active = False
        people = self.account.with_user(self.user)._get_account_people()[self.account.id]
        points = self.env["buying.trend"].with_user(self.user)._get_points({self.account.id: people.ids})
        self.assertEqual(points[self.account.id], (180, 120))
        sql = self.env["buying.trend"].with_user(self.user)._get_account_points_sql()
        found = {account: values for account, *values in self.env.execute_query(sql)}
        self.assertEqual(found[self.account.id], [180, 120])
        self.assertEqual(self.figures(self.get_data()["trend"])["Rising"], [1])

    # Rights -------------------------------------------------------------------------------------------------------

    def assertAllDrillDown(self, data, user):
        for chart in (*data["stages"], *data["moves"], data["trend"]):
            self.assertDrillsDown(chart, user)
        self.assertTilesDrillDown(data["tiles"], user)

    def test_salespeople_see_figures_of_their_own_groups(self):
        mine = self.make_groups(1, "Mine", user_id=self.own_sales.id)
        theirs = self.make_groups(2, "Theirs", user_id=self.sales.id)
        self.ago(mine | theirs, 100)
        for group in mine | theirs:
            self.move(group, 5, self.awareness)
            person = self.make_person("Toni Rhodes", parent=group.partner_id)
            self.did(person, times=5, days=5)
            self.did(person, times=2, days=100)
        data = self.get_data(self.own_sales)
        self.assertEqual(self.figures(data["moves"][0]), {"No stage → Awareness": [1]})
        self.assertEqual([row["id"] for row in data["surging"]["rows"]], mine.partner_id.ids)
        self.assertNotIn("Theirs", data["summary"])
        self.assertAllDrillDown(data, self.own_sales)
        everything = self.get_data(self.sales)
        self.assertEqual(self.figures(everything["moves"][0]), {"No stage → Awareness": [3]})
        self.assertAllDrillDown(everything, self.sales)

    def test_two_companies(self):
        other = self.make_groups(2, "Elsewhere", company_id=self.other_company.id)
        self.ago(other, 100)
        for group in other:
            group.with_user(self.other_user).set_stage(self.awareness)
            person = self.make_person("Toni", parent=group.partner_id, company_id=self.other_company.id)
            self.did(person, times=5, days=5)
            self.did(person, times=2, days=100)
        data = self.get_data()
        self.assertEqual((data["total"], data["surging"]["rows"]), (1, []))
        self.assertAllDrillDown(data, self.user)
        data = self.get_data(self.other_user)
        self.assertEqual(len(data["surging"]["rows"]), 2)
        self.assertAllDrillDown(data, self.other_user)

    def test_both_companies_at_once(self):
        other = self.make_groups(2, "Elsewhere", company_id=self.other_company.id)
        self.ago(other, 100)
        for group in other | self.group:
            group.with_user(self.other_user if group in other else self.user).set_stage(self.awareness)
            person = self.make_person("Toni", parent=group.partner_id, company_id=group.company_id.id)
            self.did(person, times=5, days=5)
            self.did(person, times=2, days=100)
        companies = self.user_of_both.company_ids.ids
        page = self.env[self.page].with_user(self.user_of_both)
        page = page.with_context(tz="UTC", allowed_company_ids=companies)
        data = page.get_data(self.filters)
        self.assertEqual((data["total"], len(data["surging"]["rows"])), (3, 3))
        self.assertEqual(self.figures(data["moves"][0]), {"No stage → Awareness": [3]})
        for chart in (*data["stages"], *data["moves"], data["trend"]):
            for row in chart["rows"]:
                for value, domain in zip(row["values"], row["domains"], strict=True):
                    self.assertEqual(page.env[chart["model"]].search_count(domain), value, row["label"])

    @users("bj_internal")
    def test_who_may_not_see_groups_sees_no_figures(self):
        with self.assertRefused("not allowed", AccessError):
            self.env["buying.dashboard.movement"].get_data()

    # Cost ---------------------------------------------------------------------------------------------------------

    def test_the_number_of_statements_does_not_grow(self):
        def more(count, name):
            for group in self.make_groups(count, name):
                self.ago(group, 100)
                self.move(group, 20, self.awareness)
                person = self.make_person("Toni Rhodes", parent=group.partner_id)
                group.assign_member(person, self.champion)
                self.did(person, times=6, days=5)
                self.did(person, times=1, days=100)

        more(25, "Early")  # more than the lists take, so that both runs read alike
        self.count_statements()
        few = self.count_statements()
        more(20, "Late")
        self.count_statements()  # what was made empties the host's caches
        self.assertEqual(self.count_statements(), few)
        self.assertLess(few, 60)
