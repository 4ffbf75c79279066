# Sales alerts of a journey, few groups at a time: who is held up by one that fails.
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.insight.actions import sales_alert
from .common_alert import AlertCase


@tagged("post_install", "-at_install")
class TestAlertBatch(AlertCase):
    def make_groups(self, count):
        accounts = self.env["res.partner"].create(
            [{"name": f"Batch {number}", "is_company": True} for number in range(count)]
        )
        return self.env["buying.group"].create(
            [{"solution_id": self.solution.id, "partner_id": account.id} for account in accounts]
        )

    def size(self, most=5000, **values):
        node = self.make_alert_journey("buying.group", self.group, publish=False, **values).node_ids
        return node._get_kind()._get_batch_size(node, most)

    def test_how_many_at_once(self):
        addresses = [f"a{number}@example.com" for number in range(500)]
        for count, expected in ((1, 25), (4, 25), (5, 20), (50, 2), (51, 1), (500, 1)):
            self.assertEqual(self.size(alert_email_to="\n".join(addresses[:count])), expected, count)
        self.assertEqual(self.size(alert_to_salesperson=True), 25, "one, too")
        self.assertEqual(self.size(alert_email_to="\n".join(addresses[:40]), alert_email_cc="x@example.com"), 2)
        self.assertEqual(self.size(most=3), 3, "whoever wants less gets less")
        steps = [{"kind": "action", "action_state": "buying_group_status"}]
        other = self.make_journey("buying.group", [], steps, publish=False)
        self.assertEqual(other.node_ids._get_kind()._get_batch_size(other.node_ids, 5000), 1000)

    def test_one_that_fails_holds_up_few(self):
        """The others are handled in batches of their own, and the one that fails is found."""
        groups = self.make_groups(12)
        self.startPatcher(patch.object(sales_alert, "GROUPS_AT_ONCE", 4))
        batches = []
        Alert = type(self.env["buying.alert"])
        send = Alert._send

        def fail(records, action, requests):
            batches.append(len(requests))
            if groups[5] in requests:
                raise UserError("Broken")
            return send(records, action, requests)

        self.startPatcher(patch.object(Alert, "_send", fail))
        journey = self.make_alert_journey("buying.group", groups)
        self.engine.tick()
        traces = {trace.participant_id.res_id: trace for trace in journey.participant_ids.trace_ids}
        self.assertEqual([traces[group.id].state for group in groups].count("done"), 11)
        self.assertEqual(traces[groups[5].id].state, "waiting")
        self.assertEqual(sorted(batches), [1, 1, 2, 2, 4, 4, 4], "only the batch of the one that fails is halved")
