"""The project's own checks of files, markup and translations."""

import unittest

from checks.files import check_csv, check_length, check_text
from checks.markup import check_xml
from checks.translations import check_pair


class TestText(unittest.TestCase):
    """The form of any file."""

    def assert_finds(self, path, text, *parts):
        """Check that exactly these problems are found, in this order."""
        found = list(check_text(path, text))
        self.assertEqual(len(found), len(parts), found)
        for message, part in zip(found, parts, strict=True):
            self.assertIn(part, message)
            self.assertTrue(message.startswith(f"{path}:"), message)

    def test_an_opening_says_what_a_file_is_for(self):
        self.assert_finds("a.py", '"""What it is."""\n')
        self.assert_finds("a.py", "# What it is.\n")
        self.assert_finds("a.py", "import os\n", "does not open")
        self.assert_finds("a.js", "/** @odoo-module **/\nimport x;\n", "does not open")
        self.assert_finds("a.js", "/** @odoo-module **/\n// What it is.\n")
        self.assert_finds("a.xml", '<?xml version="1.0"?>\n<odoo>\n    <!-- What it is. -->\n</odoo>\n')
        self.assert_finds("a.xml", "<odoo>\n    <record/>\n</odoo>\n", "does not open")
        self.assert_finds("run", "#!/usr/bin/env python3\nimport os\n", "does not open")
        self.assert_finds("models/__init__.py", "from . import a\n")

    def test_white_space(self):
        self.assert_finds("a.csv", "a,b \n", "white space at the end")
        self.assert_finds("a.py", '"""A."""\n\tx\n', "a tab")
        self.assert_finds("a.css", "/* A. */", "no line break")
        self.assert_finds("a.css", "/* A. */\n\n", "blank lines")

    def test_length(self):
        self.assertEqual(len(list(check_length("a.py", "# x\n" * 401))), 1)
        self.assertFalse(list(check_length("a.py", "# x\n" * 400)))
        self.assertFalse(list(check_length("a.py", "# long file: one list.\n" + "# x\n" * 500)))

    def test_tables(self):
        self.assertFalse(list(check_csv("a.csv", "id,name\na,b\n")))
        for text in ("", "id,name\na\n", "id,name\na,b\na,c\n", "id,name\na, b\n"):
            with self.subTest(text=text):
                self.assertEqual(len(list(check_csv("a.csv", text))), 1)


class TestMarkup(unittest.TestCase):
    """The form of XML."""

    def find(self, text, path="views/a.xml"):
        """Return what is found."""
        return list(check_xml(path, text, {}))

    def test_good(self):
        self.assertFalse(
            self.find(
                '<odoo>\n    <!-- A. -->\n    <record id="a">\n        <field>x</field>\n    </record>\n</odoo>\n'
            )
        )

    def test_bad(self):
        self.assertIn("indented", self.find("<odoo>\n  <record/>\n</odoo>")[0])
        self.assertIn("its end", self.find("<odoo>\n    <record>\n        <a/>\n  </record>\n</odoo>")[0])
        self.assertIn("taken", self.find('<odoo>\n    <record id="a"/>\n    <record id="a"/>\n</odoo>')[0])
        self.assertIn("root", self.find("<data/>")[0])
        self.assertTrue(self.find("<odoo>\n    <record>\n</odoo>"))


class TestTranslations(unittest.TestCase):
    """What must be the same in a translation."""

    def test_same(self):
        for source, translation in (
            ("Hello %(name)s", "Bonjour %(name)s"),
            ("%s of %s", "%s sur %s"),
            ("100% done", "100 % fait"),
            ("50% of all", "la moitié de tous"),
            ("Dear {{ object.name }}", "Cher {{ object.name }}"),
            ('<b>Hi</b> <t t-out="x"/>', 'Salut <t t-out="x"/> <b>toi</b>'),
            ('<a title="Open">x</a>', '<a title="Ouvrir">x</a>'),
        ):
            with self.subTest(source=source):
                self.assertFalse(list(check_pair(source, translation)))

    def test_different(self):
        for source, translation in (
            ("Hello %(name)s", "Bonjour %(nom)s"),
            ("Hello %(name)s", "Bonjour"),
            ("%s of %s", "%s"),
            ("Dear {{ object.name }}", "Cher {{ object.nom }}"),
            ("<b>Hi</b>", "<i>Salut</i>"),
            ("<b>Hi</b>", "<b>Salut"),
            ('<t t-out="x"/>', '<t t-out="y"/>'),
            ("Hi ", "Salut"),
        ):
            with self.subTest(source=source, translation=translation):
                self.assertEqual(len(list(check_pair(source, translation))), 1)
