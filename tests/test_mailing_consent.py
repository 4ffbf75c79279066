# One verdict per address: blacklist, opt-outs, bounces and odd addresses, of records and of their contacts.
from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestMailingConsent(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Consent = cls.env["mailing.consent"]
        cls.topic = cls.env["mailing.list"].create({"name": "Product News", "is_public": True})

    def make_mailing(self, model="crm.lead", **values):
        return self.env["mailing.mailing"].create(
            {
                "subject": "Offer",
                "mailing_type": "mail",
                "mailing_model_id": self.env["ir.model"]._get_id(model),
                "mailing_domain": "[]",
                **values,
            }
        )

    def make_leads(self, *emails, **values):
        return self.env["crm.lead"].create(
            [{"name": f"Lead {number}", "email_from": email, **values} for number, email in enumerate(emails)]
        )

    def opt_out(self, email, mailing_list, opt_out=True):
        return self.env["mailing.contact"].create(
            {
                "email": email,
                "subscription_ids": [Command.create({"list_id": mailing_list.id, "opt_out": opt_out})],
            }
        )

    def test_addresses(self):
        self.env["mail.blacklist"]._add("no@example.com")
        self.env["res.partner"].create({"name": "Gone", "email": "Gone@example.com", "message_bounce": 5})
        self.make_leads("four@example.com").message_bounce = 4
        self.opt_out("out@example.com", self.topic)
        emails = [
            "NO@Example.com",
            '"Gone" <gone@example.com>',
            "four@example.com",
            "out@example.com",
            "nobody",
            "",
            False,
        ]
        self.assertEqual(
            self.Consent.get_refusals(emails),
            {"no@example.com": "blacklisted", "gone@example.com": "bounced", "nobody": "invalid"},
        )
        mailing = self.make_mailing(topic_id=self.topic.id)
        self.assertEqual(
            self.Consent.get_refusals(emails, mailing),
            {
                "no@example.com": "blacklisted",
                "gone@example.com": "bounced",
                "nobody": "invalid",
                "out@example.com": "opted_out",
            },
        )
        mailing.use_exclusion_list = False
        self.assertEqual(
            self.Consent.get_refusals(emails, mailing), {"nobody": "invalid", "out@example.com": "opted_out"}
        )
        self.env["ir.config_parameter"].set_param("crm_buying_journey.bounce_limit", "4")
        self.assertEqual(self.Consent.get_refusals(["four@example.com"]), {"four@example.com": "bounced"})

    def test_who_is_in_a_list_by_another_contact_has_not_left(self):
        other = self.env["mailing.list"].create({"name": "Other"})
        self.opt_out("twice@example.com", self.topic)
        self.opt_out("twice@example.com", self.topic, opt_out=False)
        self.opt_out("mixed@example.com", self.topic)
        self.opt_out("mixed@example.com", other, opt_out=False)
        of_lists = self.make_mailing("mailing.list", contact_list_ids=[Command.set((self.topic + other).ids)])
        of_topic = self.make_mailing(topic_id=self.topic.id)
        emails = ["twice@example.com", "mixed@example.com"]
        self.assertEqual(self.Consent.get_refusals(emails, of_lists), {})
        self.assertEqual(self.Consent.get_refusals(emails, of_topic), {"mixed@example.com": "opted_out"})

    def test_operational_ignores_topics_but_never_the_blacklist(self):
        self.env["mail.blacklist"]._add("no@example.com")
        self.opt_out("out@example.com", self.topic)
        mailing = self.make_mailing(topic_id=self.topic.id, is_operational=True)
        self.assertEqual(
            self.Consent.get_refusals(["no@example.com", "out@example.com"], mailing), {"no@example.com": "blacklisted"}
        )

    def test_only_managers_declare_mails_operational_and_launch_them(self):
        mailing = self.make_mailing()
        with self.assertRaises(AccessError):
            mailing.with_user(self.marketer).is_operational = True
        with self.assertRaises(AccessError):
            self.env["mailing.mailing"].with_user(self.marketer).create({"subject": "Sly", "is_operational": True})
        mailing.with_user(self.manager).is_operational = True
        self.assertFalse(mailing.with_user(self.marketer).copy().is_operational)
        with self.assertRaises(AccessError):
            mailing.with_user(self.marketer).action_launch()
        self.assertEqual(mailing.state, "draft")

    def test_lead_and_its_contact_are_both_asked(self):
        """Blacklisting either address stops the mail; an import or a script can force the two apart."""
        known = self.env["res.partner"].create({"name": "Known", "email": "known@example.com"})
        by_contact, by_own, free = self.make_leads("own1@example.com", "own2@example.com", "own3@example.com")
        self.env.flush_all()
        self.env.cr.execute(
            SQL("UPDATE crm_lead SET partner_id = %s WHERE id IN %s", known.id, tuple((by_contact + by_own).ids))
        )
        self.env.invalidate_all()
        mailing = self.make_mailing()
        blacklist = self.env["mail.blacklist"]
        blacklist._add("own2@example.com")
        ids = (by_own + by_contact + free).ids
        self.assertEqual(self.Consent.get_record_refusals(mailing, ids), {by_own.id: "blacklisted"})
        blacklist._add("known@example.com")
        self.assertEqual(
            self.Consent.get_record_refusals(mailing, ids),
            {by_own.id: "blacklisted", by_contact.id: "blacklisted_partner"},
        )
        blacklist._remove("known@example.com")
        known.message_bounce = 7
        self.assertEqual(self.Consent.get_record_refusals(mailing, ids)[by_contact.id], "bounced")

    def test_duplicates_and_odd_addresses(self):
        leads = self.make_leads(
            "same@example.com",
            '"Same Person" <SAME@example.com>',
            False,
            "no address",
            "one@example.com, two@example.com",
            "two@example.com",
            "ünï@example.com",
        )
        self.env["mail.blacklist"]._add("two@example.com")
        reasons = self.Consent.get_record_refusals(self.make_mailing(), leads.ids)
        self.assertEqual(
            [reasons.get(lead.id) for lead in leads],
            [None, "duplicate", "missing", "invalid", "blacklisted", "blacklisted", None],
        )
        reversed_order = self.Consent.get_record_refusals(self.make_mailing(), leads[:2].ids[::-1])
        self.assertEqual(reversed_order, {leads[0].id: "duplicate"}, "the first in the given order gets the mail")

    def test_query_and_other_models_give_the_same(self):
        self.env["mail.blacklist"]._add(self.brandon.email)
        mailing = self.make_mailing("res.partner")
        people = self.brandon + self.colleen + self.account
        expected = {self.brandon.id: "blacklisted", self.account.id: "missing"}
        self.assertEqual(self.Consent.get_record_refusals(mailing, people.ids), expected)
        query = self.env["res.partner"]._search([("id", "in", people.ids)])
        self.assertEqual(self.Consent.get_record_refusals(mailing, query), expected)
        # any other model is asked record by record
        orders = self.env["sale.order"].create([{"partner_id": partner.id} for partner in people])
        reasons = self.Consent.get_record_refusals(self.make_mailing("sale.order"), orders.ids)
        self.assertEqual([reasons.get(order.id) for order in orders], ["blacklisted_partner", None, "missing"])

    def test_own_aliases_get_no_mail(self):
        domain = self.env["mail.alias.domain"].search([], limit=1) or self.env["mail.alias.domain"].create(
            {"name": "aliases.example.com"}
        )
        lead = self.make_leads(domain.catchall_email)
        self.assertEqual(self.Consent.get_record_refusals(self.make_mailing(), lead.ids), {lead.id: "invalid"})

    def test_taken_off_the_blacklist_starts_anew(self):
        self.brandon.message_bounce = 9
        blacklist = self.env["mail.blacklist"]
        blacklist._add(self.brandon.email)
        blacklist._remove(self.brandon.email)
        self.assertEqual(self.brandon.message_bounce, 0)
        self.assertEqual(self.Consent.get_refusals([self.brandon.email]), {})

    def test_many_addresses_take_a_handful_of_statements(self):
        mailing = self.make_mailing(topic_id=self.topic.id)
        self.env.cr.execute(
            """
            INSERT INTO crm_lead (name, email_from, email_normalized, type, active, company_id)
            SELECT 'Many', 'many' || n || '@example.com', 'many' || n || '@example.com', 'lead', TRUE, NULL
              FROM generate_series(1, 20000) n RETURNING id
            """
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        self.env["mail.blacklist"]._add("many7@example.com")
        self.Consent.get_record_refusals(mailing, ids[:2])
        before = self.env.cr.sql_log_count
        self.assertEqual(self.Consent.get_record_refusals(mailing, ids), {ids[6]: "blacklisted"})
        self.assertLess(self.env.cr.sql_log_count - before, 20)
