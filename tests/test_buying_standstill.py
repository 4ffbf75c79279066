# Which groups stand still: the edges of the rule, archived groups, and who sees them.
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..models.buying.buying_group_standstill import STANDSTILL_COMPLETENESS, STANDSTILL_DAYS
from .common_stage import BuyingStageCase


@tagged("post_install", "-at_install")
class TestBuyingStandstill(BuyingStageCase):
    def setUp(self):
        super().setUp()
        self.mine.set_stage(self.awareness)
        self.put()

    def put(self, days=STANDSTILL_DAYS + 1, completeness=STANDSTILL_COMPLETENESS, required=3):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE buying_group SET stage_date = %s, completeness = %s, required_role_count = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(days=days), completeness, required, self.group.id],
        )
        self.env.invalidate_all()

    def found(self, user=None, operator="=", value=True):
        Group = self.env["buying.group"].with_user(user or self.user)
        return bool(Group.search([("id", "=", self.group.id), ("is_standing_still", operator, value)]))

    def assertStill(self, still):
        """The field, the filter and its opposite say the same."""
        self.assertEqual(
            (self.group.is_standing_still, self.found(), self.found(value=False)), (still, still, not still)
        )
        self.assertEqual((self.found(operator="!=", value=False), self.found(operator="!=")), (still, not still))

    def test_the_edges(self):
        self.assertStill(True)
        for values, still in (
            ({"days": STANDSTILL_DAYS - 1}, False),
            ({"completeness": STANDSTILL_COMPLETENESS - 0.01}, False),
            ({"completeness": 100}, True),
            ({"required": 0}, False),
            ({"completeness": None}, False),
        ):
            with self.subTest(values=values):
                self.put(**values)
                self.assertStill(still)

    def test_what_is_won_lost_or_not_begun_stands_still_no_more(self):
        for stage in (self.success, self.rejection, self.env["buying.stage"]):
            self.env.cr.execute(
                "UPDATE buying_group SET stage_id = %s WHERE id = %s", [stage.id or None, self.group.id]
            )
            self.put()
            self.assertStill(False)

    def test_who_moves_on_stands_still_no_more(self):
        self.mine.set_stage(self.interest)
        self.put(days=0)
        self.assertStill(False)

    def test_archived_groups_are_not_found_unless_asked_for(self):
        self.group.active = False
        self.assertFalse(self.found())
        everything = self.env["buying.group"].with_context(active_test=False)
        self.assertTrue(everything.search([("id", "=", self.group.id), ("is_standing_still", "=", True)]))

    def test_own_accounts_and_own_company_only(self):
        self.assertTrue(self.found(self.own_sales), "nobody's account")
        self.account.user_id = self.sales
        self.env.flush_all()
        self.assertFalse(self.found(self.own_sales))
        self.account.company_id = self.company
        self.env.flush_all()
        self.assertTrue(self.found(self.sales))
        self.assertFalse(self.found(self.other_user))

    def test_no_groups_at_all(self):
        self.assertEqual(self.env["buying.group"].mapped("is_standing_still"), [])
