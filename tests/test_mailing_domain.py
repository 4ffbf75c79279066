# Mailings whose filter does not work any more: told, not a traceback, and no other mailing waits for it.
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tests import Form, tagged

from .common_lost_leads import LostLeadsCase


@tagged("post_install", "-at_install")
class TestMailingDomain(LostLeadsCase):
    def make_mailing(self, domain, **values):
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "Offer",
                "mailing_model_id": self.env["ir.model"]._get_id("crm.lead"),
                "mailing_domain": domain,
                "user_id": self.marketer.id,
                "body_html": "<p>Hello</p>",
                **values,
            }
        )
        return mailing.with_user(self.marketer)

    def test_a_removed_field_is_told(self):
        lead = self.make_lead("Lead")
        model = self.env["ir.model"]._get("crm.lead")
        field = self.env["ir.model.fields"].create(
            {"name": "x_segment", "model_id": model.id, "ttype": "char", "field_description": "Segment"}
        )
        domain = f"[('x_segment', '=', False), ('active', '=', False), ('id', '=', {lead.id})]"
        mailing = self.make_mailing(domain)
        self.assertEqual(mailing.total, 1)
        self.assertFalse(mailing.warning_message)
        field.unlink()
        mailing.invalidate_recordset()
        self.assertEqual(mailing.total, 0)
        self.assertIn("x_segment", mailing.warning_message)
        self.assertIn("x_segment", Form(mailing).warning_message)
        with self.assertRaisesRegex(UserError, "x_segment"):
            mailing.action_send_mail()

    def test_asking_a_few_recipients_part_by_part_comes_to_the_same(self):
        leads = self.make_lead("First") + self.make_lead("Second") + self.make_lead("Third", expected_revenue=5)
        leads[1].active = True
        few = [("id", "in", leads.ids)]
        Lead = self.env["crm.lead"]
        for domain in (
            [],
            [("expected_revenue", "=", 5)],
            [("active", "=", False), ("expected_revenue", "=", 0)],
            [("expected_revenue", "=", 0), "|", ("active", "=", True), ("active", "=", False)],
            ["|", ("expected_revenue", "=", 5), ("active", "=", True)],
            [("expected_revenue", "=", 7), ("active", "=", False)],
        ):
            mailing = self.make_mailing(repr(domain))
            found = mailing._find_matching(Domain(domain), leads.ids)
            self.assertEqual(found, set(Lead.search(Domain(domain) & Domain(few)).ids), domain)

    def test_a_broken_filter_stops_no_other_mailing(self):
        lead = self.make_lead("Lead")
        domain = f"[('id', '=', {lead.id}), ('active', '=', False)]"
        broken, sound = self.make_mailing(domain), self.make_mailing(domain)
        for mailing in broken + sound:
            mailing.action_put_in_queue()
        # a field goes while the mailing waits
        broken.sudo().mailing_domain = "[('x_removed', '=', 1)]"
        (broken + sound).schedule_date = fields.Datetime.now() - timedelta(minutes=1)
        with (
            self.mock_mail_gateway(mail_unlink_sent=False),
            patch.object(type(self.env["ir.cron"]), "_commit_progress", lambda *args, **kwargs: 1),
        ):
            self.env["mailing.mailing"]._process_mass_mailing_queue()
        self.assertEqual((broken.state, sound.state), ("draft", "done"))
        self.assertEqual(sound.mailing_trace_ids.mapped("email"), ["lead@lead.example.com"])
        self.assertIn("x_removed", broken.message_ids[0].body)
        self.assertIn(self.marketer.partner_id, broken.message_ids[0].notified_partner_ids)
