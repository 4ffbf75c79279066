# What is wrong with the recipe that the host's documentation gives for lost leads, and that ours does it right.
from datetime import timedelta

from odoo import Command, fields
from odoo.tests import tagged

from .common_lost_leads import LostLeadsCase


@tagged("post_install", "-at_install")
class TestDocumentedRecipe(LostLeadsCase):
    """Each defect once by the recipe, which shows it, and once by our audience, which does not."""

    def setUp(self):
        super().setUp()
        self.proposition = self.env["crm.stage"].create({"name": "Test proposition"})

    def by_recipe(self, *reason_conditions, since=365):
        """Leads that the recipe finds: not blacklisted, created lately, stage not in, reasons, active set or not."""
        domain = [
            ("tag_ids", "in", self.tag.ids),
            ("is_blacklisted", "=", False),
            ("create_date", ">=", fields.Datetime.now() - timedelta(days=since)),
            ("stage_id", "not in", (self.stage + self.won_stage).ids),
            *reason_conditions,
            "|",
            ("active", "=", True),
            ("active", "=", False),
        ]
        return self.env["crm.lead"].with_user(self.marketer).search(domain).with_env(self.env)

    def by_ours(self, **values):
        return self.get_leads(self.make_wizard(**values))

    def make_late(self, name, **values):
        return self.make_lead(name, stage_id=self.proposition.id, **values)

    def test_1_created_on_is_not_lost_on(self):
        lead = self.make_late("Lead", days=7, created=730)
        self.assertFalse(self.by_recipe())
        self.assertEqual(self.by_ours(date_from=fields.Date.today() - timedelta(days=30)), lead)

    def test_2_leads_lost_early_are_not_dropped(self):
        lead = self.make_lead("Lead", stage_id=self.stage.id)
        self.assertFalse(self.by_recipe())
        self.assertEqual(self.by_ours(), lead)

    def test_3_live_deals_get_no_win_back_mail(self):
        deal = self.make_late("Deal", days=False)
        self.assertEqual(self.by_recipe(("lost_reason_id", "not in", self.junk.ids)), deal)
        exclude = {"reason_mode": "exclude", "reason_ids": self.junk.ids}
        for choice in ("in", "out"):
            self.assertFalse(self.by_ours(**exclude, without_reason=choice, later_reasons="in"))

    def test_4_leads_without_a_reason_are_a_choice(self):
        lead = self.make_late("Lead", reason=False)
        self.assertEqual(self.by_recipe(("lost_reason_id", "not in", self.junk.ids)), lead, "silently in")
        self.assertFalse(self.by_recipe(("lost_reason_id", "in", self.stock.ids)), "silently out")
        for mode, reason in (("exclude", self.junk), ("include", self.stock)):
            choice = {"reason_mode": mode, "reason_ids": reason.ids}
            self.assertEqual(self.by_ours(**choice, without_reason="in"), lead)
            self.assertFalse(self.by_ours(**choice, without_reason="out"))

    def test_5_new_reasons_do_not_slip_into_a_kept_filter(self):
        kept = self.make_wizard(reason_mode="exclude", reason_ids=self.junk.ids, without_reason="out").get_audience()
        later = self.make_late("Lead", reason=self.Reason.create({"name": "Test spam"}))
        self.assertEqual(self.by_recipe(("lost_reason_id", "not in", self.junk.ids)), later)
        self.assertFalse(self.get_leads(kept["domain"]))

    def test_6_customers_and_open_deals_of_the_person_are_left_alone(self):
        lost = self.make_late("Lost", email="person@test.example.com")
        deal = self.make_lead("Deal", email="Person@test.example.com", days=False, stage_id=self.stage.id)
        self.assertEqual(self.by_recipe(), lost)
        self.assertFalse(self.by_ours())
        deal.action_set_won()
        self.assertFalse(self.by_ours())

    def test_7_one_person_with_two_leads_gets_one_mail(self):
        older = self.make_late("Older", email="person@test.example.com", days=90)
        newer = self.make_late("Newer", email="Person <PERSON@test.example.com>", days=30)
        self.assertEqual(self.by_recipe(), newer + older)
        self.assertEqual(self.by_ours(), newer)

    def test_8_a_blacklisted_contact_is_left_alone(self):
        contact = self.env["res.partner"].create({"name": "Contact", "email": "contact@test.example.com"})
        lead = self.make_late("Lead")
        self.env.flush_all()
        self.env.cr.execute("UPDATE crm_lead SET partner_id = %s WHERE id = %s", [contact.id, lead.id])
        self.env.invalidate_all()
        self.env["mail.blacklist"]._add(contact.email)
        self.assertEqual(self.by_recipe(), lead)
        self.assertFalse(self.by_ours())

    def test_10_leaving_a_topic_is_not_leaving_everything(self):
        topic, other = self.env["mailing.list"].create(
            [{"name": "Offers", "is_public": True}, {"name": "Events", "is_public": True}]
        )
        lead = self.make_late("Lead")
        self.env["mailing.contact"].create(
            {
                "email": lead.email_from,
                "subscription_ids": [Command.create({"list_id": topic.id, "opt_out": True})],
            }
        )
        self.assertEqual(self.by_recipe(), lead)
        self.assertFalse(self.by_ours(topic_id=topic.id))
        self.assertEqual(self.by_ours(topic_id=other.id), lead)
