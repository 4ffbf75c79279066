# Insight: which lost leads would be worth a mail now, by reason and month.
from collections import defaultdict

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import formatLang

# how far back one looks
MONTHS = 36


class CrmLeadSuggestion(models.TransientModel):
    """One row for each lost reason and month in which leads were lost. Rows are made anew for each user who opens the
    list, from the leads that this user may read, and only this user sees them.
    """

    _name = "crm.lead.suggestion"
    _description = "Lost Leads by Reason and Month"
    _order = "month desc, expected_revenue desc, id"

    name = fields.Char(compute="_compute_name")
    reason_id = fields.Many2one("crm.lost.reason", "Lost Reason", ondelete="cascade")
    kind = fields.Selection(related="reason_id.kind")
    worth_reactivating = fields.Boolean(related="reason_id.worth_reactivating")
    month = fields.Date("Month Lost")
    year = fields.Char("Year Lost")
    months_ago = fields.Integer()
    lead_count = fields.Integer("Leads")
    expected_revenue = fields.Monetary(currency_field="currency_id")
    currency_id = fields.Many2one("res.currency")
    is_due = fields.Boolean("Waiting Time Over", help="So long after the month ended a new offer makes sense.")

    @api.depends("reason_id", "lead_count", "months_ago", "expected_revenue")
    @api.depends_context("lang")
    def _compute_name(self):
        for row in self:
            revenue = formatLang(self.env, row.expected_revenue, digits=0, currency_obj=row.currency_id)
            row.name = row._get_sentence(count=row.lead_count, revenue=revenue, ago=row._get_age())

    def _get_age(self):
        if not self.months_ago:
            return self.env._("this month")
        if self.months_ago == 1:
            return self.env._("last month")
        return self.env._("%(months)s months ago", months=self.months_ago)

    def _get_sentence(self, **values):
        """:param values: ``count``, ``ago``, ``revenue``"""
        if not self.reason_id:
            if self.lead_count == 1:
                return self.env._("One lead lost without a reason, %(ago)s, %(revenue)s", **values)
            return self.env._("%(count)s leads lost without a reason, %(ago)s, %(revenue)s", **values)
        values["reason"] = self.reason_id.name
        if self.lead_count == 1:
            return self.env._("One lead lost for “%(reason)s”, %(ago)s, %(revenue)s", **values)
        return self.env._("%(count)s leads lost for “%(reason)s”, %(ago)s, %(revenue)s", **values)

    @api.model
    def action_open_list(self):
        """Menu: make this user's rows anew and show them."""
        self.search([("create_uid", "=", self.env.uid)]).unlink()
        self.create(self._prepare_rows())
        return self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.crm_lead_suggestion_action")

    @api.model
    def _prepare_rows(self):
        """:return: values of the rows; one statement, with the rights of the user"""
        today = fields.Date.context_today(self)
        start = today.replace(day=1) - relativedelta(months=MONTHS)
        groups = (
            self.env["crm.lead"]
            .with_context(active_test=False)
            ._read_group(
                [("active", "=", False), ("won_status", "=", "lost"), ("date_closed", ">=", start)],
                ["lost_reason_id", "date_closed:month", "company_id"],
                ["__count", "expected_revenue:sum"],
            )
        )
        currency = self.env.company.currency_id
        counts, revenues = defaultdict(int), defaultdict(float)
        for reason, month, company, count, revenue in groups:
            key = (reason, month.date() if hasattr(month, "date") else month)
            counts[key] += count
            own = (company.sudo() or self.env.company).currency_id
            revenues[key] += own._convert(revenue or 0, currency, self.env.company, today, round=False)
        rows = []
        for (reason, month), count in counts.items():
            age = relativedelta(today.replace(day=1), month)
            last = month + relativedelta(months=1, days=-1)
            rows.append(
                {
                    "reason_id": reason.id,
                    "month": month,
                    "year": str(month.year),
                    "months_ago": age.years * 12 + age.months,
                    "lead_count": count,
                    "expected_revenue": revenues[reason, month],
                    "currency_id": currency.id,
                    "is_due": bool(reason) and last + relativedelta(days=reason.waiting_days) <= today,
                }
            )
        return rows

    def action_reactivate(self):
        """Button: the wizard, with this reason and month chosen; several rows make one audience.

        Several rows must be about one month or one reason, or more leads than theirs would match.
        """
        months = sorted(set(self.mapped("month")))
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.crm_lead_reactivate_action")
        without = any(not row.reason_id for row in self)
        return action | {
            "context": {
                "default_date_from": fields.Date.to_string(months[0]),
                "default_date_to": fields.Date.to_string(months[-1] + relativedelta(months=1, days=-1)),
                "default_reason_ids": self.reason_id.ids,
                "default_reason_mode": "include" if self.reason_id else "any",
                "default_without_reason": "in" if without else "out",
                **({} if self.reason_id else {"default_extra_domain": "[('lost_reason_id', '=', False)]"}),
            }
        }
