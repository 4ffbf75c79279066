# Numbers in percent follow the language of the reader.
from odoo.tests import TransactionCase, tagged

from ..tools.percent import format_percent


@tagged("post_install", "-at_install")
class TestToolsPercent(TransactionCase):
    def test_each_language_writes_its_own_sign(self):
        for lang, text in (
            ("en_US", "33%"),
            ("zh_CN", "33%"),
            ("fr_FR", "33\N{NO-BREAK SPACE}%"),
            ("nb_NO", "33\N{NO-BREAK SPACE}%"),
            ("tr_TR", "%33"),
        ):
            self.env["res.lang"]._activate_lang(lang)
            with self.subTest(lang):
                self.assertEqual(format_percent(self.env(context={"lang": lang}), 33), text)

    def test_decimals_and_ranges(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        french = self.env(context={"lang": "fr_FR"})
        self.assertEqual(format_percent(self.env, 33.333, 1), "33.3%")
        self.assertEqual(format_percent(french, 33.333, 1), "33,3\N{NO-BREAK SPACE}%")
        self.assertEqual(format_percent(self.env, "26–50"), "26–50%")
        self.assertEqual(format_percent(french, "26–50"), "26–50\N{NO-BREAK SPACE}%")
        self.assertEqual(format_percent(self.env, -5), "-5%")
        self.assertEqual(format_percent(self.env, 0), "0%")

    def test_bands_of_groups(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        group = self.env["buying.group"]
        for lang, completeness in (("en_US", "26–50%"), ("fr_FR", "26–50\N{NO-BREAK SPACE}%")):
            fields = group.with_context(lang=lang).fields_get(["completeness_band", "engagement_band"])
            self.assertEqual(dict(fields["completeness_band"]["selection"])["050"], completeness)
            self.assertEqual(dict(fields["engagement_band"]["selection"])["050"], "26–50")
