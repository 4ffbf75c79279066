# Conditions are data: nothing in them is ever run, and what is no filter is refused in words.
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tests import TransactionCase, tagged

from odoo.addons.crm_buying_journey.tools.domains import parse_domain


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

    def test_the_model_is_named_in_the_message(self):
        with self.assertRaises(UserError) as caught:
            parse_domain(self.env, "crm.lead", "[('nonsense', '=', 1)]")
        self.assertIn("Lead", str(caught.exception))
