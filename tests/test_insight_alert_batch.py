# Sales alerts of a journey, few groups at a time: who is held up by one that fails, and leads whose group is the same.
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.insight.actions import sales_alert
from ..models.insight.alert.buying_alert_send import AlertRequest
from .common_alert import SALES, AlertCase


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

    # Leads of one group ---------------------------------------------------------------------------------------------

    def make_leads(self, *users):
        return self.env["crm.lead"].create(
            [
                {"name": f"Lead {number}", "type": "opportunity", "partner_id": self.brandon.id, "user_id": user.id}
                for number, user in enumerate(users)
            ]
        )

    def start(self, leads, **values):
        """One lead per transaction."""
        self.startPatcher(patch.object(sales_alert, "GROUPS_AT_ONCE", 1))
        more = [{"kind": "wait", "wait_value": 2}, {"kind": "end"}]
        journey = self.make_alert_journey(
            "crm.lead", leads, more_steps=more, alert_solution_id=self.solution.id, **values
        )
        self.engine.tick()
        return journey

    def test_leads_of_one_group_share_an_alert_across_transactions(self):
        leads = self.make_leads(self.salesperson, self.manager, self.salesperson)
        journey = self.start(leads, alert_to_salesperson=True, alert_email_to="team@example.com", alert_again_days=7)
        alert = self.alerts()
        self.assertEqual(len(alert), 1)
        self.assertEqual((alert.lead_ids, alert.participant_ids), (leads, journey.participant_ids))
        self.assertEqual(
            alert.recipient_ids.mapped("email"),
            [SALES, "team@example.com", "marc.demo@example.com"],
            "a salesperson who had not got it gets it, nobody else a second time",
        )
        self.assertEqual(len(self.mails()), 3)
        states = journey.participant_ids.trace_ids.filtered(lambda trace: trace.node_id.kind == "action")
        self.assertEqual(states.mapped("state"), ["done"] * 3)
        self.assertIn("Sales alert also sent to Marc Demo.", self.group.message_ids.sorted("id")[-1].body)
        # and the answer is heard for all of them
        alert._answer("accepted", user=self.manager)
        heard = self.env["engagement.activity"].search([("type_id.code", "=", "sales_alert_accepted")])
        self.assertEqual(set(heard.filtered(lambda row: row.res_model == "crm.lead").mapped("res_id")), set(leads.ids))

    def test_salespeople_of_leads_that_share_an_alert_get_their_activities(self):
        leads = self.make_leads(self.salesperson, self.manager)
        self.start(leads, alert_email_to="team@example.com", alert_activity=True)
        self.assertEqual(len(self.alerts()), 1)
        self.assertEqual(self.group.activity_ids.user_id, self.salesperson + self.manager)

    def test_an_alert_that_is_answered_old_or_cancelled_takes_nobody_in(self):
        changes = {
            "answered": lambda alert: alert._answer("accepted", user=self.manager),
            "old": lambda alert: alert.write({"date": fields.Datetime.now() - timedelta(minutes=61)}),
            "cancelled": lambda _alert: self.mails()[-1].cancel(),
        }
        first, *others = self.make_leads(*[self.salesperson] * 4)
        journey = self.start(first)
        for number, (name, change) in enumerate(changes.items()):
            change(self.alerts()[-1])
            journey.with_user(self.manager).add_records(others[number])
            self.engine.tick()
            self.assertEqual(len(self.alerts()), number + 2, name)

    def test_the_same_lead_again_is_a_new_alert(self):
        """In a circle of steps, or with a new entry: sales is asked once more."""
        first, second = self.make_leads(self.salesperson, self.salesperson)
        journey = self.start(first)
        entry = journey.participant_ids
        entries = {
            record.id: entry.create(
                {
                    "journey_id": journey.id,
                    "version_id": entry.version_id.id,
                    "res_model": "crm.lead",
                    "res_id": record.id,
                    "entry": 2,
                    "state": "completed",
                }
            )
            for record in (first, second)
        }
        action = journey.node_ids.action_server_id.sudo()
        for coming, joins in ((entry, False), (entries[first.id], False), (entries[second.id], True)):
            request = AlertRequest(visits=[(coming.id, 9)], leads=[coming.res_id])
            found = self.env["buying.alert"]._find_shared(action, {self.group: request})
            self.assertEqual(found, {self.group: self.alerts()} if joins else {})

    def test_another_step_has_an_alert_of_its_own(self):
        first, second = self.make_leads(self.salesperson, self.salesperson)
        self.start(first)
        self.start(second)
        self.assertEqual(len(self.alerts()), 2)
