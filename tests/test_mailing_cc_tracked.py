# Tracked copies: a mail of their own, whose opens, clicks and unsubscribing are nobody else's.
import re
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from .test_mailing_cc_slots import CopyCase

SALES = "sales.person@example.com"


class TrackedCase(CopyCase):
    def make_tracked(self, count=1, slots=None, **values):
        """A mailing to leads with a tracked copy to the salesperson, sent."""
        mailing = self.make_mailing(slots or [{"path": "user_id", "mode": "tracked"}], self.make_leads(count), **values)
        with self.mock_mail_gateway():
            messages = self.send(mailing)
        return mailing, messages

    def figures(self, mailing):
        """Everything that the host counts about a mailing."""
        mailing.invalidate_recordset()
        names = ("expected", "sent", "delivered", "opened", "clicked", "replied", "bounced", "failed", "canceled")
        return {name: mailing[name] for name in (*names, "opened_ratio", "clicks_ratio", "replied_ratio")}


@tagged("post_install", "-at_install")
class TestMailingCcTracked(TrackedCase):
    def test_a_copy_is_a_mail_of_its_own_that_says_so(self):
        mailing, messages = self.make_tracked()
        self.assertEqual(sorted(messages), ["primary0@example.com", SALES])
        primary, copy = messages["primary0@example.com"], messages[SALES]
        self.assertNotIn("in copy", primary["body"])
        self.assertIn("You get a copy of this mail, which was sent to", copy["body"])
        self.assertIn("primary0@example.com", copy["body"])
        row = self.copies_of(mailing)
        self.assertEqual((row.state, row.mode, row.email, row.reason), ("sent", "tracked", SALES, False))
        self.assertTrue(row.sent_date)
        self.assertNotEqual(copy["message_id"], primary["message_id"])
        self.assertEqual(row.message_id, copy["message_id"])
        # nothing in the copy is the primary's
        trace = mailing.mailing_trace_ids
        self.assertEqual(len(trace), 1)
        self.assertIn(f"/m/{trace.id}", primary["body"])
        for theirs in (f"/m/{trace.id}", "/mail/track/", "confirm_unsubscribe", "/unsubscribe_from_list"):
            self.assertNotIn(theirs, copy["body"])
        self.assertIn(f"/mailing/copy/{row.id}/", copy["headers"]["List-Unsubscribe"])
        self.assertIn("unsubscribe_oneclick", primary["headers"]["List-Unsubscribe"])
        self.assertNotIn("/mailing/copy/", primary["headers"]["List-Unsubscribe"])
        self.assertEqual(copy["headers"]["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")

    def test_both_modes_in_one_mailing(self):
        leads_slots = [{"path": "user_id"}, {"path": "email_cc", "mode": "tracked"}]
        mailing = self.make_mailing(leads_slots, self.make_leads(1, email_cc="boss.test@example.com"))
        with self.mock_mail_gateway():
            messages = self.send(mailing)
        self.assertEqual(len(self._mails), 2)
        self.assertEqual(messages["primary0@example.com"]["email_cc"], [f'"Mitchell Admin" <{SALES}>'])
        self.assertFalse(messages["boss.test@example.com"]["email_cc"], "the envelope is the copy's alone")

    def test_what_a_copy_does_leaves_the_figures_alone(self):
        mailing, _messages = self.make_tracked(2)
        before = self.figures(mailing)
        copies = self.copies_of(mailing)
        copies._set_opened()
        copies._set_clicked("https://www.example.com/offer")
        copies._set_replied()
        copies[0]._unsubscribe()
        copies[1]._set_bounced("550")
        self.assertEqual(self.figures(mailing), before)
        self.assertEqual(before["expected"], 2)
        self.assertEqual(set(mailing.mailing_trace_ids.mapped("trace_status")), {"sent"})
        self.assertTrue(copies[0].open_date and copies[0].click_date and copies[0].reply_date)
        codes = self.env["engagement.activity"].search([("res_model", "=", "mailing.trace.copy")]).mapped("code")
        self.assertEqual(
            sorted(set(codes)),
            [f"email_copy_{what}" for what in ("bounced", "clicked", "opened", "replied", "unsubscribed")],
        )
        weighed = self.env["engagement.score.model.line"].search([("type_id.code", "=like", "email_copy_%")])
        self.assertFalse(weighed, "no weight unless somebody gives one")

    def test_a_journey_goes_by_the_primary_alone_unless_it_listens_for_copies(self):
        Type = self.env["engagement.activity.type"]
        for code, woken in (("email_opened", False), ("email_copy_opened", True)):
            journey = self.make_journey(
                "res.partner",
                [("id", "=", self.brandon.id)],
                [
                    {"kind": "email"},
                    {"kind": "listen", "name": "Listen", "activity_type_ids": Type._get_by_code(code).ids},
                    {"kind": "end"},
                ],
                publish=False,
            )
            mailing = journey.node_ids.mailing_id
            mailing.cc_slot_ids = [(0, 0, {"path": "commercial_partner_id.user_id", "mode": "tracked"})]
            journey.with_user(self.manager).action_publish()
            with self.mock_mail_gateway():
                self.engine.tick()
                self.engine.tick()
                self.deliver(mailing)
            self.copies_of(mailing)._set_opened()
            self.engine.tick()
            self.assertEqual(journey.participant_ids.state, "completed" if woken else "active", code)
            journey.action_abort()

    def test_unsubscribing_a_copy_never_removes_the_primary(self):
        for choice, blacklisted in (("copies", False), ("all", True)):
            slots = [{"path": "user_id", "mode": "tracked", "unsubscribe": choice}]
            self.env["mailing.copy.optout"].search([]).unlink()
            mailing, _messages = self.make_tracked(slots=slots)
            self.copies_of(mailing)._unsubscribe()
            emails = set(self.env["mail.blacklist"].search([]).mapped("email"))
            self.assertEqual(SALES in emails, blacklisted)
            self.assertNotIn("primary0@example.com", emails)
            self.assertEqual(self.env["mailing.copy.optout"].search([]).mapped("email"), [SALES])
            again, _messages = self.make_tracked(slots=slots)
            self.assertIn(self.copies_of(again).reason, ("opted_out", "blacklisted"))

    def test_slot_says_whom_the_link_removes(self):
        mailing = self.make_mailing([{"path": "user_id"}, {"path": "user_id", "mode": "tracked"}], self.make_leads(1))
        self.assertEqual(mailing.cc_slot_ids.mapped("unsubscribe"), ["primary", "copies"])
        with self.assertRaises(UserError):
            mailing.cc_slot_ids[0].unsubscribe = "copies"
        with self.assertRaises(UserError):
            mailing.cc_slot_ids[1].unsubscribe = "primary"

    def test_the_outbox_is_told_of_copies(self):
        """The composer sends a small mailing at once, but only the mails to the recipients."""
        mailing = self.make_mailing([{"path": "user_id", "mode": "tracked"}], self.make_leads(1))
        woken = []
        with (
            self.mock_mail_gateway(),
            patch.object(self.registry["ir.cron"], "_trigger", lambda cron, at=None: woken.append(cron.id)),
        ):
            mailing.action_send_mail()
        self.assertEqual(self.copies_of(mailing).state, "outgoing")
        self.assertIn(self.env.ref("crm_buying_journey.ir_cron_mail_outbox").id, woken)

    def test_attachments_reach_both(self):
        attachment = self.env["ir.attachment"].create({"name": "offer.txt", "raw": b"Offer"})
        slots = [{"path": "user_id", "mode": "tracked"}]
        mailing = self.make_mailing(slots, self.make_leads(2), attachment_ids=[(4, attachment.id)])
        mailing.action_send_mail()
        mails = self.env["mail.mail"].search([("mailing_id", "=", mailing.id)], order="id")
        primaries = mails.filtered(lambda mail: not mail.mailing_copy_id)
        with self.mock_mail_gateway():
            primaries.send()  # the host deletes them, with their attachments
            (mails - primaries).exists().send()
        self.assertEqual(len(self._mails), 4)
        for message in self._mails:
            self.assertEqual([(name, data) for name, data, _type in message["attachments"]], [("offer.txt", b"Offer")])

    def test_failing_and_trying_again(self):
        mailing = self.make_mailing([{"path": "user_id", "mode": "tracked"}], self.make_leads(2))
        mailing.action_send_mail()
        mails = self.env["mail.mail"].search([("mailing_id", "=", mailing.id)])
        copy_mails = mails.filtered("mailing_copy_id")
        self.assertEqual((len(mails), len(copy_mails)), (4, 2))
        lost = copy_mails[0] | (mails - copy_mails)[0]
        with self.mock_mail_gateway():
            (mails - lost).send()
        lost.write({"state": "exception"})
        for mail in lost:
            mail._postprocess_sent_message([], [], failure_reason="Nobody answers", failure_type="mail_smtp")
        self.assertEqual(sorted(self.copies_of(mailing).mapped("state")), ["failed", "sent"])
        mailing.action_retry_failed()
        self.assertEqual(set(lost.mapped("state")), {"outgoing"})
        self.assertEqual(sorted(self.copies_of(mailing).mapped("state")), ["outgoing", "sent"])
        with self.mock_mail_gateway():
            self.deliver(mailing)
        self.assertEqual(len(self._mails), 2, "nobody gets anything twice")
        self.assertEqual(set(self.copies_of(mailing).mapped("state")), {"sent"})
        self.assertEqual(set(mailing.mailing_trace_ids.mapped("trace_status")), {"sent"})

    def test_whoever_leaves_the_journey_gets_no_copy_either(self):
        journey = self.make_journey(
            "res.partner",
            [("id", "=", self.brandon.id)],
            [{"kind": "email"}, {"kind": "wait", "wait_value": 1}],
            publish=False,
        )
        mailing = journey.node_ids.mailing_id
        mailing.cc_slot_ids = [(0, 0, {"path": "commercial_partner_id.user_id", "mode": "tracked"})]
        journey.with_user(self.manager).action_publish()
        self.engine.tick()
        mails = self.env["mail.mail"].search([("mailing_id", "=", mailing.id)])
        self.assertEqual((len(mails), set(mails.mapped("state"))), (2, {"outgoing"}))
        journey.with_user(self.manager).action_abort()
        self.assertEqual(set(mails.mapped("state")), {"cancel"})
        self.assertEqual(self.copies_of(mailing).state, "cancelled")

    def test_no_mail_is_left_without_its_row(self):
        mailing = self.make_mailing([{"path": "user_id", "mode": "tracked"}], self.make_leads(1))
        mailing.action_send_mail()
        mails = self.env["mail.mail"].search([("mailing_id", "=", mailing.id), ("mailing_copy_id", "!=", False)])
        messages = mails.mail_message_id
        self.assertEqual(len(mails), 1)
        mailing.mailing_trace_ids.unlink()
        self.assertFalse(mails.exists())
        self.assertFalse(messages.exists())

    def test_test_mails_are_copied_to_nobody(self):
        mailing = self.make_mailing([{"path": "user_id"}, {"path": "user_id", "mode": "tracked"}], self.make_leads(1))
        wizard = self.env["mailing.mailing.test"].create(
            {"mass_mailing_id": mailing.id, "email_to": "tester@example.com"}
        )
        with self.mock_mail_gateway():
            wizard.send_mail_test()
        self.assertEqual([mail["email_to"] for mail in self._mails], [["tester@example.com"]])
        self.assertFalse(self._mails[0]["email_cc"])
        self.assertFalse(self.copies_of(mailing))

    def test_banner_speaks_the_language_of_the_person_copied(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.salesperson.partner_id.lang = "fr_FR"
        mailing = self.make_mailing([{"path": "user_id", "mode": "tracked"}], self.make_leads(1))
        asked = []
        composer = type(self.env["mail.compose.message"])
        original = composer._get_copy_banner

        def spy(self, partner, to):
            asked.append(partner.lang)
            return original(self, partner, to)

        self.patch(composer, "_get_copy_banner", spy)
        mailing.action_send_mail()
        self.assertEqual(asked, ["fr_FR"])

    def test_works_for_mailing_contacts_and_contacts(self):
        contact = self.env["mailing.contact"].create({"name": "Lorem", "email": "lorem.test@example.com"})
        fixed = [{"source": "partner", "partner_id": self.colleen.id, "mode": "tracked"}]
        for records, address in ((contact, "lorem.test@example.com"), (self.brandon, "brandon.test@example.com")):
            mailing = self.make_mailing(fixed, records)
            with self.mock_mail_gateway():
                messages = self.send(mailing)
            self.assertEqual(sorted(messages), sorted([address, "colleen.test@example.com"]))


@tagged("post_install", "-at_install")
class TestMailingCopyPages(TrackedCase, HttpCase):
    def open(self, url, **options):
        return self.url_open(re.sub(r"^https?://[^/]+", "", url), **options)

    def test_links_of_a_copy(self):
        mailing, messages = self.make_tracked()
        row = self.copies_of(mailing)
        body = messages[SALES]["body"]
        (link,) = set(re.findall(r'href="([^"]+/r/[^"]+)"', body))
        (pixel,) = set(re.findall(r'src="([^"]+open\.gif)"', body))
        (unsubscribe,) = set(re.findall(r'href="([^"]+/unsubscribe)"', body))
        self.assertEqual(self.open(pixel).headers["Content-Type"], "image/gif")
        self.assertTrue(row.open_date)
        self.assertFalse(row.click_date)
        response = self.open(link, allow_redirects=False)
        self.assertEqual(response.status_code, 301)
        self.assertTrue(response.headers["Location"].startswith("https://www.example.com/offer"))
        self.assertEqual(row.click_count, 1)
        clicked = self.env["engagement.activity"].search([("code", "=", "email_copy_clicked"), ("res_id", "=", row.id)])
        self.assertTrue(clicked.old_value.startswith("https://www.example.com/offer"))
        self.assertFalse(self.env["link.tracker.click"].search([("mass_mailing_id", "=", mailing.id)]))
        # looking is not unsubscribing
        page = self.open(unsubscribe)
        self.assertIn(SALES, page.text)
        self.open(unsubscribe, method="OPTIONS")
        self.open(f"{unsubscribe}_oneclick", method="OPTIONS")
        row.invalidate_recordset()
        self.assertFalse(row.unsubscribe_date)
        csrf = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
        page = self.open(unsubscribe, data={"csrf_token": csrf, "scope": "copies"})
        self.assertIn("You have been unsubscribed", page.text)
        row.invalidate_recordset()
        self.assertTrue(row.unsubscribe_date)
        self.assertEqual(self.env["mailing.copy.optout"].search([]).mapped("email"), [SALES])
        self.assertFalse(self.env["mail.blacklist"].search([("email", "in", [SALES, "primary0@example.com"])]))
        self.assertEqual(mailing.mailing_trace_ids.trace_status, "sent")

    def test_one_click(self):
        mailing, messages = self.make_tracked()
        url = messages[SALES]["headers"]["List-Unsubscribe"].strip("<>")
        self.assertEqual(self.open(url, data={"List-Unsubscribe": "One-Click"}).status_code, 200)
        self.copies_of(mailing).invalidate_recordset()
        self.assertTrue(self.copies_of(mailing).unsubscribe_date)

    def test_reading_in_the_browser_offers_the_copy_s_own_unsubscribing(self):
        mailing, _messages = self.make_tracked()
        row = self.copies_of(mailing)
        page = self.open(row._get_url("view"))
        self.assertIn(f"/mailing/copy/{row.id}/", page.text)
        self.assertNotIn("confirm_unsubscribe", page.text)

    def test_nobody_guesses_a_link(self):
        mailing, _messages = self.make_tracked()
        row = self.copies_of(mailing)
        for action in ("open.gif", "r/abc", "view", "unsubscribe"):
            for token in ("wrong", "%C3%A9"):
                url = f"/mailing/copy/{row.id}/{token}/{action}"
                self.assertIn(self.url_open(url).status_code, (401, 403), url)
        self.assertIn(
            self.url_open(f"/mailing/copy/{row.id}/wrong/unsubscribe_oneclick", data={"a": "b"}).status_code, (401, 403)
        )
        self.assertFalse(row.open_date or row.unsubscribe_date)


@tagged("post_install", "-at_install")
class TestMailingCcTour(CopyCase, HttpCase):
    def test_choosing_a_copy_in_the_browser(self):
        self.env.ref("base.user_admin").lang = "en_US"
        mailing = self.make_mailing([], self.brandon, user_id=self.env.ref("base.user_admin").id)
        self.start_tour(f"/odoo/mailing.mailing/{mailing.id}", "mailing_cc", login="admin", timeout=120)
        slot = mailing.cc_slot_ids
        self.assertEqual(
            (slot.path, slot.mode, slot.unsubscribe), ("commercial_partner_id.user_id", "tracked", "copies")
        )
