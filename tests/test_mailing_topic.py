# Unsubscribing from "these mails" or "all mails" as a stranger from the internet, by links of real mails.
import re
from urllib.parse import parse_qs, urlsplit

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestMailingTopic(JourneyCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.topic = cls.env["mailing.list"].create({"name": "Product News", "is_public": True})
        cls.lead = cls.env["crm.lead"].create({"name": "Lead", "partner_id": cls.brandon.id})

    def send_one(self, topic=None, records=None, **values):
        """A journey that mails a lead; returns it and the mail."""
        records = records or self.lead
        journey = self.make_journey(
            records._name,
            [("id", "in", records.ids)],
            [{"kind": "email"}, {"kind": "wait", "wait_value": 2}, {"kind": "end"}],
            topic_id=(self.topic if topic is None else topic).id,
            **values,
        )
        with self.mock_mail_gateway():
            self.engine.tick()
            self.env["mail.mail"].search([("mailing_id", "=", journey.node_ids.mailing_id.id)]).send()
            return journey, self._mails[0]

    def link_of(self, mail):
        url = re.search(r'href="([^"]*confirm_unsubscribe[^"]*)"', mail["body"]).group(1).replace("&amp;", "&")
        return url[url.index("/mailing/") :]

    def answer(self, link, **values):
        """Press a button of the page behind the link."""
        page = self.url_open(link)
        self.assertEqual(page.status_code, 200)
        data = {key: value[0] for key, value in parse_qs(urlsplit(link).query).items()}
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
        mailing_id = re.search(r"/mailing/(\d+)/", link).group(1)
        return page, self.url_open(
            "/mailing/confirm_unsubscribe", data=data | {"csrf_token": token, "mailing_id": mailing_id} | values
        )

    def is_blocked(self):
        return bool(self.env["mail.blacklist"].search_count([("email", "=", "brandon.test@example.com")]))

    def refusal(self, journey):
        return (
            self.env["mailing.consent"]
            .get_refusals(["brandon.test@example.com"], journey.node_ids.mailing_id)
            .get("brandon.test@example.com")
        )

    def count_activities(self):
        return self.env["engagement.activity"].search_count(
            [("type_id.code", "=", "email_unsubscribed"), ("partner_id", "=", self.brandon.id)]
        )

    def trace_of(self, journey):
        return self.env["mailing.trace"].search([("mass_mailing_id", "=", journey.node_ids.mailing_id.id)])

    def test_whoever_leaves_a_list_unsubscribed_by_the_mail_that_led_there(self):
        contact = self.env["mailing.contact"].create({"name": "Toni", "email": "toni.test@example.com"})
        lists = self.env["mailing.list"].create([{"name": "Weekly", "is_public": True}, {"name": "Monthly"}])
        contact.list_ids = lists
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "News",
                "mailing_model_id": self.env["ir.model"]._get_id("mailing.list"),
                "contact_list_ids": lists[0].ids,
            }
        )
        traces = self.env["mailing.trace"].create(
            [
                {
                    "mass_mailing_id": mailing.id,
                    "model": "mailing.contact",
                    "res_id": contact.id,
                    "email": contact.email,
                }
                for _number in range(2)
            ]
        )
        token = mailing._generate_mailing_recipient_token(contact.id, contact.email)
        who = {"mailing_id": mailing.id, "document_id": contact.id, "email": contact.email, "hash_token": token}
        self.make_jsonrpc_request("/mailing/list/update", who | {"lists_optin_ids": lists.ids})
        self.assertFalse(traces[1].unsubscribed_datetime, "nothing was left")
        forged = who | {"hash_token": "forged", "lists_optin_ids": []}
        refused = self.make_jsonrpc_request("/mailing/list/update", forged)
        self.assertEqual((refused, traces[1].unsubscribed_datetime), ("unauthorized", False))
        self.make_jsonrpc_request("/mailing/list/update", who | {"lists_optin_ids": lists[0].ids})
        self.assertTrue(traces[1].unsubscribed_datetime)
        self.assertFalse(traces[0].unsubscribed_datetime, "only the newest mail to the recipient counts")
        traces.sudo().unsubscribed_datetime = False
        self.url_open(
            f"/mailing/{mailing.id}/unsubscribe_oneclick?document_id={contact.id}&email={contact.email}&hash_token={token}",
            data={"List-Unsubscribe": "One-Click"},
        )
        self.assertTrue(traces[1].unsubscribed_datetime)

    def test_these_mails_only_and_back_again(self):
        journey, mail = self.send_one()
        other, _mail = self.send_one(topic=self.env["mailing.list"])
        link = self.link_of(mail)
        page, done = self.answer(link, scope="topic")
        self.assertIn("These mails: ", page.text)
        self.assertIn("Product News", page.text)
        self.assertIn("All mails from us", page.text)
        self.assertIn("Successfully unsubscribed", done.text)
        self.assertIn("You get no more of these mails: Product News", done.text)
        self.assertFalse(self.is_blocked())
        self.assertEqual(self.refusal(journey), "opted_out")
        self.assertIsNone(self.refusal(other))
        self.assertEqual(self.count_activities(), 1)
        self.assertTrue(self.trace_of(journey).unsubscribed_datetime)
        self.assertFalse(self.trace_of(other).unsubscribed_datetime)
        # the preferences show it and take it back; looking at them again changes nothing
        settings = re.search(r'href="([^"]*/unsubscribe\?[^"]*)"', done.text).group(1).replace("&amp;", "&")
        self.assertIn("Not subscribed", self.url_open(settings).text)
        query = parse_qs(urlsplit(settings).query)
        self.make_jsonrpc_request(
            "/mailing/list/update",
            {
                "mailing_id": journey.node_ids.mailing_id.id,
                "document_id": int(query["document_id"][0]),
                "email": query["email"][0],
                "hash_token": query["hash_token"][0],
                "lists_optin_ids": self.topic.ids,
            },
        )
        self.assertNotIn("Not subscribed", self.url_open(settings).text)
        self.assertIsNone(self.refusal(journey))

    def test_all_mails(self):
        journey, mail = self.send_one()
        _page, done = self.answer(self.link_of(mail), scope="all")
        self.assertIn("You get no more mails from us", done.text)
        self.assertTrue(self.is_blocked())
        self.assertEqual(self.refusal(journey), "blacklisted")
        self.assertEqual(self.count_activities(), 1)
        self.assertTrue(self.trace_of(journey).unsubscribed_datetime)
        self.answer(self.link_of(mail), scope="all")
        self.assertEqual(self.count_activities(), 1, "asking again is no second unsubscription")

    def test_without_a_topic_as_ever(self):
        _journey, mail = self.send_one(topic=self.env["mailing.list"])
        page, _done = self.answer(self.link_of(mail))
        self.assertNotIn("These mails", page.text)
        self.assertIn("Are you sure you want to unsubscribe", page.text)
        self.assertTrue(self.is_blocked())
        self.assertEqual(self.count_activities(), 1)

    def test_one_click_of_the_mail_program(self):
        journey, mail = self.send_one()
        url = mail["headers"]["List-Unsubscribe"].strip("<>")
        response = self.url_open(url[url.index("/mailing/") :], data={"List-Unsubscribe": "One-Click"})
        self.assertEqual(response.status_code, 200)
        self.assertFalse(self.is_blocked())
        self.assertEqual(self.refusal(journey), "opted_out")
        self.assertEqual(self.count_activities(), 1)

    @mute_logger("odoo.http")
    def test_nobody_else_can_do_it(self):
        journey, mail = self.send_one()
        link = self.link_of(mail)
        forged = link.replace("hash_token=", "hash_token=0")
        self.assertEqual(self.url_open(forged).status_code, 401)
        self.assertEqual(self.url_open(forged.replace("confirm_unsubscribe", "unsubscribe")).status_code, 401)
        self.assertEqual(
            self.url_open(forged.replace("confirm_unsubscribe", "unsubscribe") + "&settings=1").status_code, 401
        )
        stranger = link.replace("brandon.test", "colleen.test")
        self.assertEqual(self.url_open(stranger).status_code, 401)
        page = self.url_open(link)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
        data = {key: value[0] for key, value in parse_qs(urlsplit(forged).query).items()}
        data |= {"csrf_token": token, "mailing_id": journey.node_ids.mailing_id.id}
        for scope in ("all", "topic"):
            self.assertEqual(
                self.url_open("/mailing/confirm_unsubscribe", data=data | {"scope": scope}).status_code, 401
            )
        self.assertFalse(self.is_blocked())
        self.assertIsNone(self.refusal(journey))

    def test_journey_that_is_left_on_unsubscribing_reacts(self):
        journey, mail = self.send_one(exit_on_unsubscribe=True)
        group_journey, _mail = self.send_one(records=self.group, exit_on_unsubscribe=True)
        self.answer(self.link_of(mail), scope="topic")
        self.engine.tick()
        self.assertEqual(journey.participant_ids.state, "exited")
        self.assertEqual(group_journey.participant_ids.state, "active", "Colleen still wants these mails")
        self.topic._opt_out_of_topic("colleen.test@example.com")
        self.engine.tick()
        self.assertEqual(group_journey.participant_ids.state, "exited")

    def test_opting_out_twice_and_with_several_contacts(self):
        contacts = self.env["mailing.contact"].create(
            [
                {"email": "two@example.com", "subscription_ids": [Command.create({"list_id": self.topic.id})]},
                {"email": "Two@Example.com"},
            ]
        )
        for _time in range(2):
            self.topic._opt_out_of_topic("two@example.com")
        subscriptions = self.env["mailing.subscription"].search([("contact_id", "in", contacts.ids)])
        self.assertEqual(subscriptions.mapped("opt_out"), [True])

    def test_topic_must_show_in_the_preferences(self):
        hidden = self.env["mailing.list"].create({"name": "Hidden"})
        with self.assertRaises(UserError):
            self.make_journey("res.partner", [], [], publish=False, topic_id=hidden.id)
        self.make_journey("res.partner", [], [], publish=False, topic_id=self.topic.id)
        with self.assertRaises(UserError):
            self.topic.is_public = False
