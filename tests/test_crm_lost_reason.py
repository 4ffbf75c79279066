# Lost reasons: their kind of cause, and what is proposed from them.
from datetime import date
from unittest.mock import patch

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common_lost_leads import LostLeadsCase


@tagged("post_install", "-at_install")
class TestLostReason(LostLeadsCase):
    def test_shipped_reasons_have_a_kind(self):
        kinds = {name: self.env.ref(f"crm.lost_reason_{name}").kind for name in (1, 2, 3)}
        self.assertEqual(kinds, {1: "price", 2: "capacity", 3: "product"})
        stock = self.env.ref("crm.lost_reason_3")
        self.assertEqual((stock.worth_reactivating, stock.waiting_days), (True, 30))
        # what somebody said stays said; a reason that somebody deleted harms nothing
        stock.kind = "timing"
        self.env["ir.model.data"].search([("module", "=", "crm"), ("name", "=", "lost_reason_1")]).unlink()
        self.Reason._prefill_kinds()
        self.assertEqual(stock.kind, "timing")

    def test_the_kind_proposes_and_the_user_decides(self):
        reason = self.Reason.create({"name": "New"})
        self.assertEqual((reason.kind, reason.worth_reactivating), ("other", False))
        reason.kind = "price"
        self.assertEqual((reason.worth_reactivating, reason.waiting_days), (True, 180))
        reason.write({"worth_reactivating": False, "waiting_days": 5})
        self.env.invalidate_all()
        self.assertEqual((reason.worth_reactivating, reason.waiting_days), (False, 5))
        self.assertFalse(self.junk.worth_reactivating)


@tagged("post_install", "-at_install")
class TestSuggestion(LostLeadsCase):
    def open_rows(self, user=None):
        Suggestion = self.env["crm.lead.suggestion"].with_user(user or self.marketer)
        Suggestion.action_open_list()
        reasons = self.stock + self.price + self.junk
        return Suggestion.search([("reason_id", "in", reasons.ids)])

    def test_rows_by_reason_and_month_open_the_wizard(self):
        today = fields.Date.today()
        month = today.replace(day=1) - relativedelta(months=7)
        leads = self.env["crm.lead"]
        for number in range(3):
            lead = self.make_lead(f"Lead {number}", expected_revenue=1000)
            lead.date_closed = fields.Datetime.to_datetime(month + relativedelta(days=5 + number))
            leads += lead
        self.make_lead("Price", reason=self.price, days=1)
        self.make_lead("Junk", reason=self.junk, days=400)
        rows = self.open_rows()
        stock = rows.filtered(lambda row: row.reason_id == self.stock)
        self.assertEqual((stock.lead_count, stock.expected_revenue, stock.months_ago), (3, 3000, 7))
        self.assertTrue(stock.is_due)
        self.assertRegex(stock.name, r"^3 leads lost for “Test stock”, 7 months ago, .*3,000")
        price = rows.filtered(lambda row: row.reason_id == self.price)
        self.assertEqual((price.is_due, price.worth_reactivating), (False, True))
        junk = rows.filtered(lambda row: row.reason_id == self.junk)
        self.assertFalse(junk.worth_reactivating)
        action = stock.action_reactivate()
        Wizard = self.env["crm.lead.reactivate"].with_user(self.marketer).with_context(**action["context"])
        wizard = Form(Wizard).save()
        self.assertAudience(wizard, leads)
        # opening it again counts anew, without the old rows
        leads[0].action_unarchive()
        again = self.open_rows().filtered(lambda row: row.reason_id == self.stock)
        self.assertEqual(again.lead_count, 2)

    def test_leads_without_a_reason(self):
        lead = self.make_lead("Lead", reason=False, days=100)
        self.open_rows()
        month = lead.date_closed.date().replace(day=1)
        rows = self.env["crm.lead.suggestion"].with_user(self.marketer)
        row = rows.search([("reason_id", "=", False), ("month", "=", month)])
        self.assertFalse(row.is_due)
        Wizard = rows.env["crm.lead.reactivate"].with_context(**row.action_reactivate()["context"])
        wizard = Form(Wizard).save()
        self.assertIn(lead, self.get_leads(wizard))
        self.assertFalse(self.get_leads(wizard).lost_reason_id)

    def test_everybody_counts_what_they_may_read(self):
        self.make_lead("Other's", user_id=self.marketer.id)
        self.make_lead("Own", user_id=self.own_marketer.id)
        self.assertEqual(sum(self.open_rows().mapped("lead_count")), 2)
        self.assertEqual(sum(self.open_rows(self.own_marketer).mapped("lead_count")), 1)
        # and rows of others stay theirs
        self.assertEqual(sum(self.open_rows().mapped("lead_count")), 2)

    def test_a_month_is_over_before_its_leads_are_due(self):
        """Lost on the first of March and a waiting time of 30 days: all leads of March are due on the 30th of April."""
        lead = self.make_lead("Lead")
        lead.date_closed = "2026-03-01 12:00:00"
        for day, due in ((date(2026, 4, 29), False), (date(2026, 4, 30), True)):
            with patch.object(fields.Date, "context_today", lambda record, timestamp=None, day=day: day):
                rows = self.env["crm.lead.suggestion"].with_user(self.marketer)._prepare_rows()
            row = next(row for row in rows if row["reason_id"] == self.stock.id)
            self.assertEqual(row["is_due"], due)

    def test_sales_has_no_suggestions(self):
        with self.assertRaises(AccessError):
            self.open_rows(self.user_employee)
