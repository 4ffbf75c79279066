# What the tests of lost leads share.
from datetime import timedelta

from odoo import fields

from .common_journey import JourneyCase


class ReactivationCase(JourneyCase):
    """Three leads of a salesperson, lost for stock 90 days ago: two with a contact, one with an address only."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Lead = cls.env["crm.lead"]
        cls.reason = cls.env["crm.lost.reason"].create({"name": "Out of stock"})
        cls.salesperson.write({"notification_type": "inbox"})
        cls.team = cls.env["crm.team"].create({"name": "Test team", "user_id": cls.manager.id, "company_id": False})
        cls.lead, cls.other_lead, cls.bare_lead = cls.leads = cls.make_lost(
            [
                {"name": "Office for 12", "partner_id": cls.brandon.id, "expected_revenue": 1000},
                {"name": "Chairs", "partner_id": cls.colleen.id, "expected_revenue": 500},
                {"name": "Desks", "email_from": "nobody.known@example.com", "expected_revenue": 200},
            ]
        )
        cls.audience = [("active", "=", False), ("won_status", "=", "lost"), ("id", "in", cls.leads.ids)]

    @classmethod
    def make_lost(cls, values_list, days=90, reason=None):
        base = {"type": "opportunity", "user_id": cls.salesperson.id, "team_id": cls.team.id}
        leads = cls.Lead.create([base | values for values in values_list])
        leads.action_set_lost(lost_reason_id=(reason or cls.reason).id)
        leads.date_closed = fields.Datetime.now() - timedelta(days=days)
        cls.env.flush_all()
        return leads

    @classmethod
    def mail(cls, leads, sent_hours=24, **values):
        """A mailing that reached these leads some hours ago; returns its traces in the order of the leads."""
        mailing = cls.env["mailing.mailing"].create(
            {
                "subject": "Back in stock",
                "mailing_model_id": cls.env["ir.model"]._get_id("crm.lead"),
                "mailing_type": "mail",
                "state": "done",
                **values,
            }
        )
        return cls.env["mailing.trace"].create(
            [
                {
                    "mass_mailing_id": mailing.id,
                    "model": "crm.lead",
                    "res_id": lead.id,
                    "email": lead.email_normalized,
                    "trace_status": "sent",
                    "trace_type": "mail",
                    "message_id": f"<{mailing.id}.{lead.id}@test>",
                    "sent_datetime": fields.Datetime.now() - timedelta(hours=sent_hours),
                }
                for lead in leads
            ]
        )

    @classmethod
    def at(cls, traces, code, hours=1, **values):
        """Activities of these traces, so many hours ago; what the host notes on the trace, too."""
        date = values.get("date") or fields.Datetime.now() - timedelta(hours=hours)
        activities = cls.env["engagement.activity"].create(
            [
                {
                    "type_id": cls.env["engagement.activity.type"]._get_by_code(code).id,
                    "partner_id": traces._get_partners().get(trace.id, cls.env["res.partner"]).id,
                    "date": date,
                    "subject": trace.mass_mailing_id.subject,
                    "res_model": "mailing.trace",
                    "res_id": trace.id,
                    **values,
                }
                for trace in traces
            ]
        )
        names = {"email_opened": "open_datetime", "email_clicked": "links_click_datetime"}
        names["email_replied"] = "reply_datetime"
        traces.write({names[code]: date, **({"trace_status": "reply"} if code == "email_replied" else {})})
        return activities

    @classmethod
    def make_action(cls, **values):
        return cls.env["ir.actions.server"].create(
            {"name": "Restore", "state": "lead_restore", "model_id": cls.env["ir.model"]._get_id("crm.lead"), **values}
        )

    @classmethod
    def run_action(cls, action, leads, user=None, **context):
        leads.invalidate_recordset()
        action = action.with_user(user or cls.marketer).with_context(
            active_model="crm.lead", active_ids=leads.ids, active_id=leads.ids[0], **context
        )
        result = action.run()
        cls.env.flush_all()
        return result
