# What all pages of the dashboard share: the period, its weeks and months, filters in words, and forms of charts.
import datetime as dt
from itertools import pairwise

from odoo.fields import Domain
from odoo.tests import tagged

from ..models.insight.buying_figures import MAX_DAYS_BY_WEEK, NAMES
from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestFigures(BuyingJourneyCase):
    def setUp(self):
        super().setUp()
        self.figures = self.env["buying.figures"].with_user(self.sales).with_context(tz="UTC", lang="en_US")

    def test_period_of_one_day_and_the_last_year(self):
        day = dt.date(2026, 2, 28)
        self.assertEqual(self.figures._get_period({"date_from": "2026-02-28", "date_to": "2026-02-28"}), (day, day))
        leap = self.figures._get_period({"date_to": "2024-02-29"})
        self.assertEqual(leap, (dt.date(2023, 2, 28), dt.date(2024, 2, 29)))
        self.assertEqual(self.figures._get_period({"date_to": "2026-03-31"}, months=1)[0], dt.date(2026, 2, 28))

    def test_weeks_end_on_sundays_and_the_period_s_ends_cut_them(self):
        steps = self.figures._get_steps(dt.date(2026, 3, 18), dt.date(2026, 3, 31))  # Wednesday to Tuesday
        self.assertEqual([(first.day, last.day) for _label, first, last in steps], [(18, 22), (23, 29), (30, 31)])
        (one,) = self.figures._get_steps(dt.date(2026, 3, 18), dt.date(2026, 3, 18))
        self.assertEqual(one[1:], (dt.date(2026, 3, 18), dt.date(2026, 3, 18)))

    def test_long_periods_are_told_by_month(self):
        first = dt.date(2026, 1, 15)
        self.assertEqual(len(self.figures._get_steps(first, first + dt.timedelta(days=MAX_DAYS_BY_WEEK))), 28)
        steps = self.figures._get_steps(first, first + dt.timedelta(days=MAX_DAYS_BY_WEEK + 1))
        self.assertEqual(
            [last for _label, _first, last in steps][:2], [dt.date(2026, 1, 31), dt.date(2026, 2, 28)], "whole months"
        )
        self.assertEqual(steps[-1][2], first + dt.timedelta(days=MAX_DAYS_BY_WEEK + 1))
        for before, after in pairwise(steps):
            self.assertEqual(after[1] - before[2], dt.timedelta(days=1), "no day is missing or counted twice")

    def test_days_are_the_user_s(self):
        figures = self.figures.with_context(tz="Pacific/Auckland")
        self.assertEqual(figures._to_utc(dt.date(2026, 7, 1)), dt.datetime(2026, 6, 30, 12))

    def test_a_period_to_come_is_empty(self):
        first, last = self.figures._get_moments(dt.date(2099, 1, 1), dt.date(2099, 1, 31))
        self.assertEqual(first, last)

    def test_filters_in_words(self):
        def tell(**filters):
            told = self.figures._describe(filters, dt.date(2026, 1, 1), dt.date(2026, 1, 31))
            self.assertEqual(told[0]["label"], "Period")
            return [line["text"] for line in told[1:]]

        self.assertEqual(tell(), [])
        self.assertEqual(tell(solution_ids=self.solution.ids, mine=True), ["Warehouse robots", "My accounts"])
        solutions = self.env["buying.solution"].create(
            [{"name": f"Robot {number}", "template_id": self.template.id} for number in range(NAMES + 2)]
        )
        self.assertIn("2 more", tell(solution_ids=solutions.ids)[0])
        solutions[0].active = False
        self.assertEqual(tell(solution_ids=solutions[0].ids), ["Robot 0"], "archived ones can be filtered by")

    def test_a_filter_tells_no_name_that_its_reader_may_not_read(self):
        hidden = self.env["buying.solution"].create(
            {"name": "Secret", "template_id": self.template.id, "company_id": self.other_company.id}
        )
        (line,) = self.figures._describe({"solution_ids": hidden.ids}, dt.date(2026, 1, 1), dt.date(2026, 1, 31))[1:]
        self.assertEqual(line["text"], "1 more")

    def test_domains_for_the_web_client_are_plain_data(self):
        moment = dt.datetime(2026, 1, 2, 3, 4, 5)
        domain = Domain("date", ">=", moment) & Domain("member_ids", "any", Domain("date", "<", moment))
        self.assertEqual(
            self.figures._as_list(domain),
            ["&", ("date", ">=", "2026-01-02 03:04:05"), ("member_ids", "any", [("date", "<", "2026-01-02 03:04:05")])],
        )

    def test_my_accounts_are_the_reader_s(self):
        self.account.user_id = self.sales
        self.env.flush_all()
        domain = self.figures._get_domain({"mine": True}) & Domain("solution_id", "=", self.solution.id)
        self.assertEqual(self.env["buying.group"].search(domain), self.group)
        others = self.figures.with_user(self.manager)._get_domain({"mine": True})
        self.assertNotIn(self.group, self.env["buying.group"].search(others))
