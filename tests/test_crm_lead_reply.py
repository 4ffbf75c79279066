# Mails to lost leads reach somebody.
from email import message_from_string, policy

from odoo.tests import tagged

from ..tools.automatic_reply import is_automatic_reply
from .common_reactivation import ReactivationCase


@tagged("post_install", "-at_install")
class TestCrmLeadReply(ReactivationCase):
    def receive(self, lead, headers="", sender="brandon.test@example.com", subject="Re: Back in stock"):
        trace = self.mail(lead)
        return self.env["mail.thread"].message_process(
            "crm.lead",
            f"From: {sender}\nTo: catchall@test.example.com\nSubject: {subject}\nMessage-Id: <answer@{lead.id}>\n"
            f"References: {trace.message_id}\nIn-Reply-To: {trace.message_id}\n{headers}\nYes please",
            thread_id=lead.id,
        )

    def test_an_answer_reaches_the_salesperson_of_an_archived_lead(self):
        self.lead.message_unsubscribe(self.salesperson.partner_id.ids)
        with self.mock_mail_gateway():
            self.receive(self.lead)
        self.assertFalse(self.lead.active)
        activity = self.lead.activity_ids
        self.assertEqual(activity.user_id, self.salesperson)
        self.assertIn("Re: Back in stock", activity.summary)
        message = self.lead.message_ids.filtered(lambda message: message.message_type == "email")
        self.assertIn(self.salesperson.partner_id, message.notified_partner_ids)
        # and is a response, so that an action may bring the lead back
        self.assertEqual(self.lead._get_responses()[self.lead.id].kind, "reply")

    def test_what_a_customer_writes_stays_text(self):
        evil = 'Re: <a href="https://evil.example.com">Click</a><img src=x>'
        with self.mock_mail_gateway():
            self.receive(self.lead, subject=evil)
        note = self.lead.activity_ids.note
        self.assertNotIn("<a ", note)
        self.assertNotIn("<img", note)
        self.assertIn("&lt;a href", note)
        self.env.ref("crm_buying_journey.action_lead_restore").with_context(
            active_model="crm.lead", active_ids=self.lead.ids, active_id=self.lead.id
        ).run()
        self.assertTrue(self.lead.active)
        bodies = self.lead.message_ids.mapped("body")
        texts = "".join(body for body in bodies if "came back" in (body or ""))
        self.assertTrue(texts)
        self.assertNotIn("<img", texts + "".join(self.lead.activity_ids.mapped("note")))

    def test_an_absence_note_and_a_colleague_tell_nobody(self):
        with self.mock_mail_gateway():
            self.receive(self.lead, headers="Auto-Submitted: auto-replied\n")
            self.receive(self.other_lead, sender=self.manager.email)
        self.assertFalse((self.lead | self.other_lead).activity_ids)
        self.assertFalse(self.lead._get_responses())

    def test_machines_are_known_by_many_marks(self):
        for header in (
            "Auto-Submitted: auto-generated",
            "X-Autoreply: yes",
            "X-Auto-Reply: 1",
            "Precedence: auto_reply",
            "X-Mail-Autoreply: yes",
            "Return-Path: <>",
        ):
            message = message_from_string(f"From: a@example.com\n{header}\n\nBye", policy=policy.SMTP)
            self.assertTrue(is_automatic_reply(message, "Re: Back in stock"), header)
        for header in ("Auto-Submitted: no", "Return-Path: <a@example.com>", "Precedence: bulk", "X-Other: x"):
            message = message_from_string(f"From: a@example.com\n{header}\n\nYes", policy=policy.SMTP)
            self.assertFalse(is_automatic_reply(message, "Re: Back in stock"), header)
            for subject in ("Abwesenheit: Re: Back", "Risposta automatica: Back", "Autosvar: Re: Back"):
                self.assertTrue(is_automatic_reply(message, subject), subject)

    def test_a_lead_that_is_not_lost_is_left_to_core(self):
        self.lead.action_restore()
        with self.mock_mail_gateway():
            self.receive(self.lead)
        self.assertFalse(self.lead.activity_ids)

    def test_two_answers_make_one_to_do(self):
        with self.mock_mail_gateway():
            self.receive(self.lead)
            self.lead.message_post(message_type="email", author_id=self.brandon.id, body="And one more thing")
        self.assertEqual(len(self.lead.activity_ids), 1)

    def test_the_leader_of_the_team_is_told_where_the_salesperson_left(self):
        gone = self.salesperson.copy({"login": "gone", "email": "gone@example.com"})
        self.lead.write({"user_id": gone.id, "team_id": self.team.id})
        gone.active = False
        self.lead.message_post(message_type="email", author_id=self.brandon.id, body="Hello")
        self.assertEqual(self.lead.activity_ids.user_id, self.manager)
