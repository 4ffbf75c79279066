# The website on the dashboard: pages, people we know and visitors we do not, regions and industries.
import datetime as dt
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.crm_buying_journey.models.engagement.engagement_page_view import EngagementPageView

from .common_dashboard import MONDAY, DashboardCase

PERIOD = {"date_from": "2026-03-02", "date_to": "2026-03-08"}
# what our statement reads of the app Website, as far as it is not installed
TABLES = """
    CREATE TABLE website (id serial PRIMARY KEY, name varchar, company_id int);
    CREATE TABLE website_visitor (id serial PRIMARY KEY, access_token varchar, partner_id int, country_id int,
                                  website_id int);
    CREATE TABLE website_track (id serial PRIMARY KEY, visitor_id int, url text, visit_datetime timestamp);
"""


class WebCase(DashboardCase):
    page = "buying.dashboard.web"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.filters = {}
        cls.env["engagement.activity"].search([]).sudo().unlink()
        cls.france, cls.norway = cls.env.ref("base.fr"), cls.env.ref("base.no")
        cls.furniture = cls.env["res.partner.industry"].create({"name": "Furniture test"})
        cls.account.write({"country_id": cls.france.id, "industry_id": cls.furniture.id})

    def get_data(self, user=None, **filters):
        return super().get_data(user, **(PERIOD | filters))

    def views(self, data):
        return {row["label"]: row["values"][:6] for row in data["pages"]["rows"]}

    def assertAllDrillDown(self, data, user=None):
        self.assertTilesDrillDown(data["tiles"], user)
        for chart in (data["pages"], data["countries"], data["industries"]):
            self.assertDrillsDown(chart, user)

    @classmethod
    def did(cls, person, page, days=0, hours=0, **values):
        date = MONDAY + dt.timedelta(days=days, hours=hours)
        return cls.env["engagement.activity.type"].log("page_viewed", person, date=date, subject=page, **values)


@tagged("post_install", "-at_install")
class TestInsightDashboardWeb(WebCase):
    """Views that were recorded by other means than the app Website."""

    def test_pages_and_people(self):
        self.did(self.director, "https://www.example.com/prices?utm_source=mail")
        self.did(self.director, "http://www.example.com/prices/")
        self.did(self.analyst, "https://www.example.com/prices#top")
        self.did(self.clerk, "https://www.example.com/")
        self.did(self.clerk, "https://www.example.com/jobs", 7)  # a day late
        self.clerk.active = False  # a view stays a view
        data = self.get_data()
        self.assertEqual(self.views(data), {"/prices": [3, 3, 100, 0, 0, 2], "/": [1, 1, 100, 0, 0, 1]})
        self.assertEqual([tile["value"] for tile in data["tiles"]], [4, 4, 0, 3])
        self.assertEqual([tile.get("rate") for tile in data["tiles"]], [None, 100, 0, None])
        self.assertEqual(self.figures(data["countries"]), {"France": [4, 0]})
        self.assertEqual(self.figures(data["industries"]), {"Furniture test": [4, 0]})
        self.assertAllDrillDown(data)

    def test_odd_addresses_and_titles(self):
        for page in (
            "Standing desks",
            "A/B tests",
            "Why us?",
            "/shop/desk?color=oak",
            "/",
            "HTTPS://Example.com",
            "https://example.com/a//?q=https://b.example/c",
            " ",
            False,
            "<b>x</b>",
        ):
            self.did(self.director, page)
        self.assertEqual(
            sorted(self.views(self.get_data())),
            sorted(
                ["Standing desks", "A/B tests", "Why us?", "/shop/desk", "/", "No page named", "<b>x</b>"]
                + ["Example.com", "example.com/a"]
            ),
        )
        data = self.get_data()
        self.assertEqual(next(row for row in data["pages"]["rows"] if row["label"] == "No page named")["values"][0], 2)
        self.assertAllDrillDown(data)

    def test_what_does_not_count(self):
        self.did(self.director, "/scanned", is_automatic=True)
        self.env["engagement.activity.type"].log("form_filled", self.director, date=MONDAY, subject="/form")
        data = self.get_data()
        self.assertEqual((data["total"], data["any_view"], data["pages"]["rows"]), (0, False, []))
        self.did(self.director, "/prices", -30)
        data = self.get_data()
        self.assertEqual((data["total"], data["any_view"]), (0, True))

    def test_ten_pages_and_the_other_regions(self):
        countries = self.env["res.country"].search([], limit=12)
        for number, country in enumerate(countries):
            account = self.make_account(f"Account {number} test", country_id=country.id)
            person = self.make_person("Toni Rhodes", parent=account)
            for _time in range(12 - number):
                self.did(person, f"/page/{number}")
        data = self.get_data()
        self.assertEqual(list(self.views(data)), [f"/page/{number}" for number in range(10)])
        rows = data["countries"]["rows"]
        self.assertEqual([row["values"][0] for row in rows], [*range(12, 3, -1), 3 + 2 + 1])
        self.assertEqual(rows[-1]["label"], "3 others")
        self.assertEqual(self.figures(data["industries"]), {"Unknown industry": [78, 0]})
        self.assertAllDrillDown(data)

    def test_each_filter_leaves_out_the_others(self):
        second = self.make_account("Second test", country_id=self.norway.id)
        toni = self.make_person("Toni Rhodes", parent=second)
        self.did(self.director, "/director")
        self.did(toni, "/toni")
        self.group.assign_member(self.director, self.decision_maker)
        self.account.user_id = self.user
        for filters, page in (
            ({"country_ids": self.norway.ids}, "/toni"),
            ({"industry_ids": self.furniture.ids}, "/director"),
            ({"solution_ids": self.solution.ids}, "/director"),
            ({"mine": True}, "/director"),
        ):
            with self.subTest(filters):
                data = self.get_data(**filters)
                self.assertEqual(list(self.views(data)), [page])
                self.assertAllDrillDown(data)
        words = {part["label"]: part["text"] for part in self.get_data(country_ids=self.norway.ids)["filters"]}
        self.assertEqual(words, {"Period": "03/02/2026 to 03/08/2026", "Country": "Norway"})
        with self.assertRefused("country_ids"):
            self.get_data(country_ids="Norway")

    def test_today_is_the_users_day(self):
        self.did(self.director, "/late", hours=-14)  # 22:00 on Sunday in UTC
        page = self.env[self.page].with_user(self.user)
        with freeze_time(MONDAY):
            self.assertEqual(page.with_context(tz="UTC").get_data()["total"], 0)
            data = page.with_context(tz="Asia/Tokyo").get_data()
        self.assertEqual(data["total"], 1)
        self.assertEqual(self.env["engagement.page.view"].search_count(data["pages"]["domain"]), 1)

    def test_salespeople_and_companies(self):
        mine = self.make_account("Own test", user_id=self.sales.id)
        theirs = self.make_account("Elsewhere test", company_id=self.other_company.id)
        for account in (self.account, mine):
            self.did(self.make_person("Toni Rhodes", parent=account), "/prices")
        self.did(self.make_person("Edwin Hansen", parent=theirs, company_id=self.other_company.id), "/prices")
        for user, count in ((self.own_sales, 1), (self.sales, 2), (self.user, 2), (self.other_user, 3)):
            with self.subTest(user=user.login):
                data = self.get_data(user)
                self.assertEqual(data["total"], count)
                self.assertAllDrillDown(data, user)
        stranger = new_test_user(self.env, "stranger-web@example.com", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.get_data(stranger)

    def test_nobody_changes_what_was_viewed(self):
        self.did(self.director, "/prices")
        view = self.env["engagement.page.view"].with_user(self.user).search([("partner_id", "=", self.director.id)])
        for change in (lambda: view.write({"page": "/x"}), view.unlink, lambda: view.create({"page": "/x"})):
            with self.assertRaises(AccessError):
                change()
        self.assertEqual(view.action_open_visitor()["res_id"], self.director.id)

    def test_the_number_of_statements_does_not_grow(self):
        self.did(self.director, "/prices")
        self.count_statements()
        few = self.count_statements()
        for number in range(15):
            account = self.make_account(f"Account {number} test", country_id=self.norway.id)
            self.did(self.make_person("Toni Rhodes", parent=account), f"/page/{number}")
        self.count_statements()
        self.assertEqual(self.count_statements(), few)


@tagged("post_install", "-at_install")
class TestInsightDashboardWebsite(WebCase):
    """Views that the app Website tracked. Where it is not installed, tables like its own stand in for it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "website.track" in cls.env:
            cls.env["website.track"].search([]).unlink()
        else:
            cls.env.cr.execute(TABLES)
            patcher = patch.object(EngagementPageView, "_has_website", lambda self: True)
            cls.startClassPatcher(patcher)
        cls.number = 0

    def insert(self, table, **values):
        columns = ", ".join(values)
        self.env.cr.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * len(values))}) RETURNING id",
            list(values.values()),
        )
        return self.env.cr.fetchone()[0]

    def make_visitor(self, person=None, country=None, **values):
        self.env.flush_all()
        type(self).number += 1
        values["access_token"] = str(person.id) if person else f"{self.number:032}"
        return self.insert(
            "website_visitor", partner_id=person and person.id, country_id=country and country.id, **values
        )

    def view(self, visitor, url, days=0):
        return self.insert(
            "website_track", visitor_id=visitor, url=url, visit_datetime=MONDAY + dt.timedelta(days=days)
        )

    def test_known_and_unknown(self):
        visitor = self.make_visitor(country=self.norway)
        director = self.make_visitor(self.director, country=self.norway)
        for url in ("https://example.com/prices", "https://example.com/prices?a=1", "https://example.com/jobs"):
            self.view(visitor, url)
        self.view(director, "https://example.com/prices")
        self.view(self.make_visitor(), "https://example.com/prices")
        data = self.get_data()
        self.assertEqual(self.views(data), {"/prices": [4, 1, 25, 3, 75, 1], "/jobs": [1, 0, 0, 1, 100, 0]})
        self.assertEqual([tile["value"] for tile in data["tiles"]], [5, 1, 4, 1])
        # the account says where somebody is whom we know, the address where others are
        self.assertEqual(
            self.figures(data["countries"]), {"Norway": [0, 3], "France": [1, 0], "Unknown region": [0, 1]}
        )
        self.assertEqual(self.figures(data["industries"]), {"Furniture test": [1, 0], "Unknown industry": [0, 4]})
        self.assertTrue(data["has_website"])
        self.assertAllDrillDown(data)
        own = self.env["engagement.page.view"].with_user(self.user).search([("visitor_number", "=", visitor)])
        self.assertEqual(len(own), 3)
        self.assertFalse(own[0].action_open_visitor())

    def test_nothing_counts_twice(self):
        track = self.view(self.make_visitor(self.director), "https://example.com/prices")
        self.did(self.director, "https://example.com/prices", res_model="website.track", res_id=track)
        self.did(self.director, "https://example.com/prices", res_model="website.track", res_id=track + 1000)
        self.did(self.director, "https://example.com/prices")
        data = self.get_data()
        # the view itself, the one that Website forgot, and the one that a script recorded
        self.assertEqual(self.views(data), {"/prices": [3, 3, 100, 0, 0, 1]})
        self.assertAllDrillDown(data)

    def test_employees_do_not_count(self):
        self.view(self.make_visitor(self.user.partner_id), "https://example.com/prices")
        self.assertEqual(self.get_data()["total"], 0)

    def test_no_row_stands_for_two(self):
        visitor = self.make_visitor()
        for activity in self.did(self.director, "/x") | self.did(self.director, "/x"):
            for number in (activity.id, 2 * activity.id):
                self.insert("website_track", id=number, visitor_id=visitor, url="/y", visit_datetime=MONDAY)
        ids = self.env["engagement.page.view"].search([]).ids
        self.assertEqual((len(ids), len(set(ids))), (6, 6))

    def test_unknown_visitors_of_another_companys_website(self):
        values = {
            "sequence": 10,
            "default_lang_id": self.env.ref("base.lang_en").id,
            "user_id": self.env.ref("base.public_user").id,
        }
        installed = "website" in self.env
        site = self.insert(
            "website", name="Elsewhere", company_id=self.other_company.id, **(values if installed else {})
        )
        self.view(self.make_visitor(website_id=site), "https://example.org/prices")
        self.assertEqual(self.get_data(self.user)["total"], 0)
        self.assertEqual(self.get_data(self.other_user)["total"], 1)

    def test_a_restricted_salesperson_sees_unknown_visitors_and_own_people(self):
        self.account.user_id = self.sales
        self.view(self.make_visitor(self.director), "https://example.com/prices")
        self.view(self.make_visitor(), "https://example.com/prices")
        for user, share in ((self.own_sales, 0), (self.sales, 50)):
            data = self.get_data(user)
            self.assertEqual(data["pages"]["rows"][0]["values"][2], share)
            self.assertAllDrillDown(data, user)
