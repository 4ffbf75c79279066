# What the tests of lost leads and their reactivation share.
from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import new_test_user

from odoo.addons.mass_mailing.tests.common import MassMailCommon


class LostLeadsCase(MassMailCommon):
    """A marketer who sees all leads, a salesperson who sees the own ones, and lost leads made as people lose them.

    The database also holds demo data, so each test marks its leads with a tag and limits the audience to it.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.marketer = new_test_user(
            cls.env,
            "reactivation_user",
            "crm_buying_journey.group_user,sales_team.group_sale_salesman_all_leads",
            email="reactivation.user@test.example.com",
            lang="en_US",
        )
        cls.own_marketer = new_test_user(
            cls.env,
            "reactivation_own",
            "crm_buying_journey.group_user,sales_team.group_sale_salesman",
            email="reactivation.own@test.example.com",
            lang="en_US",
        )
        cls.Reason = cls.env["crm.lost.reason"]
        cls.stock, cls.price, cls.junk = cls.Reason.create(
            [
                {"name": "Test stock", "kind": "product"},
                {"name": "Test price", "kind": "price"},
                {"name": "Test junk", "kind": "junk"},
            ]
        )
        cls.tag = cls.env["crm.tag"].create({"name": "Reactivation test"})
        cls.stage = cls.env["crm.stage"].search([("is_won", "=", False)], limit=1)
        cls.won_stage = cls.env["crm.stage"].search([("is_won", "=", True)], limit=1)
        cls.person = cls.env["res.partner"].create({"name": "Brandon Test", "email": "brandon@guard.example.com"})

    @classmethod
    def make_lead(cls, name="Lead", email=None, reason=None, days=60, created=None, **values):
        """A lost lead.

        :param email: ``None`` for that of the contact or one of its own, ``False`` for none
        :param reason: why it was lost; ``None`` for stock, ``False`` for no reason
        :param int days: since it was lost; ``False`` for an open lead
        :param int created: days since it was created; before it was lost by default
        """
        if email is None and not values.get("partner_id"):
            email = f"{name.lower().replace(' ', '.')}@lead.example.com"
        lead = cls.env["crm.lead"].create(
            {
                "name": name,
                "type": "opportunity",
                "user_id": False,
                "stage_id": cls.stage.id,
                "tag_ids": [(6, 0, cls.tag.ids)],
                # a lead takes the address of its contact by itself
                **({} if email is None else {"email_from": email}),
                **values,
            }
        )
        if days is not False:
            lead.action_set_lost(lost_reason_id=(cls.stock if reason is None else reason or cls.Reason).id)
            lead.date_closed = datetime.now() - timedelta(days=days)
        cls.env.flush_all()
        if created or days:
            cls.env.cr.execute(
                "UPDATE crm_lead SET create_date = %s WHERE id = %s",
                [fields.Datetime.now() - timedelta(days=created or days + 30), lead.id],
            )
            lead.invalidate_recordset(["create_date"])
        return lead

    @classmethod
    def make_wizard(cls, user=None, **values):
        """A wizard over the leads of this test; by default the reason is stock and all guard rails are on."""
        values = {"tag_ids": [(6, 0, cls.tag.ids)], "reason_mode": "any", "without_reason": "in"} | values
        return cls.env["crm.lead.reactivate"].with_user(user or cls.marketer).create(values)

    @classmethod
    def make_order(cls, partner, days=10, state="sale"):
        order = cls.env["sale.order"].create({"partner_id": partner.id})
        order.write({"state": state, "date_order": fields.Datetime.now() - timedelta(days=days)})
        return order

    @classmethod
    def make_trace(cls, lead, days=3, **values):
        mailing = cls.env["mailing.mailing"].create(
            {"subject": "Earlier", "mailing_model_id": cls.env["ir.model"]._get_id("crm.lead")}
        )
        return cls.env["mailing.trace"].create(
            {
                "mass_mailing_id": mailing.id,
                "model": "crm.lead",
                "res_id": lead.id,
                "email": lead.email_normalized,
                "trace_status": "sent",
                "sent_datetime": fields.Datetime.now() - timedelta(days=days),
                **values,
            }
        )

    def get_leads(self, wizard_or_domain, user=None):
        """The leads that would be mailed."""
        domain = wizard_or_domain
        if hasattr(domain, "get_audience"):
            domain = domain.get_audience()["domain"]
        return self.env["crm.lead"].with_user(user or self.marketer).search(domain).with_env(self.env)

    def assertAudience(self, wizard, leads, **excluded):
        """Exactly these leads would be mailed; the guard rails take away as many as said, and the numbers add up."""
        audience = wizard.get_audience()
        self.assertEqual({key: count for key, count in audience["excluded"].items() if count}, excluded)
        self.assertEqual(set(self.get_leads(audience["domain"]).ids), set(leads.ids))
        self.assertEqual(audience["count"], len(leads))
        self.assertEqual(audience["matched"], len(leads) + sum(excluded.values()))
