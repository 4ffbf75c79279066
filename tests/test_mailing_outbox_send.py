# What the outbox does with single mails: which are its own, what it holds, how failures end.
import smtplib
import time
from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from psycopg2 import errors

from odoo import tools
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from .common_journey import BODY
from .common_outbox import OutboxCase

OUTBOX = "odoo.addons.crm_buying_journey.models.mailing.mail_mail_outbox"
SENDER = f"{OUTBOX}_send"


@tagged("post_install", "-at_install")
class TestOutboxSend(OutboxCase):
    def test_outbox_and_queue_leave_each_other_what_is_theirs(self):
        _journey, mailing, mails = self.make_outbox()
        self.assertEqual(set(mails.mapped("journey_outbox")), {"open"})
        plain = self.Mail.create({"subject": "Plain", "email_to": "plain@example.com", "body_html": "<p>Plain</p>"})
        self.assertFalse(plain.journey_outbox)
        with self.gateway(), patch.object(type(self.Mail), "_send_outbox"):
            self.Mail.process_email_queue()
            self.assertFalse(self.count_sent())
        self.assertEqual(plain.state, "sent")
        self.assertEqual(set(mails.mapped("state")), {"outgoing"})
        plain.state = "outgoing"
        with self.gateway():
            self.assertEqual(self.Mail._send_outbox(), 4)
            self.assertEqual(self.count_sent(), 4)
        self.assertEqual(plain.state, "outgoing")
        self.assertEqual(self.statuses(mailing), [("sent", False)] * 4)
        self.assertFalse(mails.exists(), "sent mails are deleted, unless the mailing keeps them")

    def test_queue_helps_with_the_outbox(self):
        """Whoever switches the workers off still gets the mails sent."""
        _journey, mailing, _mails = self.make_outbox()
        with self.gateway():
            self.Mail.process_email_queue()
            self.assertEqual(self.count_sent(), 4)
            self.Mail.process_email_queue()
            self.assertEqual(self.count_sent(), 4)
        self.assertEqual(self.statuses(mailing), [("sent", False)] * 4)

    def test_messages_are_those_that_odoo_would_send(self):
        _journey, _mailing, _mails = self.make_outbox()
        with self.gateway():
            self.Mail._send_outbox()
            ours = {mail["email_to"][0]: mail for mail in self._mails}
        plain = self.env["mailing.mailing"].create(
            {
                "subject": "Test offer",
                "body_html": BODY,
                "email_from": '"Marc Demo" <marc.demo@example.com>',
                "mailing_type": "mail",
                "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                "mailing_domain": str([("id", "in", self.people.ids)]),
                "user_id": self.manager.id,
            }
        )
        with self.gateway():
            plain._action_send_mail()
            self.Mail.search([("mailing_id", "=", plain.id)]).send()
            theirs = {mail["email_to"][0]: mail for mail in self._mails}
        self.assertEqual(ours.keys(), theirs.keys())
        for address, message in ours.items():
            other = theirs[address]
            for name in ("email_from", "email_cc", "reply_to", "subject", "attachments"):
                self.assertEqual(message[name], other[name], name)
            self.assertEqual(message["headers"].keys(), other["headers"].keys())
            self.assertEqual(message["headers"].get("Return-Path"), other["headers"].get("Return-Path"))
            self.assertIn("/unsubscribe?", message["body"].replace("/confirm_unsubscribe?", "/unsubscribe?"))
            self.assertIn("/blank.gif", message["body"])
            self.assertRegex(message["body"], r"/r/\w+/m/\d+")

    def test_kept_mails_stay_and_are_finished(self):
        _journey, _mailing, mails = self.make_outbox()
        mails.auto_delete = False
        with self.gateway():
            self.Mail._send_outbox()
        self.assertEqual(set(mails.mapped(lambda mail: (mail.state, mail.journey_outbox))), {("sent", "done")})
        mails[0].mark_outgoing()
        self.assertEqual(mails[0].journey_outbox, "open")
        with self.gateway():
            self.assertEqual(self.Mail._send_outbox(), 1)

    def test_pause_holds_and_resuming_releases(self):
        journey, _mailing, mails = self.make_outbox()
        journey.with_user(self.manager).action_pause()
        with self.gateway():
            self.Mail.process_email_queue()
            self.Mail._send_outbox()
            mails.send()
            self.assertFalse(self.count_sent())
        self.assertEqual(set(mails.mapped("state")), {"outgoing"})
        journey.with_user(self.manager).action_resume()
        crons = self.env.ref("crm_buying_journey.ir_cron_mail_outbox")
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "in", crons.ids)]))
        with self.gateway():
            self.Mail._send_outbox()
            self.assertEqual(self.count_sent(), 4)

    def test_abort_cancels_also_the_mails_of_those_who_have_reached_the_end(self):
        journey = self.make_journey("res.partner", [("id", "in", self.people.ids)], [{"kind": "email"}])
        self.engine.tick()
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
        journey.with_user(self.manager).action_pause()
        journey.with_user(self.manager).action_abort()
        mailing = journey.node_ids.mailing_id
        self.assertEqual(self.statuses(mailing), [("cancel", False)] * 4)
        with self.gateway():
            self.Mail.process_email_queue()
            self.assertFalse(self.count_sent())

    def test_abort_does_not_fail_because_a_sender_is_at_work(self):
        """What it could not cancel, of those who had come to the end, is not sent, and the next sender cancels it."""
        journey = self.make_journey("res.partner", [("id", "in", self.people.ids)], [{"kind": "email"}])
        self.engine.tick()
        mailing = journey.node_ids.mailing_id
        journey.with_user(self.manager).action_pause()
        with patch.object(type(self.Mail), "_cancel_aborted", side_effect=errors.SerializationFailure()):
            journey.with_user(self.manager).action_abort()
        self.assertEqual(journey.state, "aborted")
        mails = self.Mail.search([("mailing_id", "=", mailing.id)])
        with self.gateway():
            mails.send()
            self.assertEqual(set(mails.mapped("state")), {"outgoing"})
            self.Mail._send_outbox()
            self.assertFalse(self.count_sent())
        self.assertEqual(set(mails.mapped("state")), {"cancel"})
        self.assertEqual(self.statuses(mailing), [("cancel", False)] * 4)

    def test_mails_that_an_abort_left_waiting_are_cancelled_by_whoever_sends_them(self):
        """Those of participants who were on their way: the abort could not take them out of the sender's hands."""
        journey, mailing, mails = self.make_outbox()
        journey.with_user(self.manager).action_abort()
        mails.state = "outgoing"
        mailing.mailing_trace_ids.trace_status = "outgoing"
        with self.gateway():
            mails.send()
            self.assertFalse(self.count_sent())
        self.assertEqual(set(mails.mapped("state")), {"cancel"})
        self.assertEqual({status for status, _type in self.statuses(mailing)}, {"cancel"})

    def test_scheduled_mail_waits_for_its_time(self):
        _journey, _mailing, mails = self.make_outbox()
        mails[1:].scheduled_date = "2100-01-01 00:00:00"
        with self.gateway():
            self.assertEqual(self.Mail._send_outbox(), 1)
        self.assertEqual(set(mails.exists().mapped("state")), {"outgoing"})

    def fail_at(self, number, error):
        """Let handing over the n-th mail fail."""
        Server = type(self.env["ir.mail_server"])
        send_email, calls = Server.send_email, []

        def failing(server, message, *args, **kwargs):
            calls.append(message)
            if len(calls) == number:
                raise error
            return send_email(server, message, *args, **kwargs)

        return patch.object(Server, "send_email", failing)

    def test_mail_that_fails_stops_no_other(self):
        _journey, mailing, mails = self.make_outbox()
        error = MailDeliveryException("Mail Delivery Failed", "550 No such user here")
        with self.gateway(), self.fail_at(2, error), mute_logger(SENDER):
            self.Mail._send_outbox()
        self.assertEqual(self.statuses(mailing), [("sent", False), ("error", "unknown")] + [("sent", False)] * 2)
        (failed,) = mails.exists()
        self.assertEqual((failed.state, failed.journey_outbox), ("exception", "done"))
        self.assertIn("550", failed.failure_reason)
        # whoever retries gets it into the outbox again
        mailing.with_user(self.manager).action_retry_failed()
        with self.gateway():
            self.assertEqual(self.Mail._send_outbox(), 1)
        self.assertEqual(self.statuses(mailing), [("sent", False)] * 4)

    def test_lost_connection_leaves_one_uncertain_mail_that_is_not_sent_again(self):
        _journey, mailing, mails = self.make_outbox()
        error = smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        with self.gateway(), self.fail_at(2, error):
            mails.send()
        self.assertEqual(self.statuses(mailing)[:2], [("sent", False), ("error", "mail_uncertain")])
        left = mails.exists()
        self.assertEqual(left.sorted("id").mapped("state"), ["exception", "outgoing", "outgoing"])
        mailing.with_user(self.manager).action_retry_failed()
        with self.gateway():
            self.Mail._send_outbox()
            self.assertEqual(self.count_sent(), 2)
        self.assertEqual(self.Mail.search([("mailing_id", "=", mailing.id)]).failure_type, "mail_uncertain")

    def test_lost_database_is_no_failure_of_a_mail(self):
        _journey, mailing, mails = self.make_outbox()
        error = errors.AdminShutdown("terminating connection due to administrator command")
        preparing = patch.object(self.env.registry["mail.mail"], "_prepare_outgoing_list", side_effect=error)
        # no assertRaises, which takes back what was noted
        with self.gateway(), preparing, suppress(errors.AdminShutdown):
            mails.send()
            self.fail("the sender has to know")
        self.assertEqual(self.statuses(mailing), [("outgoing", False)] * 4)
        with self.gateway(), self.fail_at(2, error), suppress(errors.AdminShutdown):
            mails.send()
            self.fail("the sender has to know")
        self.assertEqual(
            self.statuses(mailing),
            [("sent", False), ("error", "mail_uncertain"), ("outgoing", False), ("outgoing", False)],
        )
        with self.gateway():
            self.assertEqual(self.Mail._send_outbox(), 2, "the others leave with the next run")

    def test_unknown_address_is_a_failure_of_its_own(self):
        _journey, mailing, _mails = self.make_outbox()
        self.people[0].email = "not an address"
        with self.gateway(), mute_logger(SENDER):
            self.Mail._send_outbox()
        status, failure = self.statuses(mailing)[0]
        self.assertEqual((status, failure), ("error", "mail_email_invalid"))
        self.assertEqual(self.statuses(mailing)[1:], [("sent", False)] * 3)

    def test_mail_opened_before_its_batch_is_finished_stays_opened(self):
        _journey, mailing, _mails = self.make_outbox()
        finish = type(self.Mail)._finish_once

        def opened_first(batch, results):
            mailing.mailing_trace_ids[0].set_opened()
            return finish(batch, results)

        with self.gateway(), patch.object(type(self.Mail), "_finish_once", opened_first):
            self.Mail._send_outbox()
        self.assertEqual(sorted(mailing.mailing_trace_ids.mapped("trace_status")), ["open", "sent", "sent", "sent"])
        self.assertTrue(all(mailing.mailing_trace_ids.mapped("sent_datetime")))

    def test_address_of_an_uncertain_mail_is_not_mailed_through_somebody_else(self):
        _journey, mailing, _mails = self.make_outbox()
        trace = mailing.mailing_trace_ids[0]
        trace.set_failed(failure_type="mail_uncertain")
        journey = mailing.journey_node_id.journey_id
        twin = self.env["res.partner"].create({"name": "Twin", "email": trace.email})
        journey.add_records(twin)
        self.engine.tick()
        self.assertEqual(self.env["mailing.trace"].search([("res_id", "=", twin.id)]).failure_type, "mail_dup")

    def test_uncertain_mail_fills_a_cap(self):
        """It may have been sent; one more could be one too many."""
        self.env["ir.config_parameter"].set_param("crm_buying_journey.cap_day", "1")
        _journey, mailing, _mails = self.make_outbox()
        uncertain, failed = mailing.mailing_trace_ids[:2]
        uncertain.set_failed(failure_type="mail_uncertain")
        failed.set_failed(failure_type="unknown")
        room = self.env["mailing.cap"]._get_room([uncertain.email, failed.email])
        self.assertEqual(room, {uncertain.email: 0, failed.email: 1})

    def test_run_ends_on_time_in_the_middle_of_a_batch_and_goes_on_later(self):
        """Senders must not keep both threads for scheduled actions while journeys wait to be moved on."""
        _journey, mailing, mails = self.make_outbox()
        late = self.Mail.with_context(cron_end_time=time.monotonic() - 1)
        self.env["ir.cron.trigger"].search([]).unlink()
        with self.gateway():
            self.assertEqual(late._send_outbox(), 1, "one at least, or it would never end")
            self.assertEqual(self.count_sent(), 4, "texts of the batch were made")
        self.assertEqual(len(mails.exists()), 3)
        self.assertEqual(set(mails.exists().mapped("state")), {"outgoing"})
        triggered = self.env["ir.cron.trigger"].search([]).cron_id
        self.assertIn(self.env.ref("crm_buying_journey.ir_cron_mail_outbox"), triggered)
        with self.gateway():
            self.assertEqual(self.Mail.with_context(cron_end_time=time.monotonic() + 60)._send_outbox(), 3)
        self.assertEqual(self.statuses(mailing), [("sent", False)] * 4)

    def test_helping_leaves_the_count_of_what_the_queue_has_to_do(self):
        with (
            patch(f"{OUTBOX}.module.current_test", False),
            patch.object(type(self.env["ir.cron"]), "_commit_progress") as progress,
        ):
            self.Mail.with_context(journey_outbox_helper=True)._commit_outbox(5)
            progress.assert_called_once_with(0)
            self.Mail._commit_outbox(5)
            progress.assert_called_with(5)

    def test_any_number_of_workers_is_woken_and_else_the_queue(self):
        cron = self.env.ref("crm_buying_journey.ir_cron_mail_outbox")
        ours = cron + self.env.ref("crm_buying_journey.ir_cron_mail_outbox_second") + cron.copy()
        Trigger = self.env["ir.cron.trigger"]
        Trigger.search([]).unlink()
        ours.active = True
        self.Mail._wake_outbox()
        self.assertEqual(Trigger.search([]).cron_id, ours)
        Trigger.search([]).unlink()
        ours.active = False
        self.Mail._wake_outbox()
        self.assertEqual(Trigger.search([]).cron_id, self.env.ref("mail.ir_cron_mail_scheduler_action"))

    def test_personal_mail_server_sends_so_many_a_minute(self):
        """Somebody's own server takes a few each minute; the rest waits for the next one and is sent then."""
        _journey, mailing, mails = self.make_outbox()
        owner = mails.mail_message_id.create_uid
        address = tools.email_normalize(mails[0].email_from)
        owner.email = address
        server = self.env["ir.mail_server"].create(
            {
                "name": "Personal",
                "smtp_host": "127.0.0.1",
                "smtp_user": address,
                "from_filter": address,
                "owner_user_id": owner.id,
            }
        )
        mails.mail_server_id = server
        self.env["ir.config_parameter"].set_param("mail.server.personal.limit.minutes", "3")
        self.env["ir.cron.trigger"].search([]).unlink()
        with self.gateway():
            self.assertEqual(self.Mail._send_outbox(), 4, "three are sent, one is put off")
        (left,) = mails.exists()
        self.assertEqual((left.state, left.journey_outbox), ("outgoing", "open"))
        self.assertTrue(left.scheduled_date)
        self.assertEqual(sorted(status for status, _type in self.statuses(mailing)), ["outgoing"] + ["sent"] * 3)
        triggers = self.env["ir.cron.trigger"].search([])
        self.assertIn(self.env.ref("crm_buying_journey.ir_cron_mail_outbox"), triggers.cron_id)
        self.assertGreaterEqual(min(triggers.mapped("call_at")), left.scheduled_date)
        with self.gateway():
            self.assertEqual(self.Mail._send_outbox(), 0, "not in this minute")
        # a minute later
        left.scheduled_date = left.scheduled_date - timedelta(minutes=2)
        server.owner_limit_time -= timedelta(minutes=1)
        with self.gateway():
            self.assertEqual(self.Mail._send_outbox(), 1)
        self.assertEqual(self.statuses(mailing), [("sent", False)] * 4)

    def test_statements_are_made_for_a_batch(self):
        self.people += self.env["res.partner"].create(
            [{"name": f"More {number}", "email": f"more.{number}@example.com"} for number in range(36)]
        )
        _journey, mailing, _mails = self.make_outbox()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        with self.gateway():
            self.Mail._send_outbox()
        self.assertEqual(self.statuses(mailing), [("sent", False)] * 40)
        self.assertLess((self.env.cr.sql_log_count - before) / 40, 8, "Odoo makes some 19")
