# Choosing topics from weighted words, and reading keywords.
from odoo.tests import BaseCase, tagged

from ..tools.topics import choose_topics, split_keywords


def word(label, score, count=1, people=1):
    return {
        "kind": "word",
        "term": label.lower(),
        "label": label,
        "score": score,
        "count": count,
        "people": people,
    }


def pair(label, score, count=2, people=1):
    return word(label, score, count, people) | {"kind": "pair", "parts": label.lower().split()}


@tagged("post_install", "-at_install")
class TestTopics(BaseCase):
    def labels(self, rows, limit=3):
        return [row["label"] for row in choose_topics(rows, limit)]

    def test_no_words_no_topics(self):
        self.assertEqual(self.labels([]), [])

    def test_highest_score_first_and_no_more_than_asked_for(self):
        rows = [word("Desk", 1), word("Lamp", 3), word("Chair", 2), word("Shelf", 0.5)]
        self.assertEqual(self.labels(rows), ["Lamp", "Chair", "Desk"])
        self.assertEqual(self.labels(rows, 1), ["Lamp"])

    def test_taxonomy_comes_first(self):
        known = {"kind": "taxonomy", "label": "Acoustics", "score": 0.1, "count": 1, "people": 1, "topic_id": 7}
        self.assertEqual(self.labels([word("Desk", 5), known]), ["Acoustics", "Desk"])

    def test_pair_in_place_of_its_words(self):
        rows = [word("standing", 2, 2), word("desk", 2.2, 3), pair("standing desk", 2)]
        self.assertEqual(self.labels(rows), ["standing desk"])

    def test_word_that_mostly_stands_alone_stays_a_word(self):
        rows = [word("desk", 9, 9), word("standing", 2, 2), pair("standing desk", 2)]
        self.assertEqual(self.labels(rows), ["desk"], "and the pair, which contains it, is not said a second time")

    def test_chance_neighbours_are_no_pair(self):
        rows = [word("desk", 9, 9), word("offer", 9, 9), pair("desk offer", 1)]
        self.assertEqual(self.labels(rows), ["offer", "desk"])

    def test_pair_met_once_is_none(self):
        rows = [word("standing", 1), word("desk", 1), pair("standing desk", 1, count=1)]
        self.assertEqual(self.labels(rows), ["standing", "desk"])

    def test_longest_run_of_unspaced_characters(self):
        def gram(label, score, count):
            return {"kind": "unspaced", "term": label, "label": label, "score": score, "count": count, "people": 1}

        rows = [
            gram("办公", 3, 3),
            gram("公家", 2, 2),
            gram("家具", 2, 2),
            gram("办公家", 2, 2),
            gram("办公家具", 2, 2),
        ]
        self.assertEqual(self.labels(rows), ["办公"], "what also stands elsewhere counts more than the longer one")
        rows[0] = gram("办公", 2, 2)
        self.assertEqual(self.labels(rows), ["办公家具"])
        self.assertEqual(self.labels([gram("办公家具", 1, 1)]), [], "once is chance")

    def test_of_equals_what_more_people_care_about_then_by_name(self):
        self.assertEqual(self.labels([word("Bed", 1), word("Air", 1), word("Car", 1, people=2)]), ["Car", "Air", "Bed"])

    def test_rare_words_come_first(self):
        self.assertEqual(
            self.labels([word("Desk", 2) | {"rarity": 0.4}, word("Lamp", 1), word("Bed", 0.7)]),
            [
                "Lamp",
                "Desk",
                "Bed",
            ],
        )

    def test_keywords(self):
        text = "Standing desk\n standing  DESK,lamp；办公桌、椅子\r\n,,\n"
        self.assertEqual(split_keywords(text), ["Standing desk", "lamp", "办公桌", "椅子"])
        self.assertEqual(split_keywords(False), [])
