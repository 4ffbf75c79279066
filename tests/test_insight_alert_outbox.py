# Sales alerts of a journey that wait in the outbox: a pause holds them, an abort and leaving cancel them.
from odoo.tests import tagged

from .common_alert import AlertCase


@tagged("post_install", "-at_install")
class TestAlertOutbox(AlertCase):
    def setUp(self):
        super().setUp()
        self.Mail = self.env["mail.mail"]
        self.Mail.search([("state", "=", "outgoing")]).cancel()  # those of the demo data

    def start(self, model="buying.group", records=None, **values):
        """A journey whose participants have passed the alert and wait, with the mail in the outbox."""
        more = [{"kind": "wait", "wait_value": 2}, {"kind": "end"}]
        journey = self.make_alert_journey(model, records or self.group, more_steps=more, **values)
        self.engine.tick()
        self.assertEqual(self.mails()[-1:].state, "outgoing")
        return journey, self.mails()[-1]

    def try_to_send(self, mail):
        """By all that sends; returns how many mails left."""
        with self.mock_mail_gateway():
            self.Mail._send_outbox()
            self.Mail.process_email_queue()
            mail.send()
            return len([sent for sent in self._mails if "team@example.com" in sent["email_to"]])

    def test_pause_holds_and_resuming_releases(self):
        journey, mail = self.start()
        journey.with_user(self.manager).action_pause()
        self.assertEqual(self.try_to_send(mail), 0)
        self.assertEqual(mail.state, "outgoing")
        journey.with_user(self.manager).action_resume()
        self.assertEqual(self.try_to_send(mail), 1)
        self.assertEqual(mail.state, "sent")

    def test_alert_of_another_journey_leaves_meanwhile(self):
        journey, held = self.start()
        _other, mail = self.start()
        journey.with_user(self.manager).action_pause()
        self.assertEqual(self.try_to_send(mail), 1)
        self.assertEqual((held.state, mail.state), ("outgoing", "sent"))

    def test_abort_cancels(self):
        journey, mail = self.start()
        journey.with_user(self.manager).action_abort()
        self.assertEqual(mail.state, "cancel")
        self.assertEqual(self.try_to_send(mail), 0)

    def test_abort_that_meets_a_sender_holds_all_the_same(self):
        """Then nothing is cancelled yet, and nothing may leave either."""
        journey, mail = self.start()
        self.env.cr.execute("UPDATE journey_journey SET state = 'aborted' WHERE id = %s", [journey.id])
        self.env.invalidate_all()
        with self.mock_mail_gateway():
            mail.send()
            self.assertFalse(self._mails)

    def test_who_is_taken_out_takes_the_alert_along(self):
        journey, mail = self.start()
        journey.participant_ids.with_user(self.manager).action_exit()
        self.assertEqual(mail.state, "cancel")
        self.assertEqual(self.alerts().recipient_ids.mail_state, "cancel")

    def test_alert_that_several_led_to_stays_until_all_are_out(self):
        lead = self.env["crm.lead"].create({"name": "Lead", "partner_id": self.brandon.id, "type": "opportunity"})
        second = self.env["crm.lead"].create({"name": "Second", "partner_id": self.colleen.id, "type": "opportunity"})
        journey, mail = self.start("crm.lead", lead + second, alert_solution_id=self.solution.id)
        self.assertEqual(len(self.mails()), 1)
        first, last = journey.participant_ids
        first.with_user(self.manager).action_exit()
        self.assertEqual(mail.state, "outgoing", "the other one is still inside")
        last.with_user(self.manager).action_exit()
        self.assertEqual(mail.state, "cancel")

    def test_line_breaks_in_names_make_no_header_and_keep_no_mail_from_leaving(self):
        self.account.name = "Azure\r\nBcc: victim@example.com"
        self.salesperson.name = "Eve\r\nBcc: victim@example.com"
        self.run_on(
            self.make_action(alert_email_to="team@example.com", alert_user_ids=self.salesperson.ids), self.group
        )
        mails = self.mails()
        with self.mock_mail_gateway():
            self.Mail._send_outbox()
            self.assertEqual(len([sent for sent in self._mails if "is ready for you" in sent["subject"]]), 2)
        self.assertEqual(set(mails.mapped("state")), {"sent"})
        for mail in mails:
            self.assertNotIn("\n", f"{mail.subject}{mail.email_to}")

    def test_whoever_reached_the_end_leaves_nothing_behind(self):
        """The alert is what the journey was for: reaching the end of it cancels nothing."""
        journey = self.make_alert_journey("buying.group", self.group)
        self.engine.tick()
        self.assertEqual(journey.participant_ids.state, "completed")
        self.assertEqual(self.try_to_send(self.mails()), 1)
