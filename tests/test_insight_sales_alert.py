# The sales alert: content, recipients, languages, and where it may run.
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestSalesAlert(JourneyCase):
    def make_action(self, model="buying.group", **values):
        return self.env["ir.actions.server"].create(
            {
                "name": "Alert",
                "state": "sales_alert",
                "model_id": self.env["ir.model"]._get_id(model),
                "alert_email_to": "team@example.com",
                **values,
            }
        )

    def run_on(self, action, records):
        return action.with_context(active_model=records._name, active_ids=records.ids, active_id=records.ids[0]).run()

    def alerts(self):
        return self.env["mail.mail"].search([("model", "=", "buying.group"), ("res_id", "=", self.group.id)])

    def test_alert_tells_what_sales_needs(self):
        self.group.remove_member(self.colleen)
        self.group.status = "Hot & <ready>"
        self.run_on(self.make_action(), self.group)
        mail = self.alerts()
        self.assertEqual(
            (mail.subject, mail.email_to, mail.state),
            ("Test solution for Azure Interior Test is ready for you", "team@example.com", "outgoing"),
        )
        for text in (
            "Azure Interior Test",
            "Test solution",
            "50 %",
            "Champion",
            "Brandon Freeman",
            "Decision Maker",
            "Creative Director",
            "brandon.test@example.com",
            "Hot &amp; &lt;ready&gt;",
            f"/odoo/buying.group/{self.group.id}",
        ):
            self.assertIn(text, mail.body_html)
        self.assertNotIn("Colleen", mail.body_html)

    def test_completeness_is_rounded_half_up(self):
        line = self.template.line_ids[1]
        line.members_required = 8
        self.assertEqual(self.group.completeness, 56.25)
        self.assertEqual(self.group._get_completeness_text(), "56 %")
        line.members_required = 400
        self.group.remove_member(self.brandon)
        self.assertEqual(self.group.completeness, 0.125)
        line.members_required = 4
        self.assertEqual((self.group.completeness, self.group._get_completeness_text()), (12.5, "13 %"))

    def test_members_count_stays_and_names_are_escaped(self):
        self.brandon.name = "<script>alert(1)</script>"
        self.run_on(self.make_action(), self.group)
        self.assertNotIn("<script>", self.alerts().body_html)

    def test_any_addresses_each_once(self):
        action = self.make_action(alert_email_to='a@example.com; "Team, West" <b@example.com>\nA@example.com')
        with self.assertRaises(UserError):
            self.make_action(alert_email_to="not an address")
        self.assertEqual(action._get_alert_addresses(), ["a@example.com", "b@example.com"])
        self.run_on(action, self.group)
        self.assertEqual(sorted(self.alerts().mapped("email_to")), ["a@example.com", "b@example.com"])

    def test_at_most_500_recipients(self):
        self.make_action(alert_email_to="\n".join(f"a{number}@example.com" for number in range(500)))
        with self.assertRaises(UserError):
            self.make_action(alert_email_to="\n".join(f"a{number}@example.com" for number in range(501)))

    def test_language_of_the_recipient(self):
        for lang in ("fr_FR", "nb_NO", "zh_CN"):
            self.env["res.lang"]._activate_lang(lang)
        self.env["res.partner"].create({"name": "Jean", "email": "jean@example.com", "lang": "fr_FR"})
        self.run_on(self.make_action(alert_email_to="jean@example.com, john@example.com"), self.group)
        mails = {mail.email_to: mail for mail in self.alerts()}
        self.assertIn("Members", mails["john@example.com"].body_html)
        self.assertIn("Membres", mails["jean@example.com"].body_html)
        self.assertNotIn("Missing roles", mails["jean@example.com"].body_html)

    def test_account_needs_a_group_of_the_solution(self):
        action = self.make_action("res.partner", alert_solution_id=self.solution.id)
        self.run_on(action, self.account + self.other_account)
        self.assertEqual(len(self.alerts()), 1)
        self.run_on(action, self.brandon)
        self.assertEqual(len(self.alerts()), 2, "a contact stands for its account")

    def test_lead_uses_its_group_or_its_account_s(self):
        action = self.make_action("crm.lead", alert_solution_id=self.solution.id)
        lead = self.env["crm.lead"].create({"name": "Lead", "partner_id": self.brandon.id})
        self.run_on(action, lead)
        lead.write({"partner_id": False, "buying_group_id": self.group.id})
        self.run_on(action, lead)
        self.assertEqual(len(self.alerts()), 2)

    def test_other_models_are_refused(self):
        with self.assertRaises(UserError):
            self.make_action("res.users")

    def test_step_without_a_group_is_skipped_with_the_reason(self):
        journey = self.make_journey(
            "res.partner",
            [("id", "in", (self.account + self.other_account).ids)],
            [
                {
                    "kind": "action",
                    "action_state": "sales_alert",
                    "alert_email_to": "team@example.com",
                    "alert_solution_id": self.solution.id,
                }
            ],
        )
        self.engine.tick()
        traces = {trace.participant_id.res_id: trace for trace in journey.participant_ids.trace_ids}
        self.assertEqual(traces[self.account.id].state, "done")
        self.assertEqual(traces[self.other_account.id].state, "skipped")
        self.assertIn("no buying group", traces[self.other_account.id].reason)
        self.assertEqual(len(self.alerts()), 1)

    def test_publish_refuses_an_alert_without_recipients(self):
        journey = self.make_journey(
            "buying.group",
            [("id", "=", self.group.id)],
            [{"kind": "action", "action_state": "sales_alert"}],
            publish=False,
        )
        with self.assertRaisesRegex(UserError, "no recipient"):
            journey.with_user(self.manager).action_publish()

    def test_salesperson_cannot_alert_about_a_foreign_group(self):
        foreign = self.env["buying.group"].create(
            {"solution_id": self.solution.id, "partner_id": self.other_account.id}
        )
        self.other_account.user_id = self.manager
        with self.assertRaises(Exception) as caught, self.assertLogs("odoo.addons.base.models.ir_actions", "WARNING"):
            self.run_on(self.make_action().with_user(self.salesperson), foreign)
        self.assertIn("AccessError", type(caught.exception).__name__)
