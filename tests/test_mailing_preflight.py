# Preflight: numbers that add up and open their lists, findings, and what keeps a mail from being sent.
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common_journey import BODY, JourneyCase


@tagged("post_install", "-at_install")
class TestMailingPreflight(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.topic = cls.env["mailing.list"].create({"name": "Product News", "is_public": True})

    def make_mailing(self, records, **values):
        return self.env["mailing.mailing"].create(
            {
                "subject": "Offer",
                "mailing_type": "mail",
                "email_from": "marc.demo@example.com",
                "mailing_model_id": self.env["ir.model"]._get_id(records._name),
                "mailing_domain": str([("id", "in", records.ids)]),
                "body_html": BODY,
                **values,
            }
        )

    def make_leads(self, *emails):
        return self.env["crm.lead"].create(
            [{"name": f"Lead {number}", "email_from": email} for number, email in enumerate(emails)]
        )

    def look(self, mailing, user=None):
        return self.env["mailing.preflight"].browse(
            mailing.with_user(user or self.marketer).action_preflight()["res_id"]
        )

    def numbers_of(self, preflight):
        return dict(preflight.line_ids.mapped(lambda line: (line.code, line.count)))

    def findings_of(self, mailing, records=()):
        return [text for _level, text in mailing._get_findings([record.id for record in records])]

    def test_numbers_add_up_and_open_their_lists(self):
        self.env["mail.blacklist"]._add("no@example.com")
        self.env["mailing.contact"].create(
            {
                "email": "out@example.com",
                "subscription_ids": [Command.create({"list_id": self.topic.id, "opt_out": True})],
            }
        )
        leads = self.make_leads(
            "yes@example.com",
            "YES@example.com",
            "no@example.com",
            "out@example.com",
            "back@example.com",
            "nobody",
            False,
            "often@example.com",
            "too@example.com",
        )
        leads[4].message_bounce = 6
        often = self.make_mailing(leads[7])
        often.action_send_mail()
        self.env["ir.config_parameter"].set_param("crm_buying_journey.cap_week", "1")
        mailing = self.make_mailing(leads, topic_id=self.topic.id)
        preflight = self.look(mailing)
        self.assertEqual(
            self.numbers_of(preflight),
            {
                "matched": 9,
                "blacklisted": 1,
                "opted_out": 1,
                "bounced": 1,
                "invalid": 1,
                "missing": 1,
                "duplicate": 1,
                "cap": 1,
                "going": 2,
            },
        )
        self.assertEqual(preflight.matched_count, preflight.excluded_count + preflight.sent_count)
        for line in preflight.line_ids:
            action = line.with_user(self.marketer).action_open()
            rows = self.env[action["res_model"]].with_user(self.marketer).search(action["domain"])
            self.assertEqual(len(rows), line.count, line.code)
            self.assertNotIn("Not accessible or deleted", rows.mapped("name"))
        blacklisted = self.env["mailing.preflight.recipient"].search(
            [("preflight_id", "=", preflight.id), ("reason", "=", "blacklisted")]
        )
        self.assertEqual((blacklisted.name, blacklisted.email), ("Lead 2", "no@example.com"))
        # composing agrees
        mailing.action_send_mail()
        going = mailing.mailing_trace_ids.filtered(lambda trace: trace.trace_status != "cancel")
        self.assertEqual(len(going), preflight.sent_count)
        self.assertEqual(len(mailing.mailing_trace_ids), preflight.matched_count)

    def test_counts_with_the_rights_of_the_user(self):
        own = new_test_user(
            self.env, "preflight_own", "crm_buying_journey.group_user,sales_team.group_sale_salesman", lang="en_US"
        )
        leads = self.make_leads("mine@example.com", "hers@example.com")
        leads[0].user_id = own
        leads[1].user_id = self.salesperson
        mailing = self.make_mailing(leads)
        self.assertEqual(self.look(mailing).matched_count, 2)
        preflight = self.look(mailing, own)
        self.assertEqual(preflight.matched_count, 1)
        with self.assertRaises(AccessError):
            preflight.with_user(self.marketer).read(["matched_count"])

    def test_copies(self):
        leads = self.make_leads("a@example.com", "b@example.com", "c@example.com")
        leads[0].user_id = self.salesperson
        leads[1:].user_id = False
        mailing = self.make_mailing(leads, cc_slot_ids=[Command.create({"path": "user_id"})])
        self.assertIn("3 recipients + 1 copies = 4 mails, 2 slots empty", self.look(mailing).copies)

    def test_step_and_journey(self):
        journey = self.make_journey(
            "buying.group",
            [("id", "=", self.group.id)],
            [{"kind": "email"}, {"kind": "email", "role_ids": [Command.set(self.role_champion.ids)]}, {"kind": "end"}],
            publish=False,
        )
        self.env["mail.blacklist"]._add(self.colleen.email)
        first, second = journey.node_ids.filtered("mailing_id")
        preflight = self.env["mailing.preflight"].browse(first.with_user(self.marketer).action_preflight()["res_id"])
        self.assertEqual(self.numbers_of(preflight), {"matched": 2, "blacklisted": 1, "going": 1})
        action = journey.with_user(self.marketer).action_preflight()
        both = self.env["mailing.preflight"].search(action["domain"])
        self.assertEqual(both.mapped("node_id"), first + second)
        self.assertEqual(sum(both.mapped("sent_count")), 1)
        self.assertIn("Nobody would get this mail.", both.finding_ids.mapped("text"))

    def test_contact_and_own_address_are_told_apart(self):
        known = self.env["res.partner"].create({"name": "Known", "email": "known@example.com"})
        own, contact = self.make_leads("own@example.com", "other@example.com")
        self.env.flush_all()
        self.env.cr.execute("UPDATE crm_lead SET partner_id = %s WHERE id = %s", [known.id, contact.id])
        self.env.invalidate_all()
        for email in ("own@example.com", "known@example.com"):
            self.env["mail.blacklist"]._add(email)
        self.assertEqual(
            self.numbers_of(self.look(self.make_mailing(own + contact))),
            {"matched": 2, "blacklisted": 1, "blacklisted_partner": 1, "going": 0},
        )

    def test_findings_in_the_body(self):
        lead = self.make_leads("a@example.com")
        self.env["ir.mail_server"].search([]).active = False
        clean = self.make_mailing(lead, body_html='<p>Hello</p><a href="/unsubscribe_from_list">Unsubscribe</a>')
        server = self.findings_of(clean, lead)
        self.assertEqual(len(server), 1)
        self.assertIn("There is no outgoing mail server", server[0])
        self.env["ir.mail_server"].create({"name": "Server", "smtp_host": "localhost"})
        self.assertEqual(self.findings_of(clean, lead), [])
        example = (
            "These links are examples still, and lead to no page of yours: "
            "https://www.Example.com:8069/offer, http://a.test"
        )
        unsubscribe = '<a href="/unsubscribe_from_list">Unsubscribe</a>'
        for body, expected in (
            ("<p>Hello</p>", ["The mail has no unsubscribe link."]),
            (f'<p><a href="">Offer</a>{unsubscribe}</p>', ["These links lead nowhere: Offer"]),
            (f'<p><a href="#">Offer</a>{unsubscribe}</p>', ["These links lead nowhere: Offer"]),
            (f'<p><a href="http://">Offer</a>{unsubscribe}</p>', ["These links are broken: http://"]),
            (
                f'<p><a href="https//example.com">Offer</a>{unsubscribe}</p>',
                ["These links are broken: https//example.com"],
            ),
            (f'<p><a href="www.example.com">Offer</a>{unsubscribe}</p>', ["These links are broken: www.example.com"]),
            (
                f'<p><a href="https://exa mple.com">Offer</a>{unsubscribe}</p>',
                ["These links are broken: https://exa mple.com"],
            ),
            (f'<p><a href="#below">Offer</a>{unsubscribe}</p>', ["These links are broken: #below"]),
            (f'<p><a href="#below">Offer</a>{unsubscribe}<b id="below">Here</b></p>', []),
            (f'<p><a href="mailto:nobody">Write</a>{unsubscribe}</p>', ["These links are broken: mailto:nobody"]),
            (f'<p><a href="mailto:a@example.com?subject=x">Write</a>{unsubscribe}</p>', []),
            (f'<p><a href="tel:+4712345">Call</a><a href="/shop">Shop</a>{unsubscribe}</p>', []),
            (f'<p><a href="https://shop.azure-interior.com:8069/a?b=c#d">Offer</a>{unsubscribe}</p>', []),
            (
                f'<p><a href="https://www.Example.com:8069/offer">Offer</a><a href="http://a.test">B</a>{unsubscribe}</p>',
                [example],
            ),
            (f'<p><a href="https://www.myexample.com/example.com">Offer</a>{unsubscribe}</p>', []),
            (
                f'<p><a href="https://example.com/{{{{object.id}}}}">Offer</a>{unsubscribe}</p>',
                ["Nothing fills the placeholder in these links: https://example.com/{{object.id}}"],
            ),
            (
                f"<p>Dear {{{{ object.name }}}}, {unsubscribe}</p>",
                ["Nothing fills the placeholder {{ object.name }}; it would be sent as it is."],
            ),
        ):
            mailing = self.make_mailing(lead, body_html=body)
            self.assertEqual(self.findings_of(mailing, lead), expected, body)
        operational = self.make_mailing(lead, body_html="<p>Hello</p>", is_operational=True)
        self.assertEqual(self.findings_of(operational, lead), [])

    def test_blockers_refuse_to_launch(self):
        lead = self.make_leads("a@example.com")
        for values, pattern in (
            ({"subject": "  "}, "no subject"),
            ({"body_html": "<p><br/></p>"}, "no content"),
            ({"email_from": "nobody"}, "no sender"),
            (
                {"body_html": '<p>Dear <t t-out="object.no_such_field"/></p>'},
                "cannot be made for Lead 0: [^\n]{0,60}no_such_field",
            ),
            ({"subject": "Hello {{ object.no_such_field }}"}, "cannot be made for Lead 0"),
            ({"body_html": "<p>Dear {{ object.name }}</p>"}, "Nothing fills the placeholder"),
        ):
            mailing = self.make_mailing(lead, **values)
            for launch in (mailing.action_launch, mailing.action_schedule, mailing.action_put_in_queue):
                with self.assertRaisesRegex(UserError, pattern), self.env.cr.savepoint():
                    launch()
            self.assertEqual(mailing.state, "draft")
        mailing = self.make_mailing(lead, body_html="<p>Without unsubscribe link</p>")
        mailing.action_launch()
        self.assertEqual(mailing.state, "in_queue", "warnings inform only")

    def test_publishing_tries_the_mails(self):
        for body, pattern in (
            (
                '<p>Dear <t t-out="object.no_such_field"/></p>',
                "Step 1: The mail cannot be made for Azure Interior Test, Brandon Freeman: [^\n]*no_such_field",
            ),
            ("<p>Dear ${object.name}</p>", "Step 1: Nothing fills the placeholder"),
        ):
            with self.assertRaisesRegex(UserError, pattern), self.env.cr.savepoint():
                self.make_journey(
                    "buying.group", [("id", "=", self.group.id)], [{"kind": "email", "body": body}, {"kind": "end"}]
                )
