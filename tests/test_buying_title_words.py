# Searching job titles for whole words.
from odoo.tests import tagged

from odoo.addons.crm_buying_journey.tools.titles import get_title_pattern

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingTitleWords(BuyingJourneyCase):
    def find(self, phrases, *titles):
        """Which of these job titles hold one of these phrases."""
        people = self.env["res.partner"].create([{"name": title, "function": title} for title in titles])
        found = self.env["res.partner"].search([("id", "in", people.ids), ("function_words", "ilike", phrases)])
        return set(found.mapped("function"))

    def test_short_words_are_found_as_words_only(self):
        titles = ("CTO", "Director", "cto, EMEA", "(CTO)", "Founder/CTO", "Vector", "Co-CTO", "CTO2")
        self.assertEqual(self.find("CTO", *titles), {"CTO", "cto, EMEA", "(CTO)", "Founder/CTO", "Co-CTO"})

    def test_accents_and_case_do_not_matter(self):
        titles = ("Directeur général", "DIRECTEUR GÉNÉRAL", "directeur general", "Directeur des généralités")
        self.assertEqual(self.find("directeur Général", *titles), set(titles[:3]))

    def test_anything_may_stand_between_the_words_of_a_phrase(self):
        titles = ("Vice-President", "Vice  President", "Vice President, EMEA", "Vicepresident", "President Vice")
        self.assertEqual(self.find("vice president", *titles), set(titles[:3]))

    def test_a_star_stands_for_letters(self):
        titles = ("Geschäftsführerin", "Geschäftsführer/in", "Einkaufsleiter", "Leiterplatte", "Chief X Officer")
        self.assertEqual(self.find("Geschäftsführ*, *leiter, chief * officer", *titles), set(titles) - {"Leiterplatte"})

    def test_chinese_is_found_anywhere(self):
        titles = ("总经理", "IT总监", "技术总监兼CTO", "会计")
        self.assertEqual(self.find("总监，总经理", *titles), set(titles[:3]))

    def test_phrases_without_letters_find_nobody(self):
        for phrases in ("*", " , ", "()", ".*", "**"):
            with self.subTest(phrases=phrases):
                self.assertFalse(get_title_pattern(phrases.split(",")))
                self.assertFalse(self.find(phrases, "CEO", "Clerk"))

    def test_phrases_are_text_never_an_expression(self):
        self.assertEqual(self.find("C.O|clerk", "CEO", "C.O. Clerk", "C O Clerk"), {"C.O. Clerk", "C O Clerk"})

    def test_who_has_no_title_has_none_of_the_words(self):
        people = self.make_person("Joel Willis", False) + self.make_person("Julie Richards", "CEO")
        found = self.env["res.partner"].search([("id", "in", people.ids), ("function_words", "not ilike", "CEO")])
        self.assertEqual(found, people[0])
