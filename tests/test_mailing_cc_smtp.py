# The bytes that leave: what each address really gets, seen by a local SMTP server.
import email
import email.policy
import re
import socket

from aiosmtpd.controller import Controller

from odoo.tests import tagged

from .test_mailing_cc_slots import CopyCase

SALES = "sales.person@example.com"


class Keeper:
    """Keeps every message with its envelope."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append((list(envelope.rcpt_tos), envelope.content))
        return "250 Message kept"


@tagged("post_install", "-at_install")
class TestMailingCcSmtp(CopyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        cls.keeper = Keeper()
        # as most servers: no SMTPUTF8
        controller = Controller(cls.keeper, hostname="127.0.0.1", port=port, enable_SMTPUTF8=False)
        controller.start()
        cls.addClassCleanup(controller.stop)
        cls.server = cls.env["ir.mail_server"].create(
            {"name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_encryption": "none"}
        )

    def setUp(self):
        super().setUp()
        self.keeper.mails.clear()
        self.patch(type(self.env["ir.mail_server"]), "_disable_send", lambda self: False)

    def leave(self, slots, records, **values):
        """Send a mailing to the sink.

        :return: ``[(envelope, raw bytes, parsed message)]``
        """
        mailing = self.make_mailing(slots, records, mail_server_id=self.server.id, **values)
        mailing.action_send_mail()
        self.env["mail.mail"].search([("mailing_id", "=", mailing.id), ("state", "=", "outgoing")]).send()
        failed = self.env["mail.mail"].search([("mailing_id", "=", mailing.id), ("state", "=", "exception")])
        self.assertFalse(failed.mapped("failure_reason"))
        return mailing, [
            (envelope, content, email.message_from_bytes(content, policy=email.policy.SMTP))
            for envelope, content in self.keeper.mails
        ]

    def header(self, content, name):
        """The header as its bytes are, unfolded."""
        head = re.sub(rb"\r\n[ \t]+", b" ", content.split(b"\r\n\r\n")[0])
        return [
            line.split(b":", 1)[1].strip()
            for line in head.split(b"\r\n")
            if line.lower().startswith(name.lower().encode() + b":")
        ]

    def test_shared_copies_are_one_message_for_all(self):
        """To, Cc and envelope: everybody gets the same bytes in one transaction."""
        joel = self.env["res.partner"].create({"name": "Joel Willis", "email": "joel.test@example.com"})
        lead = self.make_leads(1, partner_id=self.brandon.id, email_from=False)
        _mailing, mails = self.leave([{"path": "user_id"}, {"source": "partner", "partner_id": joel.id}], lead)
        ((envelope, content, message),) = mails
        self.assertEqual(envelope, ["brandon.test@example.com", SALES, "joel.test@example.com"])
        self.assertEqual(self.header(content, "To"), [b'"Brandon Freeman" <brandon.test@example.com>'])
        self.assertEqual(
            self.header(content, "Cc"),
            [b'"Mitchell Admin" <sales.person@example.com>, "Joel Willis" <joel.test@example.com>'],
        )
        for hidden in ("Bcc", "X-Copy-Cc", "X-Forge-To"):
            self.assertFalse(self.header(content, hidden), hidden)
        self.assertEqual(len(self.header(content, "Message-Id")), 1)
        self.assertEqual(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")

    def test_tracked_copies_show_the_same_people_and_go_to_one(self):
        lead = self.make_leads(1, partner_id=self.brandon.id, email_from=False, email_cc="boss.test@example.com")
        slots = [{"path": "user_id"}, {"path": "email_cc", "mode": "tracked"}]
        mailing, mails = self.leave(slots, lead)
        self.assertEqual(
            sorted(envelope for envelope, *_rest in mails),
            [["boss.test@example.com"], ["brandon.test@example.com", SALES]],
        )
        for _envelope, content, _message in mails:
            self.assertEqual(self.header(content, "To"), [b'"Brandon Freeman" <brandon.test@example.com>'])
            self.assertEqual(
                self.header(content, "Cc"),
                [b'"Mitchell Admin" <sales.person@example.com>, boss.test@example.com'],
            )
            self.assertFalse(self.header(content, "X-Copy-Cc") + self.header(content, "X-Forge-To"))
            self.assertTrue(self.header(content, "List-Unsubscribe")[0].startswith(b"<http"), "no encoded word")
        by_envelope = {envelope[0]: message for envelope, _content, message in mails}
        copy, primary = by_envelope["boss.test@example.com"], by_envelope["brandon.test@example.com"]
        self.assertNotEqual(copy["Message-Id"], primary["Message-Id"])
        self.assertIn(primary["Message-Id"], copy["References"])
        self.assertIn("/mailing/copy/", copy["List-Unsubscribe"])
        self.assertNotIn("/mailing/copy/", primary["List-Unsubscribe"])
        trace = mailing.mailing_trace_ids
        text = copy.get_body(("html",)).get_content()
        self.assertNotIn(f"/m/{trace.id}", text)
        self.assertIn("You get a copy of this mail", text)
        plain = copy.get_body(("plain",)).get_content()
        self.assertIn("You get a copy of this mail", plain)
        self.assertIn("/unsubscribe", plain)
        self.assertNotIn("open.gif", plain)

    def test_odd_names_and_addresses_leave_as_one_address_each(self):
        """Name, address as entered; what stands in Cc and in the envelope."""
        odd = [
            (
                'O"Neil; Sons, Ltd. <sales>',
                "oneil.test@example.com",
                'O"Neil; Sons, Ltd. <sales>',
                "oneil.test@example.com",
            ),
            ("Zoë Ångström 中文", "zoe.test@example.com", "Zoë Ångström 中文", "zoe.test@example.com"),
            (
                "Evil\r\nBcc: victim@example.com",
                "evil.test@example.com",
                "Evil Bcc: victim@example.com",
                "evil.test@example.com",
            ),
            ("Evil\n\nBody", "evil2.test@example.com", "Evil Body", "evil2.test@example.com"),
            ("Kunde", "kunde@bröd.example", "Kunde", "kunde@xn--brd-tna.example"),
            ("two@example.com, three@example.com", "named.test@example.com", None, "named.test@example.com"),
            ("Long " * 60, "long.test@example.com", ("Long " * 60).strip(), "long.test@example.com"),
            ("Back\\slash", "back.test@example.com", "Back\\slash", "back.test@example.com"),
            ("Bike@Home", "bike.test@example.com", "Bike@Home", "bike.test@example.com"),
        ]
        for mode in ("shared", "tracked"):
            for name, address, shown, envelope in odd:
                with self.subTest(name=name, mode=mode):
                    self.keeper.mails.clear()
                    partner = self.env["res.partner"].create({"name": "x", "email": address})
                    self.env.flush_all()
                    # as an import by SQL or another system might have left it
                    self.env.cr.execute("UPDATE res_partner SET name = %s WHERE id = %s", [name, partner.id])
                    self.env.invalidate_all()
                    slot = {"source": "partner", "partner_id": partner.id, "mode": mode}
                    _mailing, mails = self.leave([slot], self.make_leads(1))
                    reached = [rcpt for envelopes, *_rest in mails for rcpt in envelopes]
                    self.assertEqual(sorted(reached), sorted(["primary0@example.com", envelope]))
                    for _envelope, content, message in mails:
                        addresses = message["Cc"].addresses
                        self.assertEqual([found.addr_spec for found in addresses], [envelope])
                        if shown is not None:
                            self.assertEqual(addresses[0].display_name, shown)
                        self.assertEqual(len(self.header(content, "Cc")), 1)
                        self.assertFalse(self.header(content, "Bcc"))

    def test_address_that_many_servers_refuse_never_stops_the_primary(self):
        for address in (
            "ünï@example.com",
            "a@" + "b" * 250 + ".com",
            "a b@example.com",
            "x@example.com\nBcc: y@example.com",
        ):
            with self.subTest(address=address):
                self.keeper.mails.clear()
                lead = self.make_leads(1)
                self.env.flush_all()
                self.env.cr.execute("UPDATE crm_lead SET email_cc = %s WHERE id = %s", [address, lead.id])
                self.env.invalidate_all()
                mailing, mails = self.leave([{"path": "email_cc"}], lead)
                self.assertEqual(mails[0][0][0], "primary0@example.com")
                copy = self.copies_of(mailing)
                self.assertEqual(len(mails[0][0]), 2 if copy.state == "sent" else 1)
                if copy.state == "sent":
                    self.assertRegex(copy.email, r"^[^@\s]+@[^@\s]+$")
                else:
                    self.assertEqual(copy.reason, "invalid")
