# The sales alert: recipients, languages, and where it may run.
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import email_normalize

from .common_alert import SALES, AlertCase


@tagged("post_install", "-at_install")
class TestSalesAlert(AlertCase):
    def test_alert_tells_what_sales_needs(self):
        self.group.remove_member(self.colleen)
        self.group.status = "Hot & <ready>"
        self.run_on(self.make_action(), self.group)
        mail = self.mails()
        self.assertEqual(
            (mail.subject, mail.email_to, mail.state),
            ("Test solution for Azure Interior Test is ready for you", "team@example.com", "outgoing"),
        )
        for text in (
            "Azure Interior Test",
            "Test solution",
            "50%",
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
        self.assertEqual(self.group._get_completeness_text(), "56%")
        line.members_required = 400
        self.group.remove_member(self.brandon)
        self.assertEqual(self.group.completeness, 0.125)
        line.members_required = 4
        self.assertEqual((self.group.completeness, self.group._get_completeness_text()), (12.5, "13%"))

    def test_members_count_stays_and_names_are_escaped(self):
        self.brandon.name = "<script>alert(1)</script>"
        self.run_on(self.make_action(), self.group)
        self.assertNotIn("<script>", self.mails().body_html)

    def test_any_addresses_each_once(self):
        action = self.make_action(alert_email_to='a@example.com; "Team, West" <b@example.com>\nA@example.com')
        with self.assertRaises(UserError):
            self.make_action(alert_email_to="not an address")
        self.assertEqual(action._get_alert_addresses(), ["a@example.com", "b@example.com"])
        self.run_on(action, self.group)
        self.assertEqual(sorted(self.mails().mapped("email_to")), ["a@example.com", "b@example.com"])

    def test_at_most_500_recipients(self):
        self.make_action(alert_email_to="\n".join(f"a{number}@example.com" for number in range(500)))
        with self.assertRaises(UserError):
            self.make_action(alert_email_to="\n".join(f"a{number}@example.com" for number in range(501)))

    def test_language_of_the_recipient(self):
        for lang in ("fr_FR", "nb_NO", "zh_CN"):
            self.env["res.lang"]._activate_lang(lang)
        self.env["res.partner"].create({"name": "Jean", "email": "jean@example.com", "lang": "fr_FR"})
        self.run_on(self.make_action(alert_email_to="jean@example.com, john@example.com"), self.group)
        mails = {mail.email_to: mail for mail in self.mails()}
        self.assertEqual(mails["john@example.com"].subject, f"{self.group.name} is ready for you")
        french = self.group.with_context(lang="fr_FR").name
        self.assertEqual(mails["jean@example.com"].subject, f"Le groupe d'achat {french} est prêt pour vous")
        self.assertRegex(mails["jean@example.com"].body_html, r">\w+ Jean,<")
        self.assertIn(">Hello,<", mails["john@example.com"].body_html)

    def test_account_needs_a_group_of_the_solution(self):
        action = self.make_action("res.partner", alert_solution_id=self.solution.id)
        self.run_on(action, self.account + self.other_account)
        self.assertEqual(len(self.mails()), 1)
        self.run_on(action, self.brandon)
        self.assertEqual(len(self.mails()), 2, "a contact stands for its account")

    def test_lead_uses_its_group_or_its_account_s(self):
        action = self.make_action("crm.lead", alert_solution_id=self.solution.id)
        lead = self.env["crm.lead"].create({"name": "Lead", "partner_id": self.brandon.id})
        self.run_on(action, lead)
        lead.write({"partner_id": False, "buying_group_id": self.group.id})
        self.run_on(action, lead)
        self.assertEqual(len(self.mails()), 2)

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
        self.assertEqual(len(self.mails()), 1)

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

    # Recipients ---------------------------------------------------------------------------------------------------

    def test_every_kind_of_recipient_once(self):
        team = self.env["crm.team"].create({"name": "West", "member_ids": [Command.set([self.marketer.id])]})
        action = self.make_action(
            alert_to_salesperson=True,
            alert_user_ids=[Command.set((self.manager + self.salesperson).ids)],
            alert_team_id=team.id,
            alert_email_to=f"team@example.com, {SALES}",
            alert_email_cc="boss@example.com, deputy@example.com",
            alert_email_from="Journeys <journeys@example.com>",
            alert_reply_to="desk@example.com",
        )
        self.run_on(action, self.group)
        mails = self.mails()
        addressed = mails.filtered(lambda mail: not mail.alert_recipient_id.is_copy)
        self.assertEqual(
            [email_normalize(address) for address in addressed.mapped("email_to")],
            [SALES, "marc.demo@example.com", "marketer@example.com", "team@example.com"],
            "the salesperson first, and nobody twice",
        )
        self.assertEqual((mails - addressed).mapped("email_to"), ["boss@example.com", "deputy@example.com"])
        self.assertEqual(addressed[0].email_to, f'"Mitchell Admin" <{SALES}>')
        self.assertFalse(any(mails.mapped("email_cc")), "nobody else gets a mail with links to answer")
        self.assertEqual(set(mails.mapped("email_from")), {"Journeys <journeys@example.com>"})
        self.assertEqual(set(mails.mapped("reply_to")), {"desk@example.com"})
        self.assertEqual(len(self.alerts()), 1, "one alert, whatever the number of its mails")
        self.assertEqual(self.alerts().recipient_count, 4)

    def test_salesperson_of_the_lead_before_that_of_the_account(self):
        action = self.make_action("crm.lead", alert_to_salesperson=True, alert_solution_id=self.solution.id)
        leads = self.env["crm.lead"].create(
            [
                {"name": "Own", "partner_id": self.brandon.id, "user_id": self.manager.id, "type": "opportunity"},
                {"name": "Nobody's", "partner_id": self.colleen.id, "user_id": False, "type": "opportunity"},
            ]
        )
        self.run_on(action, leads)
        self.assertEqual(len(self.alerts()), 1, "leads of one group share an alert")
        self.assertEqual(self.alerts().lead_ids, leads)
        self.assertEqual(set(self.alerts().recipient_ids.mapped("email")), {SALES, "marc.demo@example.com"})

    def test_nobody_to_send_to_is_a_reason(self):
        self.account.user_id = False
        journey = self.make_alert_journey("buying.group", self.group, alert_to_salesperson=True)
        self.engine.tick()
        trace = journey.participant_ids.trace_ids
        self.assertEqual((trace.state, trace.reason), ("skipped", "There is nobody to send the sales alert to."))
        self.assertFalse(self.mails() + self.alerts().recipient_ids.mail_ids)

    def test_publishing_names_the_step_and_what_is_wrong(self):
        team = self.env["crm.team"].create({"name": "Empty", "member_ids": [Command.clear()]})
        for model, values, pattern in (
            ("buying.group", {"alert_email_to": ""}, "Tell sales: The sales alert has no recipient"),
            ("buying.group", {"alert_team_id": team.id}, "Tell sales: The sales team Empty has no members"),
            ("res.partner", {}, "Tell sales: Choose the solution"),
        ):
            records = self.group if model == "buying.group" else self.account
            journey = self.make_alert_journey(model, records, publish=False, **values)
            with self.assertRaisesRegex(UserError, pattern):
                journey.with_user(self.manager).action_publish()
        many = "\n".join(f"a{number}@example.com" for number in range(500))
        journey = self.make_alert_journey(
            "buying.group",
            self.group,
            publish=False,
            alert_email_to=many,
            alert_user_ids=[Command.set(self.manager.ids)],
        )
        with self.assertRaisesRegex(UserError, "up to 500 recipients"):
            journey.with_user(self.manager).action_publish()

    def test_archived_users_and_wrong_senders(self):
        self.marketer.active = False
        self.run_on(
            self.make_action(alert_email_to="a@example.com", alert_user_ids=[Command.set(self.marketer.ids)]),
            self.group,
        )
        self.assertEqual(self.mails().mapped("email_to"), ["a@example.com"])
        for values in (
            {"alert_email_from": "nobody"},
            {"alert_reply_to": "a@example.com, b@example.com"},
            {"alert_email_cc": "x"},
            {"alert_again_days": -1},
        ):
            with self.assertRaises(UserError, msg=values):
                self.make_action(**values)

    def test_blacklist_keeps_no_work_from_users(self):
        """Whoever is outside is left alone; the alert of a user is no advertising."""
        for email in (SALES, "outside@example.com"):
            self.env["mail.blacklist"]._add(email)
        contact = self.env["res.partner"].create({"name": "Bouncing", "email": "bouncing@example.com"})
        contact.message_bounce = 9
        action = self.make_action(
            alert_to_salesperson=True, alert_email_to="outside@example.com, bouncing@example.com, fine@example.com"
        )
        self.run_on(action, self.group)
        self.assertEqual(self.alerts().recipient_ids.mapped("email"), [SALES, "fine@example.com"])
        journey = self.make_alert_journey("buying.group", self.group, alert_email_to="outside@example.com")
        self.engine.tick()
        trace = journey.participant_ids.trace_ids
        self.assertEqual((trace.state, trace.reason), ("skipped", "outside@example.com: Blacklisted address."))

    def test_users_of_other_companies_get_nothing(self):
        there = self.make_colleague_elsewhere()
        self.assertEqual(self.group.company_id, self.env.company)
        action = self.make_action(
            alert_user_ids=[Command.set(there.ids)], alert_email_to="chicago@example.com, team@example.com"
        )
        self.run_on(action, self.group)
        self.assertEqual(
            self.alerts().recipient_ids.mapped("email"), ["team@example.com"], "not by the address, either"
        )
        self.assertFalse(self.env["buying.alert"].with_user(there).search([("group_id", "=", self.group.id)]))
        self.assertFalse(self.env["buying.alert.recipient"].with_user(there).search([("group_id", "=", self.group.id)]))

    # How often ----------------------------------------------------------------------------------------------------

    def test_not_again_within_some_days(self):
        action = self.make_action(alert_again_days=7)
        self.run_on(action, self.group)
        result = self.run_on(action.with_user(self.manager), self.group)
        self.assertEqual(len(self.mails()), 1)
        self.assertIn("The next one may follow after 7 days", result["params"]["message"])
        self.group.sudo().alert_date = fields.Datetime.now() - timedelta(days=7, minutes=1)
        self.run_on(action, self.group)
        self.assertEqual(len(self.mails()), 2)
        self.run_on(self.make_action(), self.group)
        self.assertEqual(len(self.mails()), 3, "another action may have no such limit")

    def test_a_visit_sends_once(self):
        journey = self.make_alert_journey("buying.group", self.group)
        self.engine.tick()
        alert = self.alerts()
        self.assertEqual((alert.journey_id, alert.participant_id), (journey, journey.participant_ids))
        self.assertEqual(alert.origin, journey.name)
        # as if the same visit came by once more
        self.env["journey.kind.action"]._process(
            journey.node_ids.with_user(self.manager).sudo(), journey.participant_ids
        )
        self.assertEqual((len(self.alerts()), len(self.mails())), (1, 1))

    def test_when_it_was_sent_is_nobody_s_to_write(self):
        with self.assertRaises(UserError):
            self.group.with_user(self.manager).alert_date = fields.Datetime.now()
        self.run_on(self.make_action(), self.group)
        self.assertTrue(self.group.alert_date)

    # What follows -------------------------------------------------------------------------------------------------

    def test_activity_for_the_salesperson(self):
        action = self.make_action(alert_activity=True, alert_activity_days=2, alert_to_salesperson=True)
        before = self.env["mail.mail"].search_count([])
        self.run_on(action, self.group)
        self.run_on(action, self.group)
        activity = self.group.activity_ids
        self.assertEqual(len(activity), 1, "not twice while it is open")
        self.assertEqual(activity.user_id, self.salesperson)
        self.assertEqual(activity.date_deadline, fields.Date.context_today(activity) + timedelta(days=2))
        self.assertEqual(activity.activity_type_id, self.env.ref("mail.mail_activity_data_call"))
        self.assertEqual(
            self.env["mail.mail"].search_count([]) - before, 2, "the alerts, and no mail about the activity"
        )

    def test_no_activity_for_who_may_not_open_the_group(self):
        self.account.user_id = new_test_user(self.env, "alert_outside", "base.group_user", email="o@example.com")
        self.run_on(self.make_action(alert_activity=True), self.group)
        self.assertFalse(self.group.activity_ids)

    def test_chatter_names_the_recipients(self):
        self.run_on(
            self.make_action(alert_email_to="\n".join(f"a{number}@example.com" for number in range(30))), self.group
        )
        note = self.group.message_ids.sorted("id")[-1]
        self.assertIn("a0@example.com", note.body)
        self.assertIn("and 10 more", note.body)
        self.assertNotIn("/buying/alert/", str(self.mails()[0].body_html).replace("/buying/alert/answer/", ""))

    def test_lead_s_group_that_the_user_may_not_read_is_none(self):
        self.other_account.user_id = self.manager
        foreign = self.env["buying.group"].create(
            {"solution_id": self.solution.id, "partner_id": self.other_account.id}
        )
        lead = self.env["crm.lead"].create(
            {"name": "Lead", "buying_group_id": foreign.id, "user_id": self.salesperson.id, "type": "opportunity"}
        )
        self.run_on(self.make_action("crm.lead").with_user(self.salesperson), lead)
        self.assertFalse(self.mails(foreign))
        own = self.env["crm.lead"].create(
            {"name": "Lead", "buying_group_id": self.group.id, "user_id": self.salesperson.id, "type": "opportunity"}
        )
        self.run_on(self.make_action("crm.lead").with_user(self.salesperson), own)
        self.assertEqual(len(self.mails()), 1)

    # Preview ------------------------------------------------------------------------------------------------------

    def test_preview_of_a_group_as_salesperson(self):
        action = self.group.with_user(self.salesperson).action_preview_alert()
        preview = self.env["buying.alert.preview"].with_user(self.salesperson).browse(action["res_id"])
        self.assertIn("Brandon Freeman", preview.body_html)
        self.assertIn("Account: Azure Interior Test", preview.body_text)
        self.assertIn("/buying/alert/answer/accept", preview.body_html)
        self.assertFalse(self.mails() or self.alerts(), "nothing is sent")
        with self.mock_mail_gateway():
            preview.action_send_to_me()
        self.assertEqual(self._mails[0]["email_to"], [self.salesperson.email_formatted])
        self.assertFalse(self.alerts())

    def test_preview_of_a_step_says_who_would_get_it(self):
        self.env["mail.blacklist"]._add("outside@example.com")
        journey = self.make_alert_journey(
            "res.partner",
            self.account,
            publish=False,
            alert_solution_id=self.solution.id,
            alert_to_salesperson=True,
            alert_email_to="outside@example.com",
        )
        action = journey.node_ids.with_user(self.marketer).action_preview_alert()
        preview = self.env["buying.alert.preview"].with_user(self.marketer).browse(action["res_id"])
        self.assertEqual(preview.group_id, self.group)
        self.assertEqual(preview.sent_to, f"Mitchell Admin <{SALES}>")
        self.assertEqual(preview.refused, "outside@example.com: Blacklisted address.")
        self.assertIn("marc.demo@example.com", preview.email_from)
        empty = self.make_alert_journey(
            "res.partner", self.other_account, publish=False, alert_solution_id=self.solution.id
        )
        with self.assertRaisesRegex(UserError, "Nobody in the audience"):
            empty.node_ids.with_user(self.marketer).action_preview_alert()

    def test_preview_belongs_to_who_opened_it_and_shows_no_foreign_group(self):
        preview_id = self.group.with_user(self.salesperson).action_preview_alert()["res_id"]
        with self.assertRaises(Exception) as caught:
            self.env["buying.alert.preview"].with_user(self.marketer).browse(preview_id).read(["body_html"])
        self.assertIn("AccessError", type(caught.exception).__name__)
        self.account.user_id = self.manager
        self.env.flush_all()
        previews = self.env["buying.alert.preview"].with_user(self.salesperson)
        with self.assertRaises(Exception) as caught:
            previews.browse(preview_id).read(["body_html"])
        self.assertIn("AccessError", type(caught.exception).__name__)
        # not even its name
        with self.assertRaises(Exception) as caught:
            previews.create({"group_id": self.group.id})
        self.assertIn("AccessError", type(caught.exception).__name__)
