# The built-in summaries: every sentence for none, one, two and many; the facts behind them; opinions and rights.
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import BuyingJourneyCase


def member(name, score=0, title="", **counts):
    return {"name": name, "title": title, "score": score, "counts": counts}


def group_facts(members=(), topics=(), missing=(), required=1):
    return {
        "kind": "group",
        "members": list(members),
        "topics": [{"label": label, "people": people} for label, people in topics],
        "missing": list(missing),
        "required": required,
    }


@tagged("post_install", "-at_install")
class TestSummarySentences(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.writer = cls.env["buying.summary.builtin"]

    def text(self, facts):
        return self.writer._compose(facts)

    def test_counts(self):
        tell = self.writer._tell_counts
        self.assertEqual(tell({}), "")
        self.assertEqual(tell({"email_opened": 0}), "")
        self.assertEqual(tell({"email_opened": 1}), "1 email opened")
        self.assertEqual(tell({"email_opened": 2}), "2 emails opened")
        self.assertEqual(tell({"email_opened": 1, "email_clicked": 2}), "2 links clicked in emails and 1 email opened")
        self.assertEqual(
            tell({"event_attended": 1, "email_opened": 12, "page_viewed": 5, "form_filled": 1}),
            "12 emails opened, 5 pages viewed, and 1 form filled in",
            "the three most frequent; of equals in the order of types",
        )

    def test_every_kind_of_activity_has_words_for_one_and_many(self):
        codes = self.env["buying.summary.facts"]._get_counted_codes()
        types = self.env["engagement.activity.type"].search([]).mapped("code")
        self.assertLessEqual(set(codes), set(types))
        for code in codes:
            one, many = self.writer._tell_count(code, 1), self.writer._tell_count(code, 7)
            self.assertTrue(one.startswith("1 ") and many.startswith("7 ") and one[1:] != many[1:], code)

    def test_group_without_members_or_activity(self):
        self.assertEqual(
            self.text(group_facts(missing=["Champion"])), "Nobody is a member yet. The role Champion is missing."
        )
        self.assertEqual(
            self.text(group_facts([member("Ann", 80)])), "No activity in the last 30 days. No required role is missing."
        )
        self.assertEqual(self.text(group_facts([member("Ann")], required=0)), "No activity in the last 30 days.")

    def test_group_with_one_active_member(self):
        self.assertEqual(
            self.text(group_facts([member("Brandon Freeman", 76, "Director", email_clicked=1), member("Nicole Ford")])),
            "Brandon Freeman (Director) shows high engagement in the last 30 days. Brandon Freeman was the most "
            "active: 1 link clicked in an email. No required role is missing.",
        )

    def test_group_with_two_and_more(self):
        two = [member("Brandon Freeman", 80, email_opened=2), member("Nicole Ford", 77, "Analyst", email_opened=3)]
        text = self.text(group_facts(two, missing=["Champion", "Influencer"]))
        self.assertIn("Brandon Freeman and Nicole Ford (Analyst) show high engagement in the last 30 days.", text)
        self.assertIn("Nicole Ford was the most active: 3 emails opened. Brandon Freeman came next: 2 emails", text)
        self.assertIn("The roles Champion and Influencer are missing.", text)
        three = [*two, member("Colleen Diaz", 76, form_filled=9)]
        text = self.text(group_facts(three, missing=["Champion", "Influencer", "Practitioner"]))
        self.assertIn("Colleen Diaz was the most active: 9 forms filled in. Nicole Ford came next:", text)
        self.assertNotIn("Colleen Diaz show", text, "the two with the highest scores are named")
        self.assertIn("The roles Champion, Influencer, and Practitioner are missing.", text)

    def test_levels(self):
        for score, words in ((76, "shows high"), (75, "shows medium"), (50, "shows medium")):
            self.assertIn(words, self.text(group_facts([member("Ann", score, email_opened=1)])))
        self.assertNotIn("shows", self.text(group_facts([member("Ann", 49, email_opened=1)])))
        text = self.text(group_facts([member("Ann", 90, email_opened=1), member("Bob", 60)]))
        self.assertIn("Ann shows high engagement in the last 30 days. Bob shows medium engagement", text)
        text = self.text(group_facts([member("Ann", 60, email_opened=1), member("Bob", 60)]))
        self.assertIn("Ann and Bob show medium engagement in the last 30 days.", text)

    def test_interest(self):
        def text(people, total):
            members = [member(f"Member {number}", email_opened=1) for number in range(total)]
            return self.text(group_facts(members, [("desks", people)]))

        self.assertIn("The only member is interested in desks.", text(1, 1))
        self.assertIn("1 of 4 members is interested in desks.", text(1, 4))
        self.assertIn("2 of 4 members are interested in desks.", text(2, 4))
        self.assertIn("All 2 members are interested in desks.", text(2, 2))
        self.assertNotIn("interested", self.text(group_facts([member("Ann", email_opened=1)])))

    def tell_account(self, **values):
        facts = {
            "kind": "account",
            "groups": 0,
            "engagement": 0,
            "completeness": None,
            "top": None,
            "people": 0,
            "change": None,
            "counts": {},
            "busy": 0,
            "intent": None,
        }
        return self.text(facts | values)

    def test_account(self):
        self.assertEqual(self.tell_account(), "The account has no buying group. No activity in the last 30 days.")
        self.assertIn("has 1 buying group with an engagement of 40.", self.tell_account(groups=1, engagement=40))
        self.assertIn(
            "has 1 buying group with an engagement of 40 and a completeness of 67%.",
            self.tell_account(groups=1, engagement=40, completeness=67, top={"name": "Desks", "engagement": 40}),
        )
        self.assertIn("has 2 buying groups with an average engagement of 0.", self.tell_account(groups=2))
        self.assertEqual(
            self.tell_account(
                groups=3,
                engagement=40,
                completeness=50,
                top={"name": "Desks for Azure", "engagement": 90},
                change=166,
                counts={"email_opened": 1},
                busy=1,
                intent={"topic": "Acoustics", "level": "high"},
            ),
            "The account has 3 buying groups with an average engagement of 40 and an average completeness of 50%. The "
            "most engaged one is Desks for Azure with 90. Activity rose by 166% over the last 90 days. In the last 30 "
            "days: 1 email opened. 1 person is in more than two buying groups. Interest in Acoustics is high.",
        )
        self.assertIn("2 people are in more than two buying groups.", self.tell_account(busy=2))
        self.assertIn("Activity fell by 5% over", self.tell_account(change=-5))
        self.assertIn("Activity did not change over", self.tell_account(change=0))
        for level in ("low", "medium"):
            self.assertIn(
                f"Interest in Desks is {level}.", self.tell_account(intent={"topic": "Desks", "level": level})
            )

    def tell_person(self, **values):
        facts = {
            "kind": "person",
            "name": "Nicole Ford",
            "score": 0,
            "grown": 0,
            "change": None,
            "counts": {},
            "topics": [],
            "groups": 0,
        }
        return self.text(facts | values)

    def test_person(self):
        self.assertEqual(self.tell_person(), "No activity in the last 30 days.")
        self.assertEqual(
            self.tell_person(score=76, counts={"email_opened": 2}, grown=1, change=10, topics=["desks"]),
            "Nicole Ford shows high engagement (76). In the last 30 days: 2 emails opened. The score rose by 1 "
            "point in four weeks. Activity rose by 10% over the last 90 days. Interested in desks.",
        )
        self.assertIn("medium engagement (26)", self.tell_person(score=26))
        self.assertIn("low engagement (25)", self.tell_person(score=25))
        for grown, words in ((2, "rose by 2 points"), (-1, "fell by 1 point in"), (-30, "fell by 30 points")):
            self.assertIn(words, self.tell_person(score=30, grown=grown))
        self.assertIn("Interested in desks and lamps.", self.tell_person(score=1, topics=["desks", "lamps"]))

    def test_stages(self):
        def text(moves, **counts):
            return self.text({"kind": "stages", "days": 30, "moves": moves, "counts": counts})

        self.assertEqual(text([]), "No group changed its stage in the last 30 days.")
        move = {"from": "Qualified", "to": "Proposal", "groups": ["Desks for Azure"]}
        self.assertEqual(
            text([move], email_opened=4, page_viewed=1),
            "From Qualified to Proposal: Desks for Azure. What their members did most: 4 emails opened.",
        )
        first = {"from": "", "to": "Qualified", "groups": ["A", "B"]}
        self.assertEqual(
            text([first, move]), "Reached Qualified: A and B. From Qualified to Proposal: Desks for Azure."
        )


@tagged("post_install", "-at_install")
class TestSummaryFacts(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["engagement.activity"].search([]).sudo().unlink()
        cls.env["buying.topic"].search([]).active = False
        cls.group.assign_member(cls.director, cls.decision_maker, "manual")
        cls.group.assign_member(cls.analyst, cls.influencer, "manual")

    def did(self, person, code="email_opened", days=0, subject="Lamp", **values):
        date = fields.Datetime.now() - timedelta(days=days)
        return self.env["engagement.activity.type"].log(code, person, date=date, subject=subject, **values)

    def test_group(self):
        self.did(self.director)
        self.did(self.director, days=29, subject="Lamp 2")
        self.did(self.director, days=31)
        self.did(self.director, is_automatic=True)
        self.did(self.director, code="quotation_sent")
        facts = self.env["buying.summary.facts"]._collect(self.group)[self.group.id]
        self.assertEqual(facts["members"][0]["counts"], {"email_opened": 2})
        self.assertEqual(facts["topics"], [{"label": "Lamp", "people": 1}])
        self.assertEqual(facts["missing"], ["Champion"])
        self.assertIn("Brandon Freeman was the most active: 2 emails opened.", self.group.summary)

    def test_account_and_person(self):
        self.did(self.director)  # 30 points
        self.did(self.director, days=100)
        self.did(self.clerk, days=120)
        self.env["engagement.score.model"].compute_scores()
        facts = self.env["buying.summary.facts"]._collect(self.account + self.director)
        self.assertEqual(facts[self.account.id]["change"], -50)
        self.assertEqual(facts[self.account.id]["groups"], 1)
        self.assertEqual(facts[self.director.id]["change"], 0)
        self.assertEqual((facts[self.director.id]["score"], facts[self.director.id]["grown"]), (100, 100))
        self.assertIn("The score rose by 100 points in four weeks.", self.director.summary)

    def test_trend_bands(self):
        band = self.env["buying.trend"]._get_change_band
        self.assertEqual(
            [band(change) for change in (-11, -10, 10, 11, 50, 51, 75, 76, None)],
            ["negative", "neutral", "neutral", "positive", "positive", "surging", "surging", "high", "neutral"],
        )
        change = self.env["buying.trend"]._get_change
        self.assertEqual((change(3, 2), change(1, 3), change(5, 0), change(0, 0)), (50, -67, None, None))

    def test_trend_counts_no_more_than_the_daily_cap(self):
        self.env["engagement.score.model"]._get_active().sudo().daily_cap = 2
        for _times in range(5):
            self.did(self.director)
        self.assertEqual(self.env["buying.trend"]._get_points({1: self.director.ids})[1], (60, 0))

    def test_statements_do_not_depend_on_the_number_of_groups(self):
        groups = self.group
        for number in range(6):
            account = self.make_account(f"Ready Mat {number}")
            person = self.make_person(f"Edwin {number}", "Buyer", account)
            group = groups.create({"solution_id": self.solution.id, "partner_id": account.id})
            group.assign_member(person, self.champion, "manual")
            self.did(person)
            groups |= group
        groups[:1].mapped("summary")  # what is read once for all
        counts = []
        for some in (groups[:2], groups):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.mapped("summary")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])

    def test_opinion_is_of_this_text_and_can_be_taken_back(self):
        group = self.group.with_user(self.sales)
        group.action_summary_good()
        self.assertEqual(group.summary_opinion, "good")
        self.assertFalse(self.group.with_user(self.user).summary_opinion, "everybody has their own")
        group.action_summary_bad()
        self.assertEqual(group.summary_opinion, "bad")
        self.did(self.director)
        group.invalidate_recordset()
        self.assertFalse(group.summary_opinion, "the text is another one now")
        group.action_summary_bad()
        group.action_summary_bad()
        self.assertFalse(group.summary_opinion)
        opinions = self.env["buying.summary.opinion"].with_user(self.manager).search([("res_id", "=", self.group.id)])
        self.assertEqual(opinions.mapped("opinion"), ["bad"])
        self.assertIn("No activity", opinions.text)

    def test_foreign_accounts_stay_closed(self):
        self.account.user_id = self.sales
        self.did(self.director)
        with self.assertRaises(Exception) as caught:
            self.group.with_user(self.own_sales).action_summary_good()
        self.assertEqual(type(caught.exception).__name__, "AccessError")
