# Mails that waited are asked again before they leave.
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from .common_outbox import OutboxCase

SENDER = "odoo.addons.crm_buying_journey.models.mailing.mail_mail_outbox_send"


@tagged("post_install", "-at_install")
class TestHeld(OutboxCase):
    def let_wait(self, mails):
        """As if they had been made an hour ago."""
        self.env.flush_all()
        self.env.cr.execute("UPDATE mail_mail SET create_date = create_date - interval '1 hour'")
        mails.invalidate_recordset()

    def test_whoever_said_no_while_the_mail_waited_gets_none(self):
        _journey, mailing, mails = self.make_outbox()
        self.let_wait(mails)
        self.env["mail.blacklist"]._add(self.people[0].email)
        moved = self.people[1]
        self.env["mail.blacklist"]._add(moved.email)
        moved.email = "reader.new@example.com"
        with self.gateway():
            self.Mail._send_outbox()
            self.assertEqual(self.count_sent(), 2)
        self.assertEqual(self.statuses(mailing), [("cancel", "mail_bl")] * 2 + [("sent", False)] * 2)
        self.assertEqual(
            set(mails.exists().mapped(lambda mail: (mail.state, mail.journey_outbox))), {("cancel", "done")}
        )

    def test_whoever_left_the_topic_while_the_mail_waited_gets_none(self):
        topic = self.env["mailing.list"].create({"name": "Robots", "is_public": True})
        _journey, mailing, mails = self.make_outbox()
        mailing.sudo().topic_id = topic
        self.let_wait(mails)
        contact = self.env["mailing.contact"].create({"email": self.people[3].email})
        self.env["mailing.subscription"].create({"contact_id": contact.id, "list_id": topic.id, "opt_out": True})
        with self.gateway():
            self.Mail._send_outbox()
            self.assertEqual(self.count_sent(), 3)
        self.assertEqual(self.statuses(mailing), [("sent", False)] * 3 + [("cancel", "mail_optout")])

    def test_a_failed_mail_that_is_retried_asks_again(self):
        _journey, mailing, mails = self.make_outbox()
        self.let_wait(mails)
        with (
            self.gateway(),
            patch.object(type(self.env["ir.mail_server"]), "send_email", side_effect=MailDeliveryException("Down")),
            mute_logger(SENDER),
        ):
            self.Mail._send_outbox()
        self.assertEqual({status for status, _type in self.statuses(mailing)}, {"error"})
        self.env["mail.blacklist"]._add(self.people[0].email)
        mails.mark_outgoing()
        with self.gateway():
            self.Mail._send_outbox()
            self.assertEqual(self.count_sent(), 3)
            self.assertNotIn(self.people[0].email, str([mail["email_to"] for mail in self._mails]))

    def test_whoever_left_meanwhile_gets_no_mail_that_is_retried(self):
        journey, mailing, mails = self.make_outbox()
        mails.state = "exception"
        journey.participant_ids.filtered(lambda entry: entry.res_id == self.people[0].id).action_exit()
        mails.mark_outgoing()
        mailing.mailing_trace_ids.trace_status = "outgoing"
        with self.gateway():
            self.Mail._send_outbox()
            self.assertEqual(self.count_sent(), 3)
        self.assertEqual(self.statuses(mailing), [("cancel", "mail_left")] + [("sent", False)] * 3)
        step = journey.participant_ids.trace_ids.filtered(lambda trace: trace.participant_id.state == "exited")[-1:]
        self.assertIn("Mails cancelled", " ".join(filter(None, step.participant_id.trace_ids.mapped("reason"))))

    def test_mail_of_a_contact_that_is_merged_meanwhile_leaves(self):
        _journey, _mailing, mails = self.make_outbox()
        self.let_wait(mails)
        survivor = self.env["res.partner"].create({"name": "Reader", "email": self.people[0].email})
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge((self.people[0] + survivor).ids, survivor)
        with self.gateway():
            self.Mail._send_outbox()
            self.assertEqual(self.count_sent(), 4)
