# Composing many mails: what they share is looked up once, and the mails are what Odoo itself would make.
import re
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_journey import BODY, JourneyCase

CODE = re.compile(r"/r/(\w+)")


@tagged("post_install", "-at_install")
class TestMailingBatch(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = cls.env["res.partner"].create(
            [{"name": f"Reader {number}", "email": f"reader.{number}@example.com"} for number in range(6)]
        )

    def compose(self, **step):
        """The mails of a step to everybody, and how often link trackers were searched for."""
        journey = self.make_journey("res.partner", [("id", "in", self.people.ids)], [{"kind": "email", **step}])
        mails, searches = self.counted(self.engine.tick, journey.node_ids.mailing_id)
        self.assertEqual(set(journey.participant_ids.trace_ids.mapped("state")), {"done"})
        return mails, searches

    def counted(self, work, mailing):
        LinkTracker = type(self.env["link.tracker"])
        search, searches = LinkTracker.search, []

        def counting(trackers, *args, **kwargs):
            searches.append(args)
            return search(trackers, *args, **kwargs)

        with patch.object(LinkTracker, "search", counting):
            work()
        return self.env["mail.mail"].search([("mailing_id", "=", mailing.id)], order="id"), len(searches)

    def make_mailing(self, **values):
        return self.env["mailing.mailing"].create(
            {
                "subject": "Test offer",
                "body_html": BODY,
                "email_from": '"Marc Demo" <marc.demo@example.com>',
                "mailing_type": "mail",
                "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                "mailing_domain": str([("id", "in", self.people.ids)]),
                "user_id": self.manager.id,
                **values,
            }
        )

    def test_links_of_a_step_are_looked_up_once_a_batch(self):
        mails, searches = self.compose()
        self.assertEqual((len(mails), searches), (6, 2), "one look, and one for duplicates when the link is made")
        codes = {code for mail in mails for code in CODE.findall(mail.body_html)}
        self.assertEqual(len(codes), 1, "all mails share one link, so its clicks can be counted")
        link = self.env["link.tracker.code"].search([("code", "=", codes.pop())]).link_id
        self.assertEqual((link.url, link.mass_mailing_id), ("https://www.example.com/offer", mails.mailing_id))

    def test_links_that_differ_by_person_stay_apart(self):
        body = (
            '<p><a t-attf-href="https://www.example.com/{{ object.id }}">Yours</a> '
            '<a href="https://www.example.com/all">All</a></p>'
        )
        mails, _searches = self.compose(body=body)
        Code = self.env["link.tracker.code"]
        for mail in mails:
            urls = [Code.search([("code", "=", code)]).link_id.url for code in CODE.findall(mail.body_html)]
            person = mail.recipient_ids.id
            self.assertEqual(urls, [f"https://www.example.com/{person}", "https://www.example.com/all"])

    def test_mails_are_those_that_odoo_would_make(self):
        mails, _searches = self.compose()
        plain = self.make_mailing()
        plain._action_send_mail()
        theirs = self.env["mail.mail"].search([("mailing_id", "=", plain.id)], order="id")
        names = [
            *("email_from", "email_to", "email_cc", "reply_to", "subject", "headers", "auto_delete", "is_notification"),
            *("state", "message_type", "model", "res_id", "recipient_ids", "author_id", "record_company_id"),
        ]
        for mail, other in zip(mails, theirs, strict=True):
            self.assertEqual({name: mail[name] for name in names}, {name: other[name] for name in names})
            for name in ("body_html", "body"):
                self.assertEqual(CODE.sub("/r/…", mail[name] or ""), CODE.sub("/r/…", other[name] or ""))

    def test_links_of_a_failed_batch_are_not_used_again(self):
        """The batch is rolled back and halved; a mail must not lead to a link that went with it."""
        journey = self.make_journey("res.partner", [("id", "in", self.people.ids)], [{"kind": "email"}])
        Mail = type(self.env["mail.mail"])
        create = Mail.create

        def failing(mails, vals_list):
            if any(self.people[3].id in [command[1] for command in vals["recipient_ids"]] for vals in vals_list):
                raise ValueError("cannot be mailed")
            return create(mails, vals_list)

        with (
            patch.object(Mail, "create", failing),
            mute_logger("odoo.addons.crm_buying_journey.models.journey.journey_engine_advance"),
        ):
            self.engine.tick()
        mails = self.env["mail.mail"].search([("mailing_id", "=", journey.node_ids.mailing_id.id)])
        self.assertEqual(len(mails), 5)
        for mail in mails:
            (code,) = CODE.findall(mail.body_html)
            self.assertTrue(self.env["link.tracker.code"].search([("code", "=", code)]).link_id)

    def test_only_mailings_that_use_the_addon_are_composed_differently(self):
        plain, copied = self.make_mailing(), self.make_mailing(cc_slot_ids=[(0, 0, {"path": "user_id"})])
        self.assertEqual(self.counted(plain._action_send_mail, plain)[1], 7)
        mails, searches = self.counted(copied._action_send_mail, copied)
        self.assertEqual((len(mails), searches), (6, 2))

    def test_whom_a_step_has_mailed_is_found_by_an_index(self):
        """Otherwise each batch would read all traces of the mailing, and the cost of a mail grow with their number."""
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        for condition in ("email IN ('a@example.com', 'b@example.com')", "res_id IN (1, 2)"):
            self.env.cr.execute(f"EXPLAIN SELECT FROM mailing_trace WHERE mass_mailing_id = 1 AND {condition}")
            plan = "\n".join(row[0] for row in self.env.cr.fetchall())
            self.assertRegex(plan, "mailing_trace__?(mailing_email|record)_idx")
