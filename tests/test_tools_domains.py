# Conditions are data: nothing in them is ever run, and what is no filter is refused in words.
from unittest.mock import patch

import psycopg2

from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tests import TransactionCase, tagged

from odoo.addons.crm_buying_journey.tools.domains import check_domain, count_records, parse_domain


@tagged("post_install", "-at_install")
class TestToolsDomains(TransactionCase):
    def parse(self, text):
        return parse_domain(self.env, "res.partner", text)

    def test_nothing_means_every_record(self):
        for text in (None, False, "", "  \n", "[]", " [] "):
            with self.subTest(text=text):
                self.assertTrue(self.parse(text).is_true())

    def test_domains_as_the_editor_writes_them(self):
        for text, expected in {
            '[("name", "ilike", "azure")]': Domain("name", "ilike", "azure"),
            "  [('is_company', '=', True)]\n": Domain("is_company", "=", True),
            '["|", ("city", "=", "Ghent"), ("parent_id.city", "=", "Ghent")]': Domain("city", "=", "Ghent")
            | Domain("parent_id.city", "=", "Ghent"),
            '["!", ("child_ids", "any", [("function", "ilike", "director")])]': ~Domain(
                "child_ids", "any", [("function", "ilike", "director")]
            ),
            '[("create_date", ">=", "today -7d")]': Domain("create_date", ">=", "today -7d"),
        }.items():
            with self.subTest(text=text):
                self.assertEqual(self.parse(text), expected)
                self.env["res.partner"].search(self.parse(text), limit=1)

    def test_code_is_refused_and_never_run(self):
        with patch("os.system") as system:
            for text in (
                "__import__('os').system('true')",
                "[('name', '=', __import__('os').system('true'))]",
                "[('id', 'in', [x for x in (1, 2)])]",
                "[('user_id', '=', uid)]",
                "[('create_date', '>', context_today())]",
                "[('name', '=', f'{1 + 1}')]",
                "lambda: []",
                "=1+1",
                "=cmd|' /C calc'!A0",
                "[('name', '=', 'a' + 'b')]",
                "[('id', '=', 2 ** 10)]",
                "[('name', '=', env.user.name)]",
                "(lambda: __import__('os').system('true'))()",
            ):
                with self.subTest(text=text), self.assertRaises(UserError):
                    self.parse(text)
            system.assert_not_called()

    def test_what_is_no_domain_is_refused(self):
        for text in (
            "1",
            "None",
            "{}",
            "'abc'",
            "b'abc'",
            "[1]",
            "[[]]",
            "['&']",
            "['|', ('name', '=', 'x')]",
            "('name', '=', 'x')",
            "[('name',)]",
            "[('name', '=', 'x'",
            "name = x",
            "\x00",
            "[('id', 'in', [{'a': 1}])]",
        ):
            with self.subTest(text=text), self.assertRaises(UserError):
                self.parse(text)

    def test_unknown_fields_operators_and_dates_are_refused(self):
        for text in (
            "[('nonsense', '=', 1)]",
            "[('parent_id.nonsense', '=', 1)]",
            "[('child_ids', 'any', [('nonsense', '=', 1)])]",
            "[('name', 'resembles', 'x')]",
            "[('create_date', '=', 'the other day')]",
        ):
            with self.subTest(text=text), self.assertRaises(UserError) as caught:
                self.parse(text)
            self.assertIn("is no valid filter on Contact", str(caught.exception))

    def test_very_deep_and_very_long_texts_are_refused_not_fatal(self):
        leaves = ", ".join(f"('name', '=', '{number}')" for number in range(4001))
        for text in (
            "[" * 5000,
            "(" * 5000,
            "{" * 5000,
            "-" * 5000 + "1",
            "-" * 200000 + "1",
            "not " * 5000 + "1",
            "9" * 6000,
            "['&', '|'" + ", '&', '|'" * 1999 + ", " + leaves + "]",
        ):
            with self.subTest(text=text[:10], length=len(text)):
                with self.assertRaises(UserError) as caught:
                    self.parse(text)
                self.assertLess(len(str(caught.exception)), 600)

    def test_what_no_database_stores_is_refused(self):
        for text in (
            "[('name', '=', 'a\\x00b')]",
            "[('name', 'in', ['x', 'a\\x00b'])]",
            "[('name', 'ilike', '\\ud800')]",
            "[('name', '=', '\ud800')]",
            "[('id', '=', 1e999)]",
            "[('id', 'in', [1, -1e999])]",
            "[('child_ids', 'any', [('color', '>', 1e999)])]",
            5,
            [1],
        ):
            with self.subTest(text=ascii(text)), self.assertRaises(UserError) as caught:
                self.parse(text)
            str(caught.exception).encode()  # what is shown can be sent

    def test_what_the_database_refuses_is_refused_in_words_and_without_an_error_in_the_log(self):
        for text in (
            "[('id', '=', 'x')]",
            "[('id', '>', 'x')]",
            "[('color', '=', 'x')]",
            "[('is_company', '>', 5)]",
        ):
            with self.subTest(text=text), self.assertNoLogs("odoo.sql_db", "ERROR"):
                with self.assertRaises(UserError):
                    check_domain(self.env, "res.partner", text)
                with self.assertRaises(UserError):
                    count_records(self.env["res.partner"], self.parse(text))
        self.env.cr.execute("SELECT 1")  # the transaction goes on

    def test_other_errors_of_the_database_are_refused_in_words(self):
        problem = psycopg2.errors.StatementTooComplex("stack depth limit exceeded")
        Partner = self.env["res.partner"]
        with patch.object(type(Partner), "_search", side_effect=problem), self.assertRaises(UserError) as caught:
            count_records(Partner, Domain.TRUE)
        self.assertIn("stack depth", str(caught.exception))

    def test_counts(self):
        Partner = self.env["res.partner"]
        domain = self.parse("[('is_company', '=', True)]")
        self.assertEqual(count_records(Partner, domain), Partner.search_count(domain))
        self.assertEqual(count_records(Partner, Domain.FALSE), 0)

    def test_the_model_is_named_in_the_message(self):
        with self.assertRaises(UserError) as caught:
            parse_domain(self.env, "crm.lead", "[('nonsense', '=', 1)]")
        self.assertIn("Lead", str(caught.exception))
