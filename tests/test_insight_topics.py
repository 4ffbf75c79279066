# Topics of interest and intent: whose words count, in which language, how much, and who may see them.
import math
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestInsightTopics(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["buying.topic"].search([]).active = False  # the demo's
        cls.env["engagement.activity"].search([]).sudo().unlink()
        cls.Type = cls.env["engagement.activity.type"]
        cls.group.assign_member(cls.director, cls.decision_maker, "manual")
        cls.group.assign_member(cls.analyst, cls.influencer, "manual")

    def did(self, person, subject, code="email_clicked", days=0, **values):
        date = fields.Datetime.now() - timedelta(days=days)
        return self.Type.log(code, person, date=date, subject=subject, **values)

    def met(self, person, subject, **values):
        """The words came up twice, in two texts."""
        self.did(person, f"{subject} 1", **values)
        self.did(person, f"{subject} 2", **values)

    def topics(self, record, limit=3):
        return [topic["label"] for topic in record._get_topics(limit)[record.id]]

    def make_topic(self, keywords, name="Desks", **values):
        return self.env["buying.topic"].create({"name": name, "keywords": keywords, **values})

    def intent(self, topic, record):
        field = "group_id" if record._name == "buying.group" else "partner_id"
        return self.env["buying.intent"].search([("topic_id", "=", topic.id), (field, "=", record.id)])

    # Words ---------------------------------------------------------------------------------------------------------

    def test_nothing_happened_no_topics(self):
        self.assertEqual(self.topics(self.group), [])
        self.assertFalse(self.group.topics_text)
        self.assertEqual(self.env["buying.group"]._get_topics(), {})

    def test_words_of_one_stem_count_together_and_stop_words_do_not(self):
        self.did(self.director, "The screens of your office")
        self.did(self.director, "A screen")
        self.did(self.analyst, "Lamps", days=9)
        self.did(self.analyst, "A lamp", days=9)
        self.assertEqual(self.topics(self.group, 1), ["screen"])
        self.assertNotIn("The", self.topics(self.group, 9))
        self.assertNotIn("your", self.topics(self.group, 9))

    def test_stemmer_of_the_persons_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.director.lang = "fr_FR"
        self.did(self.director, "Les écrans de votre bureau")
        self.did(self.director, "Un écran pour nous")
        self.assertEqual(self.topics(self.director, 1), ["écran"])
        self.assertNotIn("votre", self.topics(self.director, 9))

    def test_chinese_by_characters(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.director.lang = "zh_CN"
        self.did(self.director, "办公家具的新目录")
        self.did(self.director, "关于办公家具", days=1)
        self.assertEqual(self.topics(self.director), ["办公家具"])

    def test_names_numbers_and_letter_heads_are_no_topics(self):
        self.did(self.director, "Re: Quotation S00021 for Azure Interior, Brandon Freeman")
        self.did(self.director, "Hi Brandon, offer 2026-44")
        self.did(self.director, "Have another look, still the best offer")
        self.did(self.director, "Another Quotation")
        self.assertEqual(set(self.topics(self.director, 9)), {"Quotation", "offer"})

    def test_phrases(self):
        self.did(self.director, "Acoustic panels")
        self.did(self.director, "The price of acoustic panels", days=1)
        self.assertEqual(self.topics(self.director), ["Acoustic panels"])

    def test_weight_and_age_count(self):
        self.met(self.director, "Shelf", code="form_filled", days=31)  # 0.4 × 0.5 ^ (31 / 15) = 0.095
        self.met(self.director, "Lamp", code="email_clicked", days=16)  # 0.3 × 0.5 ^ (16 / 15) = 0.143
        self.assertEqual(self.topics(self.director), ["Lamp", "Shelf"])
        self.met(self.director, "Carpet", days=91)
        self.met(self.director, "Order", code="order_confirmed")
        self.assertEqual(self.topics(self.director), ["Lamp", "Shelf"], "too old, or of no weight")

    # Evidence and rarity -------------------------------------------------------------------------------------------

    def test_a_word_counts_when_it_comes_back(self):
        """All words of a subject are met by whoever opens the mail; which of them mattered shows when one returns."""
        for code in ("email_opened", "email_clicked", "event_attended"):
            self.did(self.director, "A walk through the house", code=code)
            self.did(self.analyst, "A walk through the house", code=code)
        self.assertEqual(self.topics(self.group), [])
        self.did(self.director, "Re: A walk through the house", code="message_received")
        self.did(self.director, "AW: Fwd: a walk through the house ", code="message_received")
        self.assertEqual(self.topics(self.group), [], "an answer to the same is the same")
        self.did(self.analyst, "Panels for the house")
        self.assertEqual(self.topics(self.group), ["house"])

    def test_what_two_people_looked_for_counts_at_once(self):
        self.did(self.director, "Acoustic panels", code="page_viewed")
        self.did(self.director, "Acoustic panels", code="page_viewed", days=1)
        self.assertEqual(self.topics(self.group), [], "one person, one page")
        self.did(self.analyst, "Acoustic panels", code="email_opened")
        self.assertEqual(self.topics(self.group), [], "a mail is nothing that one looked for")
        self.did(self.analyst, "Acoustic panels", code="form_filled")
        self.assertEqual(self.topics(self.group), ["Acoustic panels"])

    def test_a_word_comes_back_in_french(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        (self.director + self.analyst).lang = "fr_FR"
        self.did(self.director, "Visite de la maison")
        self.did(self.analyst, "TR : Visite de la maison")
        self.assertEqual(self.topics(self.group), [])
        self.did(self.analyst, "Des panneaux acoustiques pour les visites")
        self.assertEqual([label.lower() for label in self.topics(self.group)], ["visite"])

    def test_characters_come_back_in_chinese(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        (self.director + self.analyst).lang = "zh_CN"
        self.did(self.director, "参观展厅")
        self.did(self.analyst, "Re：参观展厅", code="message_received")
        self.assertEqual(self.topics(self.group), [], "one text, answered")
        self.did(self.analyst, "展厅里的桌子")
        self.assertEqual(self.topics(self.group), ["展厅"])

    def everybody_met(self, count, *subjects):
        """So many people of another account met these texts."""
        account = self.make_account("Ready Mat")
        for number in range(count):
            person = self.make_person(f"Reader {number}", "Buyer", account)
            for subject in subjects:
                self.did(person, subject)

    def test_what_everybody_met_is_nobody_s_topic(self):
        self.everybody_met(8, "Office chairs", "Your office")
        self.did(self.director, "Office lamps")
        self.did(self.director, "A lamp for the office")
        self.assertEqual(set(self.topics(self.group)), {"Office", "lamp"})
        self.env["buying.topic.word"]._compute_all()
        self.assertEqual(set(self.topics(self.group)), {"Office", "lamp"}, "nine people are too few to tell")
        self.did(self.clerk, "Office")
        self.env["buying.topic.word"]._compute_all()
        self.assertEqual(self.topics(self.group), ["lamp"])

    def test_common_words_come_after_rare_ones(self):
        self.everybody_met(4, "Shelf 1", "Shelf 2")
        self.everybody_met_nothing(6)
        self.did(self.director, "Lamp 1", days=2)
        self.did(self.director, "Lamp 2", days=2)
        self.met(self.director, "Shelf")
        self.assertEqual(self.topics(self.group), ["Shelf", "Lamp"], "the newer one, as long as nobody counted")
        self.env["buying.topic.word"]._compute_all()
        self.assertEqual(self.topics(self.group), ["Lamp", "Shelf"])

    def everybody_met_nothing(self, count):
        account = self.make_account("Wood Corner")
        for number in range(count):
            self.did(self.make_person(f"Other {number}", "Buyer", account), f"Nothing{'x' * number}")

    def test_rarity_by_hand(self):
        self.everybody_met(3, "Office")
        self.did(self.director, "Office")
        self.did(self.director, "Lamp")
        self.env["buying.topic.word"]._compute_all()
        words = self.env["buying.topic.word"].search([])
        self.assertEqual(
            words.mapped(lambda word: (word.configuration, word.kind, word.term, word.people)),
            [
                ("english", "word", "offic", 4),
            ],
        )
        self.assertAlmostEqual(words.rarity, math.log(5 / 4) / math.log(5), 6)
        self.assertFalse(words.is_common)
        self.env["buying.topic.word"]._compute_all()
        self.assertEqual(self.env["buying.topic.word"].search([]), words, "updated, not made again")
        self.env["engagement.activity"].search([]).sudo().unlink()
        self.env["buying.topic.word"]._compute_all()
        self.assertFalse(self.env["buying.topic.word"].search([]))

    def test_scores_bring_rarity_that_nobody_reads(self):
        self.everybody_met(2, "Office")
        self.env["engagement.score.model"].with_user(self.manager).compute_scores()
        self.assertEqual(self.env["buying.topic.word"].search([]).mapped("term"), ["offic"])
        for user in (self.sales, self.user, self.manager):
            with self.assertRaises(AccessError):
                self.env["buying.topic.word"].with_user(user).search([])

    def test_a_topic_of_the_taxonomy_needs_no_second_text(self):
        topic = self.make_topic("lamp")
        self.everybody_met(12, "Lamp")
        self.did(self.director, "A lamp")
        self.env["buying.topic.word"]._compute_all()
        self.assertEqual(self.group._get_topics()[self.group.id][0]["topic_id"], topic.id)

    def test_machines_are_interested_in_nothing(self):
        self.met(self.director, "Lamp", is_automatic=True)
        self.assertEqual(self.topics(self.director), [])

    def test_links_and_what_people_write(self):
        mailing = self.env["mailing.mailing"].create(
            {"subject": "Ours", "mailing_model_id": self.env["ir.model"]._get_id("res.partner")}
        )
        trace = self.env["mailing.trace"].create(
            {
                "mass_mailing_id": mailing.id,
                "model": "res.partner",
                "res_id": self.director.id,
                "email": "x@example.com",
            }
        )
        link = self.env["link.tracker"].create({"url": "https://example.com/a", "title": "Ignored", "label": "Terrace"})
        self.env["link.tracker.click"].create({"link_id": link.id, "mailing_trace_id": trace.id})
        self.did(self.director, "Ours", res_model="mailing.trace", res_id=trace.id)
        message = self.env["mail.message"].create(
            {
                "message_type": "email",
                "body": "<p>We need a <b>carpet</b>&nbsp;soon</p>",
                "author_id": self.director.id,
                "model": "res.partner",
                "res_id": self.director.id,
            }
        )
        self.did(self.director, "Ours", code="message_received", res_model="mail.message", res_id=message.id)
        self.did(self.director, "Ours", code="email_opened", days=1)
        self.assertEqual(self.topics(self.director, 9), [], "a link comes with its mail")
        self.did(self.director, "Terrace or carpet")
        found = self.topics(self.director, 9)
        self.assertLessEqual({"Terrace", "carpet"}, set(found))
        self.assertNotIn("nbsp", found)

    def test_members_and_the_accounts_people(self):
        self.met(self.director, "Lamp")
        self.met(self.clerk, "Carpet")
        self.assertEqual(self.topics(self.group), ["Lamp"], "the clerk is no member")
        self.assertEqual(set(self.topics(self.account)), {"Lamp", "Carpet"})
        self.group.remove_member(self.director, "manual")
        self.assertEqual(self.topics(self.group), [])

    def test_statements_do_not_depend_on_the_number_of_groups(self):
        accounts = [self.make_account(f"Ready Mat {number}") for number in range(8)]
        groups = self.env["buying.group"]
        for account in accounts:
            person = self.make_person(f"Edwin {account.name}", "Buyer", account)
            group = groups.create({"solution_id": self.solution.id, "partner_id": account.id})
            group.assign_member(person, self.champion, "manual")
            groups |= group
            self.did(person, "Lamp")
        self.make_topic("lamp")
        counts = []
        for some in (groups[:2], groups):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some._get_topics()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    # Taxonomy and intent -------------------------------------------------------------------------------------------

    def test_topic_of_the_taxonomy_comes_first(self):
        self.make_topic("standing desk\nbureau assis-debout\n升降桌")
        self.did(self.director, "Lamp")
        self.did(self.director, "A lamp")
        self.did(self.director, "Standing desks are here", days=20)
        self.assertEqual(self.topics(self.group, 2), ["Desks", "Lamp"])

    def test_keywords_of_other_languages(self):
        topic = self.make_topic("升降桌, bureau assis-debout")
        self.did(self.director, "新的升降桌来了")
        self.did(self.analyst, "Le bureau assis-debout")
        self.assertEqual(self.group._get_topics()[self.group.id][0]["topic_id"], topic.id)
        self.assertEqual(self.group._get_topics()[self.group.id][0]["people"], 2)

    def test_intent_by_hand(self):
        topic = self.make_topic("desk\nlamp", solution_id=self.solution.id)
        self.did(self.director, "Desks", code="event_attended", days=30)  # 0.6 × 0.5 = 0.3
        self.did(self.director, "Our desk", code="email_clicked")  # 0.3
        self.did(self.director, "Lamp", code="email_clicked")  # a weaker keyword of the topic
        self.did(self.analyst, "Desk", code="email_opened", days=60)  # 0.3 × 0.25 = 0.075
        self.env["buying.intent"]._compute_all()
        of_director, of_analyst = 1 - math.exp(-0.6), 1 - math.exp(-0.075)
        self.assertAlmostEqual(self.intent(topic, self.director).strength, of_director, 4)
        self.assertEqual(self.intent(topic, self.director).level, "medium")
        self.assertAlmostEqual(self.intent(topic, self.analyst).strength, of_analyst, 4)
        self.assertEqual(self.intent(topic, self.analyst).level, "low")
        together = 1 - (1 - of_director) * (1 - of_analyst)
        self.assertAlmostEqual(self.intent(topic, self.group).strength, together, 4)
        self.assertAlmostEqual(self.intent(topic, self.account).strength, together, 4)
        self.assertEqual(self.intent(topic, self.group).solution_id, self.solution)
        self.assertEqual(topic.interested_count, 2)

    def test_account_above_has_the_intent_of_the_one_below(self):
        topic = self.make_topic("desk")
        self.did(self.child_manager, "Desk")
        self.env["buying.intent"]._compute_all()
        self.assertTrue(self.intent(topic, self.child_account))
        self.assertTrue(self.intent(topic, self.account))
        self.assertFalse(self.intent(topic, self.group))

    def test_intent_goes_when_its_reason_goes(self):
        topic = self.make_topic("desk")
        activity = self.did(self.director, "Desk")
        self.env["buying.intent"]._compute_all()
        first = self.intent(topic, self.director)
        self.env["buying.intent"]._compute_all()
        self.assertEqual(self.intent(topic, self.director), first, "updated, not made again")
        activity.sudo().unlink()
        self.env["buying.intent"]._compute_all()
        self.assertFalse(self.intent(topic, self.director))
        topic.active = False
        self.env["buying.intent"]._compute_all()
        self.assertFalse(self.env["buying.intent"].search([]))

    def test_scores_bring_intent_and_groups_are_found_by_it(self):
        topic = self.make_topic("desk")
        for _times in range(4):
            self.did(self.director, "Desk")
        self.env["engagement.score.model"].compute_scores()
        self.assertEqual(self.group.high_intent_topic_ids, topic)
        groups = self.env["buying.group"]
        self.assertIn(self.group, groups.search([("high_intent_topic_ids", "in", topic.ids)]))
        self.assertIn(self.group, groups.search([("high_intent_topic_ids", "ilike", "desks")]))
        self.assertNotIn(self.group, groups.search([("high_intent_topic_ids", "not in", topic.ids)]))
        self.assertNotIn(self.group, groups.search([("high_intent_topic_ids", "=", False)]))
        self.assertIn(self.group, groups.search([("high_intent_topic_ids", "!=", False)]))

    # Bad input and rights --------------------------------------------------------------------------------------------

    def test_keywords_are_checked(self):
        with self.assertRefused("at least one keyword"):
            self.make_topic(" , \n")
        with self.assertRefused("151 keywords"):
            self.make_topic("\n".join(f"word{number}" for number in range(151)))
        with self.assertRefused("too long"):
            self.make_topic("x" * 81)

    def test_odd_keywords_and_texts_hurt_nobody(self):
        self.make_topic("a & b | !c\n' \" \\ %\n<script>\n(((", name="Odd")
        self.did(self.director, "%s ' \\ <b> & | ! (( \u200b 🙂 lamp")
        self.did(self.director, "a lamp: %(x)s {0}")
        self.env["buying.intent"]._compute_all()
        self.env["buying.topic.word"]._compute_all()
        self.assertIn("lamp", self.topics(self.director, 9))

    def test_users_make_topics_and_sales_only_read_them(self):
        self.make_topic("lamp").with_user(self.sales).read(["name"])
        self.env["buying.topic"].with_user(self.user).create({"name": "Lamps", "keywords": "lamp"})
        with self.assertRaises(AccessError):
            self.env["buying.topic"].with_user(self.sales).create({"name": "Lamps", "keywords": "lamp"})
        with self.assertRaises(AccessError):
            self.env["buying.intent"].with_user(self.manager).create({"strength": 1})
        with self.assertRaises(AccessError):
            self.env["buying.topic"].with_user(self.internal).search([])

    def test_own_documents_only(self):
        topic = self.make_topic("lamp")
        self.met(self.director, "Lamp")
        self.env["buying.intent"]._compute_all()
        self.account.user_id = self.sales
        self.assertFalse(self.intent(topic, self.director).with_user(self.own_sales)._filtered_access("read"))
        self.assertFalse(self.intent(topic, self.group).with_user(self.own_sales)._filtered_access("read"))
        self.assertTrue(self.intent(topic, self.group).with_user(self.sales)._filtered_access("read"))
        self.assertFalse(self.director.with_user(self.own_sales)._get_topics()[self.director.id])

    def test_topics_of_another_company(self):
        self.make_topic("lamp", company_id=self.other_company.id)
        self.met(self.director, "Lamp")
        found = self.group.with_user(self.user)._get_topics()[self.group.id]
        self.assertEqual([topic["label"] for topic in found], ["Lamp"])
