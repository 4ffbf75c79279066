# Lost leads to mail again: who is in the audience, by what was chosen.
import ast
from datetime import timedelta

from lxml import etree

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common_lost_leads import LostLeadsCase


@tagged("post_install", "-at_install")
class TestReactivateAudience(LostLeadsCase):
    def test_lost_leads_are_found_and_open_ones_are_not(self):
        lost = self.make_lead("Lost")
        self.make_lead("Open", days=False)
        archived = self.make_lead("Archived", days=False)
        archived.write({"active": False, "probability": 20})
        self.assertAudience(self.make_wizard(), lost)

    # Period

    def test_the_period_is_that_of_the_loss_or_of_the_creation(self):
        today = fields.Date.today()
        old = self.make_lead("Old one lost lately", days=7, created=700)
        young = self.make_lead("Lost long ago", days=300, created=310)
        lately = {"date_from": today - timedelta(days=30), "date_to": today}
        self.assertAudience(self.make_wizard(**lately), old)
        self.assertAudience(self.make_wizard(date_to=today - timedelta(days=200)), young)
        years = {"date_from": today - timedelta(days=720), "date_to": today - timedelta(days=600)}
        self.assertAudience(self.make_wizard(date_kind="created", **years), old)

    def test_days_of_the_period_are_those_of_the_user(self):
        self.marketer.tz = "Asia/Tokyo"
        lead = self.make_lead("Lost in the night")
        lead.date_closed = "2025-03-31 15:00:00"  # the first of April in Tokyo
        april = self.make_wizard(date_from="2025-04-01", date_to="2025-04-30")
        self.assertAudience(april, lead)
        self.assertAudience(self.make_wizard(date_from="2025-03-01", date_to="2025-03-31"), lead.browse())
        lead.date_closed = "2025-04-30 14:59:59"
        self.assertAudience(april, lead)
        lead.date_closed = "2025-04-30 15:00:00"
        self.assertAudience(april, lead.browse())

    # Reasons

    def test_reasons_do_what_the_choice_says_also_those_added_later(self):
        stock, price, _junk, none = (
            self.make_lead(f"Lead {number}", reason=reason)
            for number, reason in enumerate((self.stock, self.price, self.junk, False))
        )
        include = self.make_wizard(reason_mode="include", reason_ids=self.stock.ids, without_reason="out")
        include_none = self.make_wizard(reason_mode="include", reason_ids=self.stock.ids, without_reason="in")
        exclude = self.make_wizard(reason_mode="exclude", reason_ids=self.junk.ids, without_reason="out")
        exclude_later = self.make_wizard(
            reason_mode="exclude", reason_ids=self.junk.ids, without_reason="in", later_reasons="in"
        )
        worth = self.make_wizard(reason_mode="worth", without_reason="out")
        domains = {
            wizard: wizard.get_audience()["domain"] for wizard in (include, include_none, exclude, exclude_later, worth)
        }
        expected = {
            include: stock,
            include_none: stock + none,
            exclude: stock + price,
            exclude_later: stock + price + none,
            worth: stock + price,
        }
        for wizard, leads in expected.items():
            self.assertAudience(wizard, leads)
        # a reason that is made after the domains were kept
        later = self.Reason.create({"name": "Test duplicate"})
        fresh = self.make_lead("Lead later", reason=later)
        expected[exclude_later] += fresh
        for wizard, leads in expected.items():
            self.assertEqual(self.get_leads(domains[wizard]), leads.sorted("id", reverse=True), wizard.reason_mode)
        later.worth_reactivating = True
        self.assertIn(fresh, self.get_leads(domains[worth]))

    def test_leads_without_a_reason_are_an_explicit_choice(self):
        with_reason, without = self.make_lead("With"), self.make_lead("Without", reason=False)
        self.assertAudience(self.make_wizard(without_reason="out"), with_reason)
        self.assertAudience(self.make_wizard(without_reason="in"), with_reason + without)

    def test_an_archived_reason_still_counts(self):
        lead = self.make_lead("Lead")
        self.stock.active = False
        self.assertAudience(self.make_wizard(reason_mode="include", reason_ids=self.stock.ids), lead)
        self.assertAudience(self.make_wizard(reason_mode="exclude", reason_ids=self.junk.ids), lead)

    # Others

    def test_other_choices_narrow_the_audience(self):
        team = self.env["crm.team"].create({"name": "Test team"})
        belgium = self.env.ref("base.be")
        tag = self.env["crm.tag"].create({"name": "Special"})
        stage = self.env["crm.stage"].create({"name": "Test stage"})
        values = {
            "team_id": team.id,
            "user_id": self.marketer.id,
            "country_id": belgium.id,
            "stage_id": stage.id,
            "expected_revenue": 5000,
            "tag_ids": [Command.set((self.tag + tag).ids)],
        }
        lead = self.make_lead("Chosen", **values)
        other = self.make_lead("Other", expected_revenue=100)
        for choice in (
            {"team_ids": team.ids},
            {"user_ids": self.marketer.ids},
            {"country_ids": belgium.ids},
            {"stage_ids": stage.ids},
            {"tag_ids": tag.ids},
            {"revenue_min": 1000},
            {"revenue_min": 1000, "revenue_max": 5000},
            {"extra_domain": "[('name', '=', 'Chosen')]"},
            {"lead_ids": lead.ids},
        ):
            self.assertAudience(self.make_wizard(**choice), lead)
        self.assertAudience(self.make_wizard(revenue_max=4999), other)

    def test_days_without_contact(self):
        quiet, written, met = self.make_lead("Quiet"), self.make_lead("Written"), self.make_lead("Met")
        written.message_post(body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment")
        quiet.message_post(body="Only a note", message_type="comment", subtype_xmlid="mail.mt_note")
        now = fields.Datetime.now()
        self.env["calendar.event"].create(
            [
                {
                    "name": "Visit",
                    "opportunity_id": lead.id,
                    "start": now + timedelta(days=days),
                    "stop": now + timedelta(days=days, hours=1),
                }
                for lead, days in ((met, -2), (quiet, 5))
            ]
        )
        self.assertAudience(self.make_wizard(contact_days=10), quiet)
        self.assertEqual(met.days_since_contact, 2)
        self.assertEqual(written.days_since_contact, 0)

    # The domain

    def test_the_audience_is_an_ordinary_domain_and_a_favourite_filter(self):
        lead = self.make_lead("Lead")
        wizard = self.make_wizard(reason_mode="include", reason_ids=self.stock.ids, topic_id=False)
        domain = ast.literal_eval(wizard.domain)
        self.assertEqual(domain, wizard.get_audience()["domain"])
        leaves = [leaf for leaf in domain if isinstance(leaf, (list, tuple))]
        self.assertTrue(all(leaf[0].partition(".")[0] in lead._fields for leaf in leaves))
        wizard.filter_name = "Back in stock"
        wizard.action_save_filter()
        favourite = self.env["mailing.filter"].search([("name", "=", "Back in stock")])
        self.assertEqual(favourite.mailing_model_name, "crm.lead")
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "From the filter",
                "mailing_model_id": self.env["ir.model"]._get_id("crm.lead"),
                "mailing_filter_id": favourite.id,
            }
        )
        self.assertEqual(mailing.mailing_domain, wizard.domain)
        self.assertEqual(mailing._get_recipients(), lead.ids)
        # and back: a wizard that begins with the filter
        again = self.make_wizard(tag_ids=False, extra_domain=favourite.mailing_domain)
        self.assertAudience(again, lead)
        form = Form(self.env["crm.lead.reactivate"].with_user(self.marketer))
        form.filter_id = favourite
        self.assertEqual(form.extra_domain, favourite.mailing_domain)

    def test_the_documented_minimum_recipe_by_hand(self):
        """Recipients, blacklist, created on, stage not in, reason not in, active set or not set: as documented, with
        what is wrong with it; the tests of the guard rails show what ours does."""
        qualified = self.stage
        proposition = self.env["crm.stage"].create({"name": "Test proposition"})
        found = self.make_lead("Found", stage_id=proposition.id)
        blacklisted = self.make_lead("Blacklisted", stage_id=proposition.id)
        self.env["mail.blacklist"]._add(blacklisted.email_normalized)
        self.make_lead("Early", stage_id=qualified.id)
        self.make_lead("Junk", stage_id=proposition.id, reason=self.junk)
        self.make_lead("Before", stage_id=proposition.id, days=500)
        still_open = self.make_lead("Open", stage_id=proposition.id, days=False)
        start = fields.Datetime.to_string(fields.Datetime.now() - timedelta(days=365))
        recipe = [
            ("tag_ids", "in", self.tag.ids),
            ("is_blacklisted", "=", False),
            ("create_date", ">=", start),
            ("stage_id", "not in", (qualified + self.won_stage).ids),
            ("lost_reason_id", "not in", self.junk.ids),
            "|",
            ("active", "=", True),
            ("active", "=", False),
        ]
        mailing = (
            self.env["mailing.mailing"]
            .with_user(self.marketer)
            .create(
                {
                    "subject": "By hand",
                    "mailing_model_id": self.env["ir.model"]._get_id("crm.lead"),
                    "mailing_domain": repr(recipe),
                }
            )
        )
        self.assertEqual(mailing.total, 2)
        self.assertEqual(set(mailing._get_recipients()), set((found + still_open).ids))

    # Where it is opened from

    def test_it_begins_with_what_it_was_opened_from(self):
        leads = self.make_lead("One") + self.make_lead("Two")
        self.make_lead("Three")
        Wizard = self.env["crm.lead.reactivate"].with_user(self.marketer)
        form = Form(Wizard.with_context(active_model="crm.lead", active_ids=leads.ids, active_id=leads[0].id))
        wizard = form.save()
        self.assertEqual((wizard.lead_ids, wizard.reason_mode, wizard.without_reason), (leads, "any", "in"))
        self.assertAudience(wizard, leads)
        form = Form(Wizard.with_context(active_model="crm.lost.reason", active_ids=self.price.ids))
        wizard = form.save()
        self.assertEqual((wizard.reason_ids, wizard.reason_mode, wizard.without_reason), (self.price, "include", "out"))
        wizard = Form(Wizard).save()
        self.assertEqual((wizard.reason_mode, wizard.without_reason), ("worth", "out"))
        self.assertIn("Test price", Form(Wizard.with_context(default_reason_ids=self.price.ids)).save().name)

    # Rights

    def test_a_salesperson_of_own_documents_finds_own_leads_also_when_the_queue_sends(self):
        own = self.make_lead("Own", user_id=self.own_marketer.id)
        nobodys = self.make_lead("Nobody's")
        others = self.make_lead("Other's", user_id=self.marketer.id)
        wizard = self.make_wizard(user=self.own_marketer)
        audience = wizard.get_audience()
        self.assertEqual((audience["matched"], audience["count"]), (2, 2))
        # the scheduled action of mailings evaluates the domain with system rights
        self.assertEqual(self.env["crm.lead"].sudo().search(audience["domain"]), nobodys + own)
        self.assertAudience(self.make_wizard(), own + nobodys + others)

    def test_leads_of_other_companies_stay_unseen(self):
        other = self.env["res.company"].create({"name": "My Company, Chicago"})
        here = self.make_lead("Here", company_id=self.env.company.id)
        there = self.make_lead("There", company_id=False)
        there.company_id = other
        audience = self.make_wizard().get_audience()
        self.assertEqual(audience["matched"], 1)
        self.assertEqual(self.env["crm.lead"].sudo().search(audience["domain"]), here)

    def test_who_may_not(self):
        sales = new_test_user(
            self.env, "reactivation_sales", "crm_buying_journey.group_sales,sales_team.group_sale_salesman"
        )
        with self.assertRaises(AccessError):
            self.make_wizard(user=sales)
        no_crm = new_test_user(self.env, "reactivation_no_crm", "crm_buying_journey.group_user")
        with self.assertRaises(AccessError):
            self.env["crm.lead.reactivate"].with_user(no_crm).default_get(["lead_ids"])
        with self.assertRaises(AccessError):
            self.make_wizard(user=no_crm, tag_ids=False).get_audience()
        wizard = self.make_wizard()
        with self.assertRaises(AccessError):
            wizard.with_user(self.own_marketer).get_audience()

    # What is made

    def test_the_draft_mailing_with_a_test(self):
        lead = self.make_lead("Lead")
        wizard = self.make_wizard()
        action = wizard.action_create_ab_mailing()
        mailing = self.env["mailing.mailing"].browse(action["res_id"])
        self.assertEqual((mailing.state, mailing.mailing_domain), ("draft", wizard.domain))
        self.assertEqual(mailing._get_recipients(), lead.ids)
        test = mailing.ab_test_id
        self.assertEqual((test.state, test.user_id, len(test.arm_ids)), ("draft", self.marketer, 2))
        self.assertEqual(set(test.arm_ids.mailing_id.mapped("mailing_domain")), {wizard.domain})
        ((view_id, kind),) = action["views"]
        self.assertEqual(kind, "form")
        arch = self.env["mailing.mailing"].with_user(self.marketer).get_view(view_id, "form")["arch"]
        page = etree.fromstring(arch).find(".//page[@name='ab_testing']")
        self.assertEqual(page.get("autofocus"), "autofocus", "the form opens on the A/B tab")
        empty = self.make_wizard(extra_domain=repr([("id", "=", 0)]))
        with self.assertRaisesRegex(UserError, "No lost lead matches"):
            empty.action_create_ab_mailing()

    # Bad input

    def test_contradictions_are_told(self):
        for values, message in (
            ({"date_from": "2025-02-01", "date_to": "2025-01-01"}, "ends before"),
            ({"reason_mode": "include", "reason_ids": False}, "Choose the lost reasons"),
            ({"revenue_min": 10, "revenue_max": 5}, "lies below"),
            ({"extra_domain": "[('x_removed', '=', 1)]"}, "x_removed"),
            ({"extra_domain": "nonsense"}, "nonsense"),
            ({"extra_domain": "[('expected_revenue', '=', 'many')]"}, "does not work|no valid"),
        ):
            wizard = self.make_wizard(**values)
            self.assertRegex(wizard.problem, message)
            with self.assertRaisesRegex(UserError, message):
                wizard.get_audience()
            with self.assertRaisesRegex(UserError, message):
                wizard.action_create_mailing()

    def test_records_that_are_gone_are_told(self):
        self.make_lead("Lead")
        gone_reason, gone_stage = self.Reason.create({"name": "Gone"}), self.env["crm.stage"].create({"name": "Gone"})
        domain = [("lost_reason_id", "in", gone_reason.ids), ("stage_id", "=", gone_stage.id)]
        (gone_reason + self.Reason).unlink()
        gone_stage.unlink()
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "Kept",
                "mailing_model_id": self.env["ir.model"]._get_id("crm.lead"),
                "mailing_domain": repr(domain),
            }
        )
        self.assertRegex(str(mailing._get_findings()), "do not exist any more: Lost Reason, Stage")
        wizard = self.make_wizard(extra_domain=repr(domain))
        self.assertRegex(wizard.problem, "Lost Reason, Stage")
        self.assertAudience(wizard, self.env["crm.lead"])
        with self.assertRaisesRegex(UserError, "No lost lead matches"):
            wizard.action_create_mailing()
