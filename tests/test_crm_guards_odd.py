# Odd input for the audience of lost leads: never a traceback, never a double mail, and nobody learns too much.
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common_lost_leads import LostLeadsCase


@tagged("post_install", "-at_install")
class TestReactivationOddInput(LostLeadsCase):
    def sent(self, mailing):
        traces = mailing.mailing_trace_ids.filtered(lambda trace: trace.trace_status not in ("cancel", "error"))
        return traces.mapped("res_id")

    # Two addresses in one field

    def test_two_addresses_in_one_field_are_both_looked_at(self):
        free = self.make_lead("Free", email="a@two.example.com, b@two.example.com")
        refusing = self.make_lead("Refusing", email="c@two.example.com; d@two.example.com")
        contact = self.env["res.partner"].create({"name": "Two", "email": "e@two.example.com,f@two.example.com"})
        of_contact = self.make_lead("Of the contact", partner_id=contact.id)
        self.env["mail.blacklist"]._add("d@two.example.com")
        self.env["mail.blacklist"]._add("f@two.example.com")
        self.assertAudience(self.make_wizard(), free, blacklisted=2)
        self.assertEqual((free + refusing + of_contact).mapped("is_refusing_mail"), [False, True, True])

    def test_opted_out_by_the_second_address(self):
        topic = self.env["mailing.list"].create({"name": "Offers", "is_public": True})
        self.make_lead("Lead", email="a@two.example.com, b@two.example.com")
        self.env["mailing.contact"].create(
            {
                "email": "B@two.example.com",
                "subscription_ids": [Command.create({"list_id": topic.id, "opt_out": True})],
            }
        )
        self.assertAudience(self.make_wizard(topic_id=topic.id), self.env["crm.lead"], opted_out=1)

    def test_nobody_gets_the_mail_twice_by_a_second_address(self):
        self.env["ir.config_parameter"].set_param("mail.batch_size", "1")
        both = self.make_lead("Both", email="a@two.example.com, b@two.example.com", days=10)
        alone = self.make_lead("Alone", email="B@two.example.com", days=20)
        other = self.make_lead("Other", email="a@two.example.com", days=30)
        mailing = self.make_wizard(person_choice="all")._create_mailing()
        with self.mock_mail_gateway(mail_unlink_sent=False):
            mailing.action_send_mail()
        written = [address for mail in self._new_mails for address in (mail.email_to or "").lower().split(",")]
        self.assertEqual(len(self._new_mails), len(self.sent(mailing)))
        self.assertLessEqual(sum("b@two.example.com" in address for address in written), 1)
        self.assertLessEqual(sum("a@two.example.com" in address for address in written), 1)
        self.assertEqual(len(set(self.sent(mailing)) & {both.id, alone.id}), 1)
        self.assertEqual(len((both + alone + other).ids), len(mailing.mailing_trace_ids), "all are accounted for")

    # Numbers and days out of this world

    def test_any_number_of_days_works(self):
        self.make_lead("Lead", partner_id=self.person.id)
        self.make_order(self.person, days=200)
        for days in (0, 36_500, 36_501, 999_999, 2**31 - 1):
            wizard = self.make_wizard(order_days=days, mailing_days=days, contact_days=0)
            audience = wizard.get_audience()
            self.assertEqual(audience["matched"], audience["count"] + sum(audience["excluded"].values()))
            self.assertEqual(len(self.get_leads(audience["domain"])), audience["count"], days)
            wizard.action_count()

    def test_days_beyond_the_calendar_are_told(self):
        for values in (
            {"date_to": "9999-12-31"},
            {"date_from": "0001-01-01"},
            {"date_from": "9999-12-31", "date_to": "9999-12-31"},
        ):
            for zone in ("Pacific/Kiritimati", "Pacific/Midway"):
                self.marketer.tz = zone
                wizard = self.make_wizard(**values)
                self.assertIn("between the years", wizard.problem)
                with self.assertRaisesRegex(UserError, "between the years"):
                    wizard.get_audience()

    # What is made without a form

    def test_a_wizard_made_without_a_form_has_a_name(self):
        Wizard = self.env["crm.lead.reactivate"].with_user(self.marketer)
        for values, name in (
            ({}, "Lost leads"),
            ({"reason_mode": "include", "reason_ids": self.stock.ids}, "Lost leads: Test stock"),
            ({"name": False}, "Lost leads"),
            ({"name": "  "}, "Lost leads"),
            ({"name": "Mine"}, "Mine"),
        ):
            wizard = Wizard.create(values | {"tag_ids": self.tag.ids})
            self.assertEqual(wizard.name, name, values)
        self.make_lead("Lead")
        wizard = self.make_wizard(name=False)
        self.assertTrue(wizard._create_mailing().name)
        self.assertTrue(wizard._create_journey().name)

    def test_names_are_text_in_whatever_is_made(self):
        """Reasons, contacts and senders may hold anything; none of it becomes markup, a header, or a placeholder."""
        evil = '<img src=x onerror="alert(1)">%s %(name)s {{ 7*7 }} ${1}\'";--'
        self.stock.name = evil
        self.marketer.name = evil
        lead = self.make_lead("Lead", contact_name=evil, email="evil@lead.example.com")
        wizard = self.make_wizard(reason_mode="include", reason_ids=self.stock.ids)
        mailing = wizard._create_mailing()
        body = mailing._render_field("body_html", lead.ids)[lead.id]
        self.assertNotIn("<img src=x", body)
        self.assertIn("&lt;img src=x", body)
        self.assertNotIn("49", str(body))
        journey = wizard._create_journey()
        self.assertEqual(journey.name, wizard.name)
        for node in journey.node_ids.filtered("mailing_id"):
            self.assertNotIn("<img src=x", node.mailing_id._render_field("body_html", lead.ids)[lead.id])

    def test_an_address_that_leads_nowhere_is_told(self):
        self.make_lead("Lead")
        for url in ("javascript:alert(1)", "not an address", "https://", "ftp://a.example.com", "/odoo"):
            wizard = self.make_wizard(offer_url=url)
            with self.assertRaisesRegex(UserError, "no address of a web page"):
                wizard.action_create_mailing()
            with self.assertRaisesRegex(UserError, "no address of a web page"):
                wizard.action_create_journey()

    def test_links_lead_where_the_wizard_said(self):
        self.make_lead("Lead")
        wizard = self.make_wizard(offer_url='www.azure-interior.com/offer?a=1&b="2')
        mailing = wizard._create_mailing()
        self.assertIn("https://www.azure-interior.com/offer?a=1&amp;b=", mailing.body_html)
        journey = wizard._create_journey()
        bodies = journey.node_ids.mailing_id.mapped("body_html")
        self.assertEqual(len(bodies), 4)
        for body in bodies:
            self.assertIn("https://www.azure-interior.com/offer", body)
            self.assertNotIn("example.com", body)
        Publish = self.env["journey.publish"].with_user(self.marketer)
        self.assertFalse(Publish.create({"journey_id": journey.id}).mail_warnings)
        journey = self.make_wizard(offer_url=False)._create_journey()
        self.assertIn("examples still", Publish.create({"journey_id": journey.id}).mail_warnings)
        self.assertNotIn("See the offer", self.make_wizard(offer_url=False)._create_mailing().body_html)

    # Rights

    def test_what_guards_know_is_for_those_who_write_to_people(self):
        lead = self.make_lead("Lead", partner_id=self.person.id)
        self.make_order(self.person)
        sales = new_test_user(self.env, "guards_sales", "sales_team.group_sale_salesman_all_leads")
        for name in ("days_since_order", "days_since_mailing", "has_live_lead", "is_refusing_mail", "is_bouncing"):
            with self.assertRaises(AccessError):
                lead.with_user(sales).read([name])
            with self.assertRaises(AccessError):
                self.env["crm.lead"].with_user(sales).search([(name, "!=", False)])
        self.assertTrue(lead.with_user(sales).read(["name", "lost_reason_id"]))
        mailer = new_test_user(
            self.env, "guards_mailer", "mass_mailing.group_mass_mailing_user,sales_team.group_sale_salesman_all_leads"
        )
        self.assertEqual(lead.with_user(mailer).read(["days_since_order"])[0]["days_since_order"], 10)

    def test_every_button_refuses_who_may_not(self):
        self.make_lead("Lead")
        wizard = self.make_wizard()
        wizard.action_count()
        line = wizard.line_ids[:1]
        portal = new_test_user(self.env, "guards_portal", "base.group_portal")
        sales = new_test_user(
            self.env, "guards_sales_only", "crm_buying_journey.group_sales,sales_team.group_sale_salesman"
        )
        suggestion = self.env["crm.lead.suggestion"].with_user(self.marketer)
        suggestion.action_open_list()
        row = suggestion.search([], limit=1)
        for user in (portal, sales, self.own_marketer):
            calls = [
                wizard.with_user(user).get_audience,
                wizard.with_user(user).action_count,
                wizard.with_user(user).action_create_mailing,
                wizard.with_user(user).action_create_ab_mailing,
                wizard.with_user(user).action_create_journey,
                wizard.with_user(user).action_save_filter,
                line.with_user(user).action_open,
                row.with_user(user).action_reactivate,
            ]
            for call in calls:
                with self.assertRaises(AccessError, msg=f"{user.login} {call.__name__}"):
                    call()
                    self.env.flush_all()
        for user in (portal, sales):
            with self.assertRaises(AccessError):
                self.env["crm.lead.suggestion"].with_user(user).action_open_list()
            with self.assertRaises(AccessError):
                self.env["crm.lead.reactivate"].with_user(user).create({})

    def test_a_chosen_lead_of_another_company_is_not_found(self):
        company = self.env["res.company"].create({"name": "My Company, Chicago"})
        lead = self.make_lead("There", expected_revenue=777)
        lead.write({"user_id": False, "team_id": False})
        lead.company_id = company
        with self.assertRaises(AccessError):
            self.make_wizard(tag_ids=False, lead_ids=lead.ids)
        audience = self.make_wizard(extra_domain=repr([("id", "=", lead.id)])).get_audience()
        self.assertEqual((audience["matched"], audience["expected_revenue"]), (0, 0))

    # Days

    def test_the_day_on_which_clocks_change(self):
        self.marketer.tz = "America/Sao_Paulo"
        lead = self.make_lead("Lead")
        # in 2018 the fourth of November began at one o'clock, 03:00 UTC
        day = self.make_wizard(date_from="2018-11-04", date_to="2018-11-04")
        for moment, found in (
            ("2018-11-04 02:59:59", False),
            ("2018-11-04 03:00:00", True),
            ("2018-11-05 01:59:59", True),
            ("2018-11-05 02:00:00", False),
        ):
            lead.date_closed = moment
            self.assertEqual(bool(day.get_audience()["count"]), found, moment)

    def test_a_period_of_one_day(self):
        lead = self.make_lead("Lead")
        lead.date_closed = fields.Datetime.to_datetime("2025-06-01 00:00:00")
        self.marketer.tz = "UTC"
        self.assertAudience(self.make_wizard(date_from="2025-06-01", date_to="2025-06-01"), lead)
        lead.date_closed -= timedelta(seconds=1)
        self.assertAudience(self.make_wizard(date_from="2025-06-01", date_to="2025-06-01"), lead.browse())
