# Whose links answer a sales alert: not those of users who left, or who may not see the group any more.
import re
from urllib.parse import urlsplit

from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from ..models.insight.alert.buying_alert_send import AlertRequest
from .common_alert import SALES, AlertCase

SALES_GROUPS = "crm_buying_journey.group_sales,sales_team.group_sale_salesman"


@tagged("post_install", "-at_install")
class TestAlertAccess(AlertCase, HttpCase):
    def send(self, **values):
        self.run_on(self.make_action(**{"alert_email_to": f"{SALES}, team@example.com", **values}), self.group)
        self.alert = self.alerts()[-1]
        return self.alert.recipient_ids

    def path(self, recipient, answer="accept"):
        return urlsplit(recipient._get_url(answer)).path

    def token_of(self, page):
        return re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)

    def assertRefused(self, recipient, pattern):
        """Neither the page nor a form that was opened before answers, and what was answered is not told."""
        for path in (self.path(recipient), self.path(recipient, "not_ready")):
            page = self.url_open(path)
            self.assertEqual(page.status_code, 200)
            self.assertRegex(page.text, pattern)
            self.assertNotIn("o_buying_alert_accept", page.text)
            self.assertNotIn(self.group.name, page.text)
            answer = self.url_open(path, data={"csrf_token": self.csrf})
            self.assertRegex(answer.text, pattern)
        self.alert.invalidate_recordset()
        self.assertEqual(self.alert.state, "sent")

    def open_form(self, recipient):
        self.csrf = self.token_of(self.url_open(self.path(recipient)))

    def assertAnswers(self, recipient):
        path = self.path(recipient)
        self.assertIn("Thank you", self.url_open(path, data={"csrf_token": self.token_of(self.url_open(path))}).text)

    def test_archived_users_answer_no_more(self):
        user, outside = self.send()
        self.open_form(user)
        self.salesperson.active = False
        self.env.flush_all()
        self.assertRefused(user, "not active any more")
        self.assertAnswers(outside)
        self.alert.invalidate_recordset()
        self.assertEqual((self.alert.state, self.alert.answered_by), ("accepted", "team@example.com"))
        # and do not hear what others answered, and why
        self.assertNotIn("Answered already", self.url_open(self.path(user)).text)

    def test_users_who_became_portal_users_or_were_deleted_answer_no_more(self):
        guest = new_test_user(self.env, "alert_guest", SALES_GROUPS, email="guest@example.com")
        leaver = new_test_user(self.env, "alert_leaver", SALES_GROUPS, email="leaver@example.com")
        first, second = self.send(alert_email_to="guest@example.com, leaver@example.com")
        self.open_form(first)
        guest.group_ids = [Command.set(self.env.ref("base.group_portal").ids)]
        leaver.unlink()
        self.env.flush_all()
        self.assertFalse(second.user_id)
        self.assertRefused(first, "not active any more")
        self.assertRefused(second, "not active any more")

    def test_users_who_lost_the_group_answer_no_more(self):
        user, _outside = self.send()
        self.assertEqual(user.sent_as, "reader")
        self.open_form(user)
        self.account.user_id = self.manager
        self.env.flush_all()
        self.assertRefused(user, "no access to this buying group")
        self.assertNotIn("Open the buying group", self.url_open(self.path(user)).text)
        self.account.user_id = self.salesperson
        self.env.flush_all()
        self.assertAnswers(user)

    def test_users_who_left_the_company_answer_no_more(self):
        here, chicago = self.env.company, self.env["res.company"].create({"name": "My Company, Chicago"})
        self.account.company_id = here
        self.env.flush_all()
        user, _outside = self.send()
        self.open_form(user)
        self.salesperson.write({"company_ids": [Command.set(chicago.ids)], "company_id": chicago.id})
        self.env.flush_all()
        self.assertRefused(user, "no access to this buying group")

    def test_users_who_never_could_open_the_group_answer_by_mail(self):
        """A colleague without this app, and a member of the team whose rule shows own accounts only."""
        new_test_user(self.env, "alert_plain", "base.group_user", email="plain@example.com")
        new_test_user(self.env, "alert_own", SALES_GROUPS, email="own@example.com")
        for email in ("plain@example.com", "own@example.com"):
            recipient = self.send(alert_email_to=email)
            self.assertEqual(recipient.sent_as, "user")
            self.assertAnswers(recipient)

    def test_partners_without_a_user_answer_and_so_do_archived_ones(self):
        partner = self.env["res.partner"].create({"name": "Desk", "email": "desk@example.com"})
        recipient = self.send(alert_email_to="desk@example.com")
        self.assertEqual((recipient.sent_as, recipient.user_id.id), ("outside", False))
        partner.active = False
        self.env.flush_all()
        self.assertAnswers(recipient)

    def test_nothing_goes_to_the_address_of_an_archived_user(self):
        """Unless somebody active has it now."""
        self.marketer.active = False
        action = self.make_action(alert_email_to="a@example.com, marketer@example.com")
        self.run_on(action, self.group)
        self.assertEqual(self.mails().mapped("email_to"), ["a@example.com"])
        self.assertIn("is not active any more.", self.alerts().left_out)
        heir = new_test_user(self.env, "alert_heir", "base.group_user", email="Marketer@example.com", name="Heir")
        self.run_on(action, self.group)
        self.assertEqual(self.alerts()[-1].recipient_ids.user_id, heir)

    def test_alerts_of_earlier_versions_ask_for_what_is_known(self):
        user, outside = self.send()
        self.alert.recipient_ids.sent_as = False
        self.env.flush_all()
        self.assertIsNone(user._get_answer_refusal() or outside._get_answer_refusal())
        self.salesperson.active = False
        self.assertEqual((user._get_answer_refusal(), outside._get_answer_refusal()), ("inactive", None))

    def test_a_colleague_answers_the_mail_of_who_left(self):
        """Logged in, and as themselves."""
        user, _outside = self.send()
        self.salesperson.active = False
        self.env.flush_all()
        self.authenticate("journey_user", "journey_user")
        self.assertAnswers(user)
        self.alert.invalidate_recordset()
        self.assertEqual(self.alert.answered_user_id, self.marketer)

    def test_a_colleague_who_may_not_open_the_group_does_not(self):
        user, _outside = self.send()
        stranger = self.env["res.users"].create(
            {"name": "Joel Willis", "login": "joel", "group_ids": self.env.ref("base.group_user").ids}
        )
        self.assertIsNone(user._get_answer_refusal(stranger), "a link that was passed on answers")
        self.salesperson.active = False
        self.assertEqual(user._get_answer_refusal(stranger), "no_access")

    def test_a_colleague_of_another_company_does_not(self):
        chicago = self.env["res.company"].create({"name": "My Company, Chicago"})
        self.account.company_id = self.env.company
        self.marketer.write({"company_ids": [Command.set(chicago.ids)], "company_id": chicago.id})
        self.env.flush_all()
        user, _outside = self.send()
        self.open_form(user)
        self.authenticate("journey_user", "journey_user")
        self.assertIn("no access to this buying group", self.url_open(self.path(user)).text)

    def test_an_archived_company_of_a_user_is_no_error(self):
        closed = self.env["res.company"].create({"name": "My Company, Closed"})
        self.salesperson.company_ids += closed
        closed.active = False
        groups = self.group.with_context(active_test=False)
        users = self.salesperson.with_context(active_test=False)
        self.assertIn(closed, users.company_ids)
        Recipient = self.env["buying.alert.recipient"].with_context(active_test=False)
        self.assertEqual(Recipient._may_open(users, groups), self.group)

    def test_who_may_open_the_group_costs_one_look_per_user(self):
        accounts = self.env["res.partner"].create(
            [{"name": f"Openers {number}", "is_company": True} for number in range(12)]
        )
        groups = self.env["buying.group"].create(
            [{"solution_id": self.solution.id, "partner_id": account.id} for account in accounts]
        )
        action = self.make_action(alert_user_ids=[Command.set((self.salesperson + self.marketer).ids)])
        counts = []
        for some in (groups[:2], groups):
            requests = {group: AlertRequest() for group in some}
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            found = action._get_alert_recipients(requests)
            self.env["buying.alert"]._find_openers(found)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2, counts)
