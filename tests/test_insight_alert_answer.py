# Answers to a sales alert: links of real mails, followed as a stranger from the internet, and what follows from them.
import re
from datetime import timedelta
from urllib.parse import urlsplit

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common_alert import SALES, AlertCase


@tagged("post_install", "-at_install")
class TestAlertAnswer(AlertCase, HttpCase):
    def send(self, **values):
        """Send an alert; returns the paths of its links, as the first recipient has them: ``(accept, not ready)``"""
        self.run_on(self.make_action(**({"alert_email_to": f"{SALES}, team@example.com"} | values)), self.group)
        self.alert = self.alerts()[-1]
        return self.links_of(self.alert.recipient_ids[0])

    def links_of(self, recipient):
        body = self.outgoing(recipient.mail_ids)["body"]
        paths = [urlsplit(url).path for url in re.findall(r'href="([^"]*/buying/alert/[^"]*)"', body)]
        self.assertEqual(len(set(paths)), 2)
        return paths[0], paths[1]

    def press(self, path, **values):
        """Look at the page behind a link and press its button."""
        page = self.url_open(path)
        self.assertEqual(page.status_code, 200)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
        return self.url_open(path, data={"csrf_token": token, **values})

    def logged(self, code):
        return self.env["engagement.activity"].search([("type_id.code", "=", code), ("group_id", "=", self.group.id)])

    def test_looking_changes_nothing(self):
        for path in self.send():
            for _time in range(2):
                page = self.url_open(path)
                self.assertIn(self.group.name, page.text)
                self.assertIn("noindex", page.headers["X-Robots-Tag"])
            for method in ("HEAD", "OPTIONS"):
                self.assertEqual(self.url_open(path, method=method).status_code, 200)
        self.alert.invalidate_recordset()
        self.assertEqual(self.alert.state, "sent")
        self.assertFalse(self.logged("sales_alert_accepted") or self.logged("sales_alert_not_ready"))

    def test_accept(self):
        accept, _not_ready = self.send()
        page = self.press(accept)
        self.assertIn("Thank you", page.text)
        self.alert.invalidate_recordset()
        self.assertEqual(
            (self.alert.state, self.alert.answered_by, self.alert.answered_user_id, self.alert.reason),
            ("accepted", "Mitchell Admin", self.salesperson, False),
        )
        self.assertTrue(self.alert.answer_date)
        activity = self.logged("sales_alert_accepted")
        self.assertEqual((len(activity), activity.account_id, activity.partner_id.id), (1, self.account, False))
        note = self.group.message_ids.sorted("id")[-1]
        self.assertIn("Mitchell Admin has accepted this sales alert.", note.body)
        self.assertEqual(note.author_id, self.salesperson.partner_id)

    def test_not_ready_with_a_reason(self):
        _accept, not_ready = self.send()
        self.press(not_ready, reason="  No <b>budget</b> before March\n\nAsk again. ")
        self.alert.invalidate_recordset()
        self.assertEqual(self.alert.state, "not_ready")
        self.assertEqual(self.alert.reason, "No <b>budget</b> before March\n\nAsk again.")
        self.assertEqual(len(self.logged("sales_alert_not_ready")), 1)
        note = self.group.message_ids.sorted("id")[-1]
        self.assertIn("No &lt;b&gt;budget&lt;/b&gt; before March", note.body)

    def test_a_reason_may_be_anything(self):
        """A file, or a text that a database cannot hold, or a very long one."""
        for reason, kept in ((None, False), ("a\0b" + "x" * 2000, "ab" + "x" * 997)):
            _accept, not_ready = self.send()
            page = self.url_open(not_ready)
            token = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
            data, files = {"csrf_token": token}, None
            if reason:
                data["reason"] = reason
            else:
                files = {"reason": ("reason.txt", b"in a file")}
            answer = self.url_open(not_ready, data=data, files=files)
            self.assertIn("Thank you", answer.text)
            self.alert.invalidate_recordset()
            self.assertEqual((self.alert.state, self.alert.reason or False), ("not_ready", kept))

    def test_answering_twice_is_harmless_and_says_so(self):
        accept, not_ready = self.send()
        other_accept, _other = self.links_of(self.alert.recipient_ids[1])
        page = self.url_open(not_ready)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
        self.press(accept)
        for path in (accept, not_ready, other_accept):
            self.assertIn("Answered already", self.url_open(path).text)
        late = self.url_open(not_ready, data={"csrf_token": token, "reason": "Changed my mind"})
        self.assertIn("Mitchell Admin has accepted this sales alert.", late.text)
        self.alert.invalidate_recordset()
        self.assertEqual((self.alert.state, self.alert.reason), ("accepted", False))
        self.assertEqual(len(self.logged("sales_alert_accepted") + self.logged("sales_alert_not_ready")), 1)

    @mute_logger("odoo.http")
    def test_wrong_links_get_a_friendly_page(self):
        accept, _not_ready = self.send()
        recipient = self.alert.recipient_ids[0]
        token = accept.split("/")[4]
        other = self.alert.recipient_ids[1]
        for path in (
            accept.replace(token, "0" * 64),
            accept.replace(token, token[:-1]),
            accept.replace(token, "%C3%A9%00"),
            accept.replace(token, f"{token[:-1]}%C3%A9"),
            accept.replace(f"/{recipient.id}/", f"/{other.id}/"),
            accept.replace(f"/{recipient.id}/", "/99999999/"),
            accept.replace("/accept", "/sell"),
        ):
            page = self.url_open(path)
            self.assertEqual(page.status_code, 404, path)
            self.assertIn("This link is not valid", page.text)
            self.assertNotIn(self.group.name, page.text)
            csrf = re.search(r'csrf_token: "([^"]+)"', page.text)
            self.url_open(path, data={"csrf_token": csrf.group(1) if csrf else ""})
        self.assertIn("This was a preview", self.url_open("/buying/alert/answer/accept").text)
        self.alert.invalidate_recordset()
        self.assertEqual(self.alert.state, "sent")

    def test_old_links_answer_no_more(self):
        accept, _not_ready = self.send()
        page = self.url_open(accept)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
        self.alert.date -= timedelta(days=31)
        self.env.flush_all()
        self.assertIn("This link is too old", self.url_open(accept).text)
        self.assertIn("This link is too old", self.url_open(accept, data={"csrf_token": token}).text)
        self.alert.invalidate_recordset()
        self.assertEqual(self.alert.state, "sent")
        self.alert.with_user(self.salesperson).action_accept()
        self.assertEqual(self.alert.state, "accepted", "in Odoo it can still be answered")

    @mute_logger("odoo.http")
    def test_a_form_of_another_site_answers_nothing(self):
        accept, _not_ready = self.send()
        page = self.url_open(accept, data={"csrf_token": "x"})
        self.assertEqual(page.status_code, 400)
        self.alert.invalidate_recordset()
        self.assertEqual(self.alert.state, "sent")

    def test_whoever_is_logged_in_answers_as_themselves(self):
        """A forwarded mail: the one who presses the button has taken over."""
        accept, _not_ready = self.send()
        self.authenticate("journey_user", "journey_user")
        self.press(accept)
        self.alert.invalidate_recordset()
        self.assertEqual(self.alert.answered_user_id, self.marketer)

    def test_who_answers_for_the_group_is_told(self):
        """Followers in their language, in Odoo's own way; not the one who answered."""
        subtype = self.env.ref("crm_buying_journey.buying_group_subtype_alert_answered")
        self.group.message_subscribe((self.marketer + self.salesperson).partner_id.ids)
        _accept, not_ready = self.send()
        self.press(not_ready, reason="No budget")
        messages = self.env["mail.message"].search([("subtype_id", "=", subtype.id), ("res_id", "=", self.group.id)])
        self.assertEqual(len(messages), 1, "nobody is told the same twice")
        self.assertEqual(messages.notified_partner_ids, self.marketer.partner_id)
        self.assertIn("Mitchell Admin has answered this sales alert: not ready. Reason: No budget", messages.body)

    def test_page_in_the_language_of_the_recipient(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["res.partner"].create({"name": "Jean", "email": "jean@example.com", "lang": "fr_FR"})
        accept, _not_ready = self.send(alert_email_to="jean@example.com")
        self.assertIn(self.group.with_context(lang="fr_FR").name, self.url_open(accept).text)
        self.press(accept)
        self.alert.invalidate_recordset()
        self.assertEqual((self.alert.answered_by, self.alert.answered_user_id.id), ("Jean", False))

    def test_stored_mails_hold_no_link_that_answers(self):
        """Whoever may read the group may read its messages, but not answer for others."""
        accept, _not_ready = self.send()
        token = accept.split("/")[4]
        for mail in self.mails():
            self.assertNotIn(token, f"{mail.body_html}{mail.body}")

    # In Odoo ------------------------------------------------------------------------------------------------------

    def test_answer_in_odoo_at_the_lowest_level(self):
        self.send()
        alert = self.alert.with_user(self.salesperson)
        action = alert.action_not_ready()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.salesperson)
            .with_context(**action["context"])
            .create({"reason": "Too early"})
        )
        wizard.action_refuse()
        self.assertEqual(
            (alert.state, alert.reason, alert.answered_user_id), ("not_ready", "Too early", self.salesperson)
        )
        with self.assertRaisesRegex(UserError, "Mitchell Admin has answered"):
            alert.action_accept()

    def test_log_is_for_reading(self):
        self.send()
        alert = self.alert.with_user(self.salesperson)
        self.assertEqual(alert.read(["state", "sent_to", "origin"])[0]["state"], "sent")
        self.assertTrue(alert.recipient_ids.read(["email", "mail_state"]))
        for user in (self.salesperson, self.marketer, self.manager):
            for values in ({"state": "accepted"}, {"reason": "x"}):
                with self.assertRaises(AccessError):
                    self.alert.with_user(user).write(values)
            with self.assertRaises(AccessError):
                self.env["buying.alert"].with_user(user).create({"group_id": self.group.id})
            with self.assertRaises(AccessError):
                self.alert.with_user(user).unlink()

    def test_salesperson_sees_and_answers_own_accounts_only(self):
        self.send()
        self.account.user_id = self.manager
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(self.env["buying.alert"].with_user(self.salesperson).search([("id", "=", self.alert.id)]))
        with self.assertRaises(AccessError):
            self.alert.with_user(self.salesperson).action_accept()
        # not even the name of the group, by a dialog that names the alert
        with self.assertRaises(AccessError):
            self.env["buying.alert.refuse"].with_user(self.salesperson).create({"alert_id": self.alert.id})

    # Journeys -----------------------------------------------------------------------------------------------------

    def listen_for(self, model, records, **values):
        types = {
            code: self.env["engagement.activity.type"]._get_by_code(code).id
            for code in ("sales_alert_accepted", "sales_alert_not_ready")
        }
        return self.make_alert_journey(
            model,
            records,
            more_steps=[
                {
                    "kind": "listen",
                    "name": "Answer",
                    "activity_type_ids": list(types.values()),
                    "timeout_value": 3,
                    "timeout_unit": "days",
                },
                {
                    "kind": "action",
                    "name": "Note",
                    "action_state": "buying_group_status",
                    "buying_status": "Answered",
                    "buying_solution_id": self.solution.id,
                },
            ],
            alert_email_to=SALES,
            alert_solution_id=self.solution.id,
            **values,
        )

    def test_journeys_hear_the_answer(self):
        lead = self.env["crm.lead"].create({"name": "Lead", "partner_id": self.brandon.id, "type": "opportunity"})
        second = self.env["crm.lead"].create({"name": "Second", "partner_id": self.colleen.id, "type": "opportunity"})
        for model, records, answer in (
            ("buying.group", self.group, "accept"),
            ("res.partner", self.account, "not_ready"),
            ("crm.lead", lead + second, "accept"),
        ):
            with self.subTest(model=model):
                self.group.status = False
                journey = self.listen_for(model, records)
                self.engine.tick()
                self.assertEqual(set(journey.participant_ids.node_id.mapped("name")), {"Answer"})
                self.engine.tick()
                self.assertEqual(set(journey.participant_ids.node_id.mapped("name")), {"Answer"})
                links = self.links_of(self.alerts()[-1].recipient_ids[0])
                self.press(links[answer == "not_ready"])
                self.env.invalidate_all()
                self.engine.tick()
                self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
                self.assertEqual(self.group.status, "Answered")
                heard = journey.participant_ids.trace_ids.filtered(lambda trace: trace.node_id.name == "Answer")
                self.assertIn("Sales Alert", heard[0].reason)

    def test_answers_do_not_count_for_engagement(self):
        lines = self.env["engagement.score.model.line"].search(
            [("type_id.code", "in", ("sales_alert_accepted", "sales_alert_not_ready")), ("weight", ">", 0)]
        )
        self.assertFalse(lines)
