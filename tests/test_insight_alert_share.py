# Leads of one group that come to a sales alert one after the other share it.
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..models.insight.actions import sales_alert
from ..models.insight.alert.buying_alert_send import AlertRequest
from .common_alert import SALES, AlertCase


@tagged("post_install", "-at_install")
class TestAlertShare(AlertCase):
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

    def test_who_only_has_a_copy_gets_the_alert_as_well(self):
        leads = self.make_leads(self.salesperson, self.manager)
        self.start(leads, alert_to_salesperson=True, alert_email_cc="marc.demo@example.com")
        recipients = self.alerts().recipient_ids.filtered(lambda one: one.email == "marc.demo@example.com")
        self.assertEqual(recipients.mapped("is_copy"), [True, False])

    def test_who_gets_none_of_a_later_lead_is_told(self):
        leads = self.make_leads(self.salesperson, self.manager)
        self.manager.partner_id.email = False
        self.start(leads, alert_to_salesperson=True)
        self.assertEqual(self.alerts().left_out, f"{self.manager.name} has no email address.")
        self.assertEqual(self.alerts().lead_ids, leads)

    def test_groups_that_share_cost_as_much_together_as_one(self):
        """Statements for two and for eight groups whose leads join an alert."""
        counts = []
        for number in (2, 8):
            accounts = self.env["res.partner"].create(
                [{"name": f"Shared {number} {place}", "is_company": True} for place in range(number)]
            )
            groups = self.env["buying.group"].create(
                [{"solution_id": self.solution.id, "partner_id": account.id} for account in accounts]
            )
            first, second = (
                self.env["crm.lead"].create([{"name": "Lead", "partner_id": account.id} for account in accounts])
                for _turn in range(2)
            )
            journey = self.make_alert_journey(
                "crm.lead", first, alert_solution_id=self.solution.id, more_steps=[{"kind": "wait", "wait_value": 2}]
            )
            self.engine.tick()
            action, entries = journey.node_ids.action_server_id.sudo(), journey.participant_ids
            requests = {}
            for group, entry, lead in zip(groups, entries, second, strict=True):
                coming = entry.copy({"res_id": lead.id, "entry": 1})
                requests[group] = AlertRequest(visits=[(coming.id, 9)], leads=[lead.id])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            alerts, refusals = self.env["buying.alert"]._send(action, requests)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertFalse(alerts or refusals)
            self.assertEqual({len(self.alerts(group).lead_ids) for group in groups}, {2})
        few, many = counts
        # what remains for each are the rows of who joined
        self.assertLessEqual(many, few + 4 * 6, counts)

    def test_an_alert_that_is_answered_old_cancelled_or_failed_takes_nobody_in(self):
        changes = {
            "answered": lambda alert: alert._answer("accepted", user=self.manager),
            "old": lambda alert: alert.write({"date": fields.Datetime.now() - timedelta(minutes=61)}),
            "cancelled": lambda _alert: self.mails()[-1].cancel(),
            "failed": lambda _alert: self.mails()[-1].write({"state": "exception"}),
        }
        first, *others = self.make_leads(*[self.salesperson] * 5)
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
