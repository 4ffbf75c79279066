# Shared copies: whoever of the addressees opens, clicks or unsubscribes, it is the primary who did.
import re

from odoo.tests import HttpCase, tagged

from .test_mailing_cc_tracked import SALES, TrackedCase


@tagged("post_install", "-at_install")
class TestMailingCcShared(TrackedCase, HttpCase):
    def open(self, url, **options):
        return self.url_open(re.sub(r"^https?://[^/]+", "", url), **options)

    def get_links(self, message):
        """What somebody finds in the mail: the picture that counts, a link, and the unsubscribing of mail programs."""
        (pixel,) = set(re.findall(r'src="([^"]+/mail/track/[^"]+)"', message["body"]))
        (link,) = set(re.findall(r'href="([^"]+/r/[^"]+)"', message["body"]))
        return pixel, link, message["headers"]["List-Unsubscribe"].strip("<>")

    def test_opens_clicks_and_unsubscribing_are_the_primary_s(self):
        mailing, messages = self.make_tracked(slots=[{"path": "user_id"}])
        (message,) = messages.values()
        self.assertEqual(len(self._mails), 1, "one message for both")
        self.assertEqual(message["email_cc"], [f'"Mitchell Admin" <{SALES}>'])
        trace, copy = mailing.mailing_trace_ids, self.copies_of(mailing)
        self.assertEqual(trace.email, "primary0@example.com")
        # the delivery of the copy is none of the primary's figures
        figures = self.figures(mailing)
        self.assertEqual((figures["expected"], figures["sent"], figures["delivered"]), (1, 1, 1))
        self.assertEqual((copy.state, copy.email), ("sent", SALES))
        pixel, link, unsubscribe = self.get_links(message)
        self.open(pixel)
        trace.invalidate_recordset()
        self.assertTrue(trace.open_datetime)
        self.assertFalse(trace.links_click_datetime)
        self.assertEqual(self.open(link, allow_redirects=False).status_code, 301)
        trace.invalidate_recordset()
        self.assertTrue(trace.links_click_datetime)
        copy.invalidate_recordset()
        self.assertFalse(copy.open_date or copy.click_date, "who it was cannot be told")
        figures = self.figures(mailing)
        self.assertEqual((figures["opened_ratio"], figures["clicks_ratio"]), (100, 100))
        self.assertEqual(self.open(unsubscribe, data={"List-Unsubscribe": "One-Click"}).status_code, 200)
        blocked = self.env["mail.blacklist"].search([]).mapped("email")
        self.assertIn("primary0@example.com", blocked)
        self.assertNotIn(SALES, blocked)
        self.assertFalse(self.env["mailing.copy.optout"].search([("email", "=", SALES)]))

    def test_what_a_copy_does_leads_the_primary_on_in_a_journey(self):
        opened = self.env["engagement.activity.type"]._get_by_code("email_opened")
        journey = self.make_journey(
            "res.partner",
            [("id", "=", self.brandon.id)],
            [
                {"kind": "email", "cc": ["commercial_partner_id.user_id"]},
                {"kind": "listen", "name": "Listen", "activity_type_ids": opened.ids},
                {"kind": "end"},
            ],
        )
        with self.mock_mail_gateway():
            self.engine.tick()
            self.engine.tick()
            (message,) = self.deliver(journey.node_ids.mailing_id).values()
        self.assertEqual(journey.participant_ids.state, "active")
        self.assertEqual(message["email_cc"], [f'"Mitchell Admin" <{SALES}>'])
        self.open(self.get_links(message)[0])
        self.engine.tick()
        self.assertEqual(journey.participant_ids.state, "completed")
