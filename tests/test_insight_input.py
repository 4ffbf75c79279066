# Whatever a remote caller sends to figures and searches, the answer is a figure or a sentence that says what is wrong.
from odoo.tests import tagged

from .common_stage import BuyingStageCase


@tagged("post_install", "-at_install")
class TestInsightInput(BuyingStageCase):
    def setUp(self):
        super().setUp()
        self.dashboard = self.env["buying.dashboard"].with_user(self.user)
        self.coverage = self.env["buying.coverage"].with_user(self.user)

    def test_filters_are_a_dictionary_or_nothing(self):
        for page in (self.dashboard, self.coverage):
            for filters in ("x", [True], [1], 1, True):
                with self.subTest(page=page._name, filters=filters), self.assertRefused("filters must be"):
                    page.get_data(filters)
            for filters in (None, False, {}):
                self.assertTrue(page.get_data(filters))

    def test_ids_are_ids(self):
        for ids in ("1", {"id": 1}, [True], ["1"], [None], [1.0], [-1], [2**31]):
            with self.subTest(ids=ids), self.assertRefused("solution_ids must be a list of record ids"):
                self.dashboard.get_data({"solution_ids": ids})
            with self.subTest(ids=ids), self.assertRefused("solution_ids must be a list of record ids"):
                self.coverage.get_data({"solution_ids": ids})

    def test_many_ids_are_refused_instead_of_repeated_in_each_domain(self):
        many = list(range(1, 1002))
        for page, name in ((self.dashboard, "stage_ids"), (self.coverage, "account_ids")):
            with self.assertRefused(f"{name} holds 1001 records. Choose 1000 at most"):
                page.get_data({name: many})
            self.assertTrue(page.get_data({name: many[:1000]}))

    def test_periods_that_nobody_lives_to_see_are_refused(self):
        for first, last in (
            ("0001-01-01", "2026-01-01"),
            ("0001-01-01", "0001-01-02"),
            ("2026-01-01", "9999-12-31"),
            ("9999-12-31", "9999-12-31"),
            (None, "0001-01-01"),
            ("2010-01-01", "2026-01-01"),
            (["2026-01-01"], None),
            (None, {"x": 1}),
            (5, True),
        ):
            with self.subTest(first=first, last=last), self.assertRefused("period of the dashboard"):
                self.dashboard.get_data({"date_from": first, "date_to": last})
        self.assertTrue(self.dashboard.get_data({"date_from": "2016-01-01", "date_to": "2025-12-31"}))

    def test_an_unknown_time_zone_is_utc(self):
        self.group.assign_member(self.director, self.decision_maker)
        filters = {"solution_ids": self.solution.ids}
        data = self.dashboard.with_context(tz="bogus").get_data(filters)
        self.assertEqual(sum(sum(row["values"]) for row in data["acquisition"]["rows"]), 1)

    def test_days_in_stage_are_compared_with_numbers_only(self):
        Group = self.env["buying.group"].with_user(self.user)
        mine = [("id", "=", self.group.id)]
        for value in ("x", float("nan"), [1]):
            for operator in (">", ">=", "<", "<="):
                with self.subTest(operator=operator, value=value), self.assertRefused("with a number"):
                    Group.search([*mine, ("days_in_stage", operator, value)])
        with self.assertRefused("with a number"):
            Group.search([*mine, ("days_in_stage", "in", ["x"])])
        for operator, value, found in (
            (">", 10**9, False),
            ("<", 10**9, True),
            (">", -(10**9), True),
            ("<", float("inf"), True),
            ("=", 10**9, False),
            ("!=", 10**9, True),
            ("=", 0, True),
            ("=", 0.5, False),
        ):
            with self.subTest(operator=operator, value=value):
                self.assertEqual(bool(Group.search([*mine, ("days_in_stage", operator, value)])), found)

    def test_numbers_of_groups_are_compared_with_numbers_only(self):
        Partner = self.env["res.partner"].with_user(self.user)
        mine = [("id", "=", self.director.id)]
        for operator, value in ((">", "x"), ("<", float("nan")), (">=", [1]), ("in", ["x"])):
            with self.subTest(operator=operator, value=value), self.assertRefused("with a number"):
                Partner.search([*mine, ("buying_group_membership_count", operator, value)])
        for operator, value, found in (
            (">", 10**30, False),
            ("<", 10**30, True),
            ("<", float("inf"), True),
            ("=", 10**30, False),
            ("=", 0, True),
        ):
            with self.subTest(operator=operator, value=value):
                domain = [*mine, ("buying_group_membership_count", operator, value)]
                self.assertEqual(bool(Partner.search(domain)), found)

    def test_words_of_job_titles_have_a_limit(self):
        Partner = self.env["res.partner"].with_user(self.user)
        with self.assertRefused("have 1000000 characters. Write 5000 at most"):
            Partner.search([("function_words", "ilike", "a" * 10**6)])
        words = ("managing director, " + "b," * 5000)[:5000]
        domain = [("id", "child_of", self.account.id), ("function_words", "ilike", words)]
        self.assertEqual(Partner.search(domain), self.director)

    def test_a_stage_is_one_stage(self):
        group = self.group.with_user(self.user)
        for stage in (
            "x",
            ["x"],
            self.model.stage_ids.ids,
            [None],
            True,
            -1,
            2**31,
            {"id": 1},
            self.director,
            self.model.stage_ids[:2],
        ):
            with self.subTest(stage=stage), self.assertRefused("Choose one stage"):
                group.set_stage(stage)
        with self.assertRefused("Choose one stage"):
            group.write({"stage_id": "x"})
        for source in ("boss", ["manual"], None):
            with self.subTest(source=source), self.assertRefused("no known source"):
                group.set_stage(self.awareness.id, source)
        self.assertTrue(group.set_stage(self.awareness.ids))
        self.assertStage(self.awareness)
