# What changes about groups is logged, once.
from unittest.mock import patch

from odoo.tests import tagged

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestEngagementGroupLog(BuyingJourneyCase):
    def logged(self, group, *codes):
        rows = self.env["engagement.activity"].search([("group_id", "=", group.id), ("code", "in", codes)], order="id")
        return [(row.code, row.partner_id, row.old_value, row.new_value) for row in rows]

    def test_memberships_are_logged(self):
        group = self.group.with_user(self.sales)
        group.assign_member(self.director, self.champion)
        group.assign_member(self.director, self.decision_maker)
        group.assign_member(self.director, self.decision_maker)  # nothing new
        group.remove_member(self.director)
        group.remove_member(self.clerk)  # was never a member
        champion, decision_maker = self.champion.name, self.decision_maker.name
        self.assertEqual(
            self.logged(self.group, "group_assigned", "group_removed"),
            [
                ("group_assigned", self.director, False, champion),
                ("group_assigned", self.director, champion, decision_maker),
                ("group_removed", self.director, decision_maker, False),
            ],
        )

    def test_a_batch_of_memberships_is_logged_by_one_statement(self):
        with patch.object(type(self.env["engagement.activity"]), "create", autospec=True) as create:
            self.group.update_members()
        self.assertEqual([len(call.args[1]) for call in create.call_args_list], [3])

    def test_changed_status_and_completeness_are_logged(self):
        self.env.cr.precommit.run()
        group = self.group.with_user(self.user)
        group.status = "Hot"
        group.status = "Hot"
        group.update_members()  # two of three required roles are complete, one half: (1 + 1 + 0.5) / 3
        self.env.cr.precommit.run()
        nobody = self.env["res.partner"]
        self.assertEqual(
            self.logged(self.group, "status_changed", "completeness_changed"),
            [("status_changed", nobody, "", "Hot"), ("completeness_changed", nobody, "0", "83")],
        )
