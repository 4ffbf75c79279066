# A buying group in one line of the digest: without a stage, with one, and with no, one and several missing roles.
from odoo.tests import tagged

from .common_stage import BuyingStageCase


@tagged("post_install", "-at_install")
class TestGroupDigest(BuyingStageCase):
    def facts(self):
        return self.group.with_user(self.sales)._get_digest_facts()

    def test_nobody_yet(self):
        self.assertEqual(
            self.facts(), "Engagement 0, complete 0%. Missing: Decision Maker, Influencer, Champion.", "and no stage"
        )

    def test_a_stage_one_missing_role_and_numbers_rounded_half_up(self):
        self.group.assign_member(self.director, self.decision_maker)
        self.group.assign_member(self.analyst, self.influencer)
        self.group.assign_member(self.clerk, self.influencer)
        self.mine.set_stage(self.interest)
        self.group.sudo().engagement = 12.5
        self.assertEqual(self.facts(), "Engagement 13, complete 67%, stage Interest. Missing: Champion.")
        self.group.sudo().engagement = 12.49
        self.assertIn("Engagement 12,", self.facts())

    def test_nothing_is_missing(self):
        for person, role in ((self.director, self.decision_maker), (self.child_manager, self.champion)):
            self.group.assign_member(person, role)
        for person in (self.analyst, self.clerk):
            self.group.assign_member(person, self.influencer)
        self.assertEqual(self.facts(), "Engagement 0, complete 100%.")

    def test_a_group_without_required_roles_is_not_rated(self):
        self.template.line_ids.sudo().is_required = False
        self.env.flush_all()
        self.assertNotIn("Missing", self.facts())
        self.assertNotIn("0%", self.facts())
