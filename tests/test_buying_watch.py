# What is noticed at the end of a transaction: nothing that a savepoint took back, nothing of groups that are gone.
from odoo.tests import tagged

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingWatch(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls.make_person("Addison Olson", "Analyst", cls.account)
        cls.env.flush_all()
        cls.env.cr.precommit.run()
        cls.Notice = cls.env["buying.group.notice"]
        cls.Notice.search([]).unlink()

    def end_transaction(self):
        """``[(kind, group)]`` of what was noticed."""
        self.env.flush_all()
        self.env.cr.precommit.run()
        notices = self.Notice.search([], order="id")
        result = [(notice.kind, notice.group_id) for notice in notices]
        notices.unlink()
        return result

    def complete(self, group=None, source="manual"):
        group = group or self.group
        for person, role in (
            (self.director, self.decision_maker),
            (self.clerk, self.champion),
            (self.analyst, self.influencer),
            (self.second, self.influencer),
        ):
            group.assign_member(person, role, source)

    def test_nothing_happened(self):
        self.assertEqual(self.end_transaction(), [])

    def test_a_group_that_does_not_change_is_no_news(self):
        self.complete()
        self.assertEqual(self.end_transaction(), [("complete", self.group)])
        self.group.status = "Hot"
        self.director.function = "Chief"
        self.assertEqual(self.end_transaction(), [])

    def test_what_a_savepoint_took_back_never_was(self):
        try:
            with self.env.cr.savepoint():
                self.complete()
                self.env.flush_all()
                raise InterruptedError
        except InterruptedError:
            self.env.invalidate_all()
        self.assertEqual(self.end_transaction(), [])
        self.assertFalse(self.group.complete_date)

    def test_a_group_that_is_deleted_in_the_same_transaction_is_no_news(self):
        group = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.child_account.id})
        self.complete(group, "system")  # what people decided keeps a group from being deleted
        group.unlink()
        self.assertEqual(self.end_transaction(), [])

    def test_several_groups_each_by_itself(self):
        other = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.child_account.id})
        self.end_transaction()
        self.complete()
        self.complete(other)
        self.assertCountEqual(self.end_transaction(), [("complete", self.group), ("complete", other)])
        self.group.remove_member(self.clerk)
        kinds = self.end_transaction()
        self.assertCountEqual(kinds, [("member_left", self.group), ("role_lost", self.group)])
        self.assertTrue(other.complete_date)
        self.assertFalse(self.group.complete_date)

    def test_who_left_and_is_back_did_not_leave(self):
        self.complete()
        self.end_transaction()
        self.group.remove_member(self.clerk)
        self.group.assign_member(self.clerk, self.champion)
        self.assertEqual(self.end_transaction(), [])

    def test_an_archived_group_is_told_of_no_more(self):
        self.complete()
        self.end_transaction()
        self.group.remove_member(self.clerk)
        self.group.active = False
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.assertFalse(self.Notice.search([])._filter_true())

    def test_a_template_that_asks_for_nobody_makes_no_group_complete(self):
        self.template.line_ids.sudo().is_required = False
        self.end_transaction()
        self.complete()
        self.assertEqual(self.end_transaction(), [])
