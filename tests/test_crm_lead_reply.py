# Mails to lost leads reach somebody.
from odoo.tests import tagged

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

    def test_an_absence_note_and_a_colleague_tell_nobody(self):
        with self.mock_mail_gateway():
            self.receive(self.lead, headers="Auto-Submitted: auto-replied\n")
            self.receive(self.other_lead, sender=self.manager.email)
        self.assertFalse((self.lead | self.other_lead).activity_ids)
        self.assertFalse(self.lead._get_responses())

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
