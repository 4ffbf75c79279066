# Bounces and answers of copies, as mail servers and people really send them.
from odoo.tests import tagged

from .test_mailing_cc_tracked import SALES, TrackedCase

PRIMARY = "primary0@example.com"

# what Postfix sends back: one report for all recipients of the message at that server (RFC 3464)
POSTFIX = """\
Return-Path: <>
Date: Fri, 27 Nov 2026 10:00:00 +0000 (UTC)
From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {bounce_to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4ZbX1Q2N.1764237600/mx.example.com"
Message-Id: <20261127100000.4ZbX1Q2N{number}@mx.example.com>

This is a MIME-encapsulated message.

--4ZbX1Q2N.1764237600/mx.example.com
Content-Description: Notification
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

This is the mail system at host mx.example.com.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

--4ZbX1Q2N.1764237600/mx.example.com
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
X-Postfix-Queue-ID: 4ZbX1Q2N
Arrival-Date: Fri, 27 Nov 2026 09:59:59 +0000 (UTC)

{recipients}
--4ZbX1Q2N.1764237600/mx.example.com
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <bounce@example.com>
From: "Marc Demo" <marc.demo@example.com>
To: {to}
Cc: {cc}
Subject: Test offer
Message-Id: {message_id}
References: {message_id}

--4ZbX1Q2N.1764237600/mx.example.com--
"""

RECIPIENT = """\
Final-Recipient: rfc822; {final}
Original-Recipient: rfc822;{original}
Action: {action}
Status: 5.1.1
Remote-MTA: dns; mail.example.com
Diagnostic-Code: smtp; 550 5.1.1 <{final}>: Recipient address rejected: User unknown
"""

ANSWER = """\
Return-Path: <{sender}>
From: Somebody <{sender}>
To: {to}
Cc: {cc}
Subject: Re: Test offer
Date: Fri, 27 Nov 2026 11:00:00 +0000
Message-Id: <answer.{number}@example.com>
In-Reply-To: {message_id}
References: {references}
{more}MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Sounds good.
"""


@tagged("post_install", "-at_install")
class TestMailingCcGateway(TrackedCase):
    def setUp(self):
        super().setUp()
        self.number = 0

    def make(self, mode, count=1):
        mailing, messages = self.make_tracked(count, slots=[{"path": "user_id", "mode": mode}])
        return mailing, mailing.mailing_trace_ids.sorted("id"), self.copies_of(mailing), messages

    def bounce(self, message_id, *addresses, action="failed", original=None):
        self.number += 1
        report = POSTFIX.format(
            bounce_to=f"{self.alias_bounce}@{self.alias_domain}",
            number=self.number,
            recipients="\n".join(
                RECIPIENT.format(final=address, original=original or address, action=action) for address in addresses
            ),
            to=PRIMARY,
            cc=SALES,
            message_id=message_id,
        )
        with self.mock_mail_gateway():
            self.env["mail.thread"].message_process(None, report)

    def answer(self, sender, message_id, references=None, more=""):
        self.number += 1
        mail = ANSWER.format(
            sender=sender,
            to=f"{self.alias_catchall}@{self.alias_domain}",
            cc=PRIMARY,
            number=self.number,
            message_id=message_id,
            references=references or message_id,
            more=more,
        )
        with self.mock_mail_gateway():
            self.env["mail.thread"].message_process("crm.lead", mail)

    def bounces_counted(self, mailing):
        return self.env["crm.lead"].browse(mailing.mailing_trace_ids.mapped("res_id")).mapped("message_bounce")

    def test_bounce_of_a_shared_copy(self):
        mailing, trace, copy, _messages = self.make("shared")
        self.bounce(trace.message_id, SALES)
        self.assertEqual((trace.trace_status, trace.failure_type), ("sent", False))
        self.assertEqual(copy.state, "bounced")
        self.assertIn("could not", copy.failure)
        self.assertEqual(self.bounces_counted(mailing), [0], "the lead's address is fine")
        self.assertEqual(self.salesperson.partner_id.message_bounce, 1, "the copy's is not")
        self.assertEqual(mailing.bounced, 0)

    def test_bounce_of_the_primary_of_a_shared_copy(self):
        mailing, trace, copy, _messages = self.make("shared")
        self.bounce(trace.message_id, PRIMARY)
        self.assertEqual(trace.trace_status, "bounce")
        self.assertEqual(copy.state, "sent")
        self.assertEqual(self.bounces_counted(mailing), [1])
        self.assertEqual(self.salesperson.partner_id.message_bounce, 0)

    def test_one_report_for_both(self):
        mailing, trace, copy, _messages = self.make("shared")
        self.bounce(trace.message_id, SALES, PRIMARY)
        self.assertEqual((trace.trace_status, copy.state), ("bounce", "bounced"))
        self.assertEqual((self.bounces_counted(mailing), self.salesperson.partner_id.message_bounce), ([1], 1))

    def test_alias_of_a_copy_and_addresses_nobody_wrote_to(self):
        _mailing, trace, copy, _messages = self.make("shared")
        self.bounce(trace.message_id, "forwarded@elsewhere.example.com", original="unknown@elsewhere.example.com")
        self.assertEqual((trace.trace_status, copy.state), ("sent", "sent"))
        self.bounce(trace.message_id, "forwarded@elsewhere.example.com", original=SALES)
        self.assertEqual((trace.trace_status, copy.state), ("sent", "bounced"))

    def test_a_delay_is_no_bounce(self):
        _mailing, trace, copy, _messages = self.make("shared")
        self.bounce(trace.message_id, SALES, action="delayed")
        self.assertEqual(trace.trace_status, "sent")
        self.assertEqual(copy.state, "sent")

    def test_bounce_of_a_tracked_copy(self):
        mailing, trace, copy, messages = self.make("tracked")
        self.bounce(messages[SALES]["message_id"], SALES)
        self.assertEqual((trace.trace_status, copy.state), ("sent", "bounced"))
        self.assertEqual(self.bounces_counted(mailing), [0])
        self.bounce(trace.message_id, PRIMARY)
        self.assertEqual(trace.trace_status, "bounce")

    def test_without_copies_it_is_as_in_core(self):
        mailing, _messages = self.make_tracked(slots=[{"path": "email_cc"}])
        trace = mailing.mailing_trace_ids
        self.bounce(trace.message_id, "forwarded@elsewhere.example.com")
        self.assertEqual(trace.trace_status, "bounce")

    def test_bounce_by_core_s_kit(self):
        _mailing, trace, copy, _messages = self.make("shared")
        lead = self.env["crm.lead"].browse(trace.res_id)
        with self.mock_mail_gateway():
            self.gateway_mail_trace_bounce(trace.mass_mailing_id, lead)
        self.assertEqual((trace.trace_status, copy.state), ("bounce", "sent"))

    def test_answer_of_a_shared_copy(self):
        mailing, trace, copy, _messages = self.make("shared")
        self.answer(SALES, trace.message_id)
        self.assertEqual((trace.trace_status, trace.reply_datetime), ("sent", False))
        self.assertTrue(copy.reply_date)
        self.assertEqual(mailing.replied, 0)
        self.answer(PRIMARY, trace.message_id)
        self.assertEqual(trace.trace_status, "reply")

    def test_answer_of_a_tracked_copy(self):
        _mailing, trace, copy, messages = self.make("tracked")
        own = messages[SALES]["message_id"]
        self.answer(SALES, own, references=f"{trace.message_id} {own}")
        self.assertEqual((trace.trace_status, bool(copy.reply_date)), ("sent", True))
        codes = self.env["engagement.activity"].search([("res_model", "=", "mailing.trace.copy")]).mapped("code")
        self.assertEqual(codes, ["email_copy_replied"])
        lead = self.env["crm.lead"].browse(trace.res_id)
        self.assertIn("Sounds good.", " ".join(lead.message_ids.mapped("body")), "the answer is in the lead's chatter")

    def test_answer_to_a_tracked_copy_from_another_address(self):
        _mailing, trace, copy, messages = self.make("tracked")
        own = messages[SALES]["message_id"]
        self.answer("assistant@example.com", own, references=f"{trace.message_id} {own}")
        self.assertEqual((trace.trace_status, bool(copy.reply_date)), ("sent", True))

    def test_answer_from_nobody_we_know_is_the_recipient_s(self):
        _mailing, trace, copy, _messages = self.make("shared")
        self.answer("private.address@example.com", trace.message_id)
        self.assertEqual((trace.trace_status, bool(copy.reply_date)), ("reply", False))

    def test_absence_note_of_a_copy_says_nothing(self):
        _mailing, trace, copy, _messages = self.make("shared")
        self.answer(SALES, trace.message_id, more="Auto-Submitted: auto-replied\n")
        self.assertEqual((trace.trace_status, bool(copy.reply_date)), ("sent", False))

    def test_one_copy_of_many_recipients(self):
        _mailing, traces, copies, _messages = self.make("shared", count=3)
        self.answer(SALES, traces[1].message_id)
        self.bounce(traces[2].message_id, SALES)
        self.assertEqual(set(traces.mapped("trace_status")), {"sent"})
        by_trace = {copy.trace_id: copy for copy in copies}
        self.assertEqual([bool(by_trace[trace].reply_date) for trace in traces], [False, True, False])
        self.assertEqual([by_trace[trace].state for trace in traces], ["sent", "sent", "bounced"])
