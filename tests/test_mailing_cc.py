# Mails of journeys and mailings with copies: one message, To the primary, Cc the copies, the link in place.
from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_journey import BODY, JourneyCase


@tagged("post_install", "-at_install")
class TestMailingCc(JourneyCase):
    def send(self):
        """Send what waits in the outbox; returns all messages sent so far by primary address."""
        self.env["mail.mail"].search([("state", "=", "outgoing"), ("mailing_id", "!=", False)]).send()
        return {mail["email_to"][0].split("<")[-1].rstrip(">"): mail for mail in self._mails}

    def make_lead(self, **values):
        return self.env["crm.lead"].create({"name": "Lead", "user_id": self.salesperson.id, **values})

    def test_one_message_for_recipients_with_and_without_a_contact(self):
        known = self.make_lead(partner_id=self.brandon.id)
        unknown = self.make_lead(email_from='"Nicole Ford" <nicole.ford.test@example.com>')
        journey = self.make_journey(
            "crm.lead", [("id", "in", (known + unknown).ids)], [{"kind": "email", "cc": ["user_id"]}]
        )
        with self.mock_mail_gateway():
            self.engine.tick()
            messages = self.send()
        self.assertEqual(len(self._mails), 2, "no separate message for the copies")
        for address, lead in (("brandon.test@example.com", known), ("nicole.ford.test@example.com", unknown)):
            message = messages[address]
            self.assertEqual(len(message["email_to"]), 1)
            self.assertEqual(message["email_cc"], ['"Mitchell Admin" <sales.person@example.com>'])
            mailing = journey.node_ids.mailing_id
            self.assertIn(f"/mailing/{mailing.id}/confirm_unsubscribe", message["body"])
            self.assertIn(f"document_id={lead.id}", message["body"])
            self.assertNotIn("/unsubscribe_from_list", message["body"])
            self.assertIn(f"/mailing/{mailing.id}/unsubscribe_oneclick", message["headers"]["List-Unsubscribe"])

    def test_without_an_address_the_slot_is_ignored_and_logged(self):
        lead = self.make_lead(partner_id=self.brandon.id, user_id=False)
        journey = self.make_journey(
            "crm.lead", [("id", "=", lead.id)], [{"kind": "email", "cc": ["user_id", "partner_id.parent_id"]}]
        )
        with self.mock_mail_gateway():
            self.engine.tick()
            message = self.send()["brandon.test@example.com"]
        self.assertFalse(message["email_cc"])
        copies = journey.node_ids.mailing_id.mailing_trace_ids.copy_ids
        self.assertEqual(copies.mapped("state"), ["skipped"] * 2)
        self.assertEqual(copies.mapped("reason"), ["missing"] * 2)

    def test_no_copy_to_the_primary_to_duplicates_or_to_the_blacklisted(self):
        self.env["mail.blacklist"]._add("sales.person@example.com")
        lead = self.make_lead(partner_id=self.brandon.id, email_cc="x@example.com")
        journey = self.make_journey(
            "crm.lead",
            [("id", "=", lead.id)],
            [{"kind": "email", "cc": ["user_id", "partner_id", "email_cc", "email_cc"]}],
        )
        with self.mock_mail_gateway():
            self.engine.tick()
            message = self.send()["brandon.test@example.com"]
        self.assertEqual(message["email_cc"], ["x@example.com"])
        copies = journey.node_ids.mailing_id.mailing_trace_ids.copy_ids
        self.assertEqual(copies.mapped("reason"), ["blacklisted", "primary", False, "duplicate"])

    def test_odd_addresses_are_one_address_or_refused(self):
        odd = {
            '"Semmel; Bröd, AB" <semmel@example.com>': "semmel@example.com",
            "two@example.com, three@example.com": None,
            "evil@example.com\r\nBcc: victim@example.com": None,
            "no address": None,
            # before the @, other characters would need a server that takes them, or the primary gets no mail either
            "ünï@example.com": None,
            "kunde@bröd.example": "kunde@xn--brd-tna.example",
            "=?utf-8?q?x?= <encoded@example.com>": "encoded@example.com",
            '"quote\\" inside; <x>" <quoted@example.com>': "quoted@example.com",
        }
        leads = self.env["crm.lead"].create(
            [
                {"name": text, "email_from": f"primary{number}@example.com", "email_cc": text}
                for number, text in enumerate(odd)
            ]
        )
        journey = self.make_journey("crm.lead", [("id", "in", leads.ids)], [{"kind": "email", "cc": ["email_cc"]}])
        with self.mock_mail_gateway():
            self.engine.tick()
            self.send()
        copies = {copy.trace_id.res_id: copy.email for copy in journey.node_ids.mailing_id.mailing_trace_ids.copy_ids}
        for lead, expected in zip(leads, odd.values(), strict=True):
            self.assertEqual(copies[lead.id] or None, expected, lead.name)

    def test_paths_must_lead_to_one_address(self):
        mailing = self.env["mailing.mailing"].create(
            {"subject": "x", "mailing_model_id": self.env["ir.model"]._get_id("crm.lead")}
        )
        for path in (
            "stage_id",
            "tag_ids",
            "name",
            "no_such",
            "user_id.password",
            "order_ids.partner_id",
            "partner_id.child_ids",
        ):
            with self.assertRaises(UserError, msg=path):
                mailing.cc_slot_ids = [Command.create({"path": path})]
        mailing.cc_slot_ids = [
            Command.create({"path": path}) for path in ("user_id", "partner_id.parent_id.user_id", "email_from")
        ]

    def test_at_most_five(self):
        mailing = self.env["mailing.mailing"].create(
            {"subject": "x", "mailing_model_id": self.env["ir.model"]._get_id("crm.lead")}
        )
        with self.assertRaises(UserError):
            mailing.cc_slot_ids = [Command.create({"path": "user_id"}) for _number in range(6)]

    def test_one_off_mailing_copies_too(self):
        lead = self.make_lead(partner_id=self.brandon.id)
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "One-off",
                "body_html": BODY,
                "mailing_domain": str([("id", "=", lead.id)]),
                "mailing_model_id": self.env["ir.model"]._get_id("crm.lead"),
                "cc_slot_ids": [Command.create({"path": "user_id"})],
            }
        )
        with self.mock_mail_gateway():
            mailing.action_send_mail()
            message = self.send()["brandon.test@example.com"]
        self.assertEqual(message["email_cc"], ['"Mitchell Admin" <sales.person@example.com>'])
        self.assertEqual(mailing.copy_count, 1)

    def test_mailing_without_slots_is_core_s_own(self):
        lead = self.make_lead(partner_id=self.brandon.id)
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "Plain",
                "body_html": BODY,
                "mailing_domain": str([("id", "=", lead.id)]),
                "mailing_model_id": self.env["ir.model"]._get_id("crm.lead"),
            }
        )
        with self.mock_mail_gateway():
            mailing.action_send_mail()
            message = self.send()["brandon.test@example.com"]
        self.assertFalse(message["email_cc"])
        self.assertFalse(mailing.mailing_trace_ids.copy_ids)

    def test_blacklisted_primary_gets_nothing_and_the_participant_moves_on(self):
        self.env["mail.blacklist"]._add("brandon.test@example.com")
        journey = self.make_journey(
            "buying.group",
            [("id", "=", self.group.id)],
            [{"kind": "email", "role_ids": self.role_decision.ids, "cc": ["parent_id.user_id"]}, {"kind": "end"}],
        )
        with self.mock_mail_gateway():
            self.engine.tick()
            self.assertFalse(self.send())
        trace = journey.participant_ids.trace_ids.filtered(lambda trace: trace.node_id.kind == "email")
        self.assertEqual(trace.state, "skipped")
        self.assertIn("Blacklisted", trace.reason)
        self.assertEqual(journey.participant_ids.state, "completed")

    def test_person_in_two_groups_gets_the_mail_once(self):
        second = self.env["buying.group"].create(
            {
                "solution_id": self.env["buying.solution"]
                .create({"name": "Second", "template_id": self.template.id})
                .id,
                "partner_id": self.account.id,
            }
        )
        second.assign_member(self.brandon, self.role_champion)
        journey = self.make_journey("buying.group", [("id", "in", (self.group + second).ids)], [{"kind": "email"}])
        self.engine.tick(limit=1)
        self.engine.tick()
        mails = self.env["mail.mail"].search([("mailing_id", "=", journey.node_ids.mailing_id.id)])
        self.assertEqual(sorted(mails.recipient_ids.mapped("name")), ["Brandon Freeman", "Colleen Diaz"])
        self.assertEqual(len(mails), 2)
        self.assertEqual(sorted(journey.participant_ids.trace_ids.mapped("state")), ["done", "skipped"])

    def test_nothing_is_sent_inside_the_engine(self):
        self.make_journey("buying.group", [("id", "=", self.group.id)], [{"kind": "email"}])
        with self.mock_mail_gateway():
            self.engine.tick()
            self.assertFalse(self._mails)
        self.assertEqual(set(self._new_mails.mapped("state")), {"outgoing"})

    def test_failed_mails_of_a_journey_are_retried_without_queueing_the_mailing(self):
        journey = self.make_journey("buying.group", [("id", "=", self.group.id)], [{"kind": "email"}])
        self.engine.tick()
        mailing = journey.node_ids.mailing_id
        mails = self.env["mail.mail"].search([("mailing_id", "=", mailing.id)])
        mails.write({"state": "exception"})
        mailing.action_retry_failed()
        self.assertEqual(set(mails.mapped("state")), {"outgoing"})
        self.assertEqual(mailing.state, "done")

    def test_opens_and_clicks_reach_the_activity_log(self):
        lead = self.make_lead(email_from="nobody.known@example.com")
        journey = self.make_journey("buying.group", [("id", "=", self.group.id)], [{"kind": "email"}])
        on_lead = self.make_journey("crm.lead", [("id", "=", lead.id)], [{"kind": "email"}])
        with self.mock_mail_gateway():
            self.engine.tick()
            self.send()
            mailing = journey.node_ids.mailing_id
            self.gateway_mail_trace_open(on_lead.node_ids.mailing_id, lead)
        traces = mailing.mailing_trace_ids.grouped("res_id")
        traces[self.brandon.id].set_opened()
        traces[self.brandon.id].set_opened()
        code = self.env["link.tracker"].search([("mass_mailing_id", "=", mailing.id)]).code
        self.env["link.tracker.click"].add_click(
            code, ip="127.0.0.1", country_code="BE", mailing_trace_id=traces[self.colleen.id].id
        )
        Activity = self.env["engagement.activity"]
        about_mail = [("channel", "=", "email")]
        self.assertEqual(
            Activity.search([("partner_id", "=", self.brandon.id), *about_mail]).mapped("code"),
            ["email_opened"],
            "opened twice is opened once",
        )
        self.assertEqual(
            sorted(Activity.search([("partner_id", "=", self.colleen.id), *about_mail]).mapped("code")),
            ["email_clicked", "email_opened"],
        )
        activity = Activity.search([("partner_id", "=", self.brandon.id), *about_mail])
        self.assertEqual(
            (activity.account_id, activity.subject, activity.res_model), (self.account, "Test offer", "mailing.trace")
        )
        unknown = Activity.search(
            [("res_model", "=", "mailing.trace"), ("res_id", "in", on_lead.node_ids.mailing_id.mailing_trace_ids.ids)]
        )
        self.assertEqual((len(unknown), bool(unknown.partner_id)), (1, False))

    def test_the_plain_text_part_has_the_links_too(self):
        lead = self.make_lead(partner_id=self.brandon.id)
        body = BODY.replace("</div>", '<a href="/view">Read in a browser</a></div>')
        journey = self.make_journey(
            "crm.lead", [("id", "=", lead.id)], [{"kind": "email", "body": body, "cc": ["user_id"]}]
        )
        mailing = journey.node_ids.mailing_id
        with self.mock_mail_gateway():
            self.engine.tick()
            self.send()
        text = self._mails[0]["body_alternative"]
        self.assertNotIn("/unsubscribe_from_list", text)
        self.assertIn(f"/mailing/{mailing.id}/confirm_unsubscribe", text)
        self.assertIn(f"/mailing/{mailing.id}/view", text)
        self.assertNotRegex(text, r"[0-9a-z]/view\b(?!\?)")
        self.assertNotRegex(text, "blank|/mail/track/", "the picture that counts openings is no link to follow")
