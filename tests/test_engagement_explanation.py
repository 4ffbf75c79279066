# Explanations: their parts make the score, and they tell nobody more than they may know.
from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestEngagementExplanation(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["engagement.activity"].search([]).unlink()
        cls.Type = cls.env["engagement.activity.type"]
        cls.Model = cls.env["engagement.score.model"]
        cls.Type.log("email_opened", cls.director, subject="Confidential")
        cls.Type.log("event_attended", cls.director)
        for _number in range(25):
            cls.Type.log("page_viewed", cls.director)
        cls.Type.log("page_viewed", cls.analyst)
        cls.Type.log("order_confirmed", cls.analyst)  # no weight
        cls.group.assign_member(cls.director, cls.decision_maker)
        cls.group.assign_member(cls.analyst, cls.influencer)
        cls.Model.compute_scores()

    def explain(self, record, user=None):
        action = record.with_user(user or self.sales).action_explain_engagement()
        return self.env[action["res_model"]].with_user(user or self.sales).browse(action["res_id"])

    def test_the_parts_of_a_person_make_the_score(self):
        page = self.explain(self.director)
        lines = {line.type_id.code: line for line in page.person_line_ids}
        self.assertEqual(set(lines), {"email_opened", "event_attended", "page_viewed"})
        views = lines["page_viewed"]
        self.assertEqual((views.count, views.counted, views.capped_days, views.weight), (25, 20, 1, 40))
        self.assertAlmostEqual(views.share, 40 / 60)
        self.assertAlmostEqual(views.contribution, 20 * 40 / 60)
        self.assertAlmostEqual(page.total, 0.5 + 1 + 20 * 40 / 60)
        self.assertAlmostEqual(sum(page.person_line_ids.mapped("contribution")), page.total)
        self.assertAlmostEqual(sum(page.person_line_ids.mapped("points")), self.director.engagement_score)
        self.assertAlmostEqual(100 * page.root / page.max_root, self.director.engagement_score)
        self.assertFalse(page.is_outdated)

    def test_the_parts_of_a_group_make_the_score(self):
        page = self.explain(self.group)
        first, second = page.group_line_ids
        self.assertEqual((first.member_partner_id, second.member_partner_id), (self.director, self.analyst))
        self.assertAlmostEqual(first.share, 100 / 160)
        self.assertAlmostEqual(first.contribution, 100 * 100 / 160)
        self.assertAlmostEqual(second.contribution, self.analyst.engagement_score * 60 / 160)
        self.assertAlmostEqual(first.points + second.points, self.group.engagement)
        self.assertAlmostEqual(100 * page.root / page.max_root, self.group.engagement)
        inner = first.action_open()
        self.assertEqual(self.env[inner["res_model"]].browse(inner["res_id"]).partner_id, self.director)

    def test_later_activities_are_announced_but_not_mixed_in(self):
        self.Type.log("form_filled", self.analyst)
        page = self.explain(self.analyst)
        self.assertTrue(page.is_outdated)
        self.assertEqual(page.person_line_ids.type_id.mapped("code"), ["page_viewed"])
        self.Model.compute_scores()
        self.assertFalse(self.explain(self.analyst).is_outdated)

    def test_without_activities_there_is_nothing_to_add_up(self):
        page = self.explain(self.clerk)
        self.assertEqual((page.score, page.total, len(page.person_line_ids)), (0, 0, 0))
        self.assertTrue(self.explain(self.account).is_excluded)
        empty = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.child_account.id})
        self.assertEqual(self.explain(empty).score, 0)

    def test_the_change_over_30_days(self):
        self.assertFalse(self.explain(self.director).has_trend)
        past = fields.Date.subtract(fields.Datetime.now().date(), days=30)
        self.env["engagement.score"].create([{"date": past, "partner_id": self.director.id, "score": 60}])
        page = self.explain(self.director)
        self.assertEqual((page.has_trend, page.trend), (True, 40))

    def test_activities_are_listed_by_the_readers_rights(self):
        self.account.user_id = self.sales
        for user, count in ((self.sales, 27), (self.own_sales, 0)):
            page = self.explain(self.director, user)
            self.assertEqual(sum(page.person_line_ids.mapped("count")), 27)  # the total is in the score anyway
            domain = page.action_view_activities()["domain"]
            found = self.env["engagement.activity"].with_user(user).search(domain)
            self.assertEqual(len(found), count)

    def test_only_who_may_read_gets_an_explanation_and_only_their_own(self):
        with self.assertRaises(AccessError):
            self.explain(self.director, self.internal)
        self.director.company_id = self.other_company
        with self.assertRaises(AccessError):
            self.explain(self.director)
        self.account.user_id = self.sales
        with self.assertRaises(AccessError):
            self.explain(self.group, self.own_sales)
        page = self.explain(self.analyst)
        with self.assertRaises(AccessError):
            page.with_user(self.user).read(["score"])
