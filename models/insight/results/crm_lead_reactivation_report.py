# Report: which lost leads came back, by what they were lost for.
from odoo import fields, models
from odoo.tools import SQL


class CrmLeadReactivationReport(models.Model):
    """One row for each time that a lead was lost, as far as it is known: the time that ended when the lead came back
    last, and the present one of a lead that is lost now. ``mailed`` says whether a mailing reached the lead in that
    time; the rate that came back is the share of those.
    """

    _name = "crm.lead.reactivation.report"
    _description = "Reactivation of Lost Leads"
    _auto = False
    _order = "lost_date desc, id desc"
    _rec_name = "lead_id"
    _depends = {
        "mailing.trace": ["trace_status", "sent_datetime", "model", "res_id"],
        "crm.lead": [
            "won_status",
            "lost_reason_id",
            "date_closed",
            "expected_revenue",
            "team_id",
            "user_id",
            "company_id",
            "reactivated_date",
            "reactivation_lost_date",
            "reactivation_lost_reason_id",
            "reactivation_mailing_id",
            "reactivation_response",
        ],
    }

    lead_id = fields.Many2one("crm.lead", readonly=True)
    lost_reason_id = fields.Many2one("crm.lost.reason", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    mailing_id = fields.Many2one("mailing.mailing", "Brought Back by Mailing", readonly=True)
    response = fields.Selection([("reply", "An Answer"), ("form", "A Form"), ("click", "A Click")], readonly=True)
    lost_date = fields.Datetime("Lost On", readonly=True)
    mail_date = fields.Datetime("First Mail On", readonly=True)
    reactivated_date = fields.Datetime("Came Back On", readonly=True)
    mailed = fields.Integer(readonly=True, help="A mailing was sent to the lead while it was lost.")
    reactivated = fields.Integer("Came Back", readonly=True)
    won = fields.Integer(readonly=True)
    rate = fields.Float(
        "Came Back of Those Mailed (%)", readonly=True, aggregator="avg", help="Leads without a mail do not count."
    )
    days_lost = fields.Float("Days from Loss to Return", readonly=True, aggregator="avg")
    days_mail = fields.Float("Days from Mail to Return", readonly=True, aggregator="avg")
    expected_revenue = fields.Monetary(readonly=True, currency_field="currency_id")
    recovered_revenue = fields.Monetary("Recovered Expected Revenue", readonly=True, currency_field="currency_id")
    won_revenue = fields.Monetary("Recovered and Won", readonly=True, currency_field="currency_id")

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT period.id, period.lead_id, period.lost_reason_id, period.team_id, period.user_id, period.company_id,
                   COALESCE(company.currency_id, %(currency)s) AS currency_id, period.mailing_id, period.response,
                   period.lost_date, mail.date AS mail_date, period.reactivated_date,
                   (mail.date IS NOT NULL)::int AS mailed, (period.reactivated_date IS NOT NULL)::int AS reactivated,
                   (period.reactivated_date IS NOT NULL AND period.is_won)::int AS won,
                   CASE WHEN mail.date IS NOT NULL
                        THEN 100.0 * (period.reactivated_date IS NOT NULL)::int END AS rate,
                   extract(epoch FROM period.reactivated_date - period.lost_date) / 86400 AS days_lost,
                   extract(epoch FROM period.reactivated_date - mail.date) / 86400 AS days_mail,
                   period.revenue AS expected_revenue,
                   CASE WHEN period.reactivated_date IS NOT NULL THEN period.revenue ELSE 0 END AS recovered_revenue,
                   CASE WHEN period.reactivated_date IS NOT NULL AND period.is_won
                        THEN period.revenue ELSE 0 END AS won_revenue
              FROM (
                SELECT lead.id * 2 AS id, lead.id AS lead_id, lead.reactivation_lost_reason_id AS lost_reason_id,
                       lead.team_id, lead.user_id, lead.company_id, lead.reactivation_mailing_id AS mailing_id,
                       lead.reactivation_response AS response, lead.won_status = 'won' AS is_won,
                       COALESCE(lead.reactivation_lost_date, lead.create_date) AS lost_date,
                       lead.reactivated_date, lead.expected_revenue AS revenue
                  FROM crm_lead lead WHERE lead.reactivated_date IS NOT NULL
             UNION ALL
                SELECT lead.id * 2 + 1, lead.id, lead.lost_reason_id, lead.team_id, lead.user_id, lead.company_id, NULL,
                       NULL, FALSE, COALESCE(lead.date_closed, lead.create_date), NULL, lead.expected_revenue
                  FROM crm_lead lead WHERE lead.won_status = 'lost'
              ) period
              LEFT JOIN res_company company ON company.id = period.company_id
              LEFT JOIN LATERAL (
                    SELECT MIN(trace.sent_datetime) AS date
                      FROM mailing_trace trace
                     WHERE trace.model = 'crm.lead' AND trace.res_id = period.lead_id AND trace.trace_type = 'mail'
                       AND trace.is_test_trace IS NOT TRUE
                       AND trace.trace_status IN ('pending', 'sent', 'open', 'reply', 'bounce')
                       AND trace.sent_datetime >= period.lost_date
                       AND (period.reactivated_date IS NULL OR trace.sent_datetime <= period.reactivated_date)
                   ) mail ON TRUE
            """,
            currency=self.env.company.currency_id.id,
        )

    def action_open_lead(self):
        """Button: the lead itself."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead",
            "res_id": self.lead_id.id,
            "view_mode": "form",
            "context": {"active_test": False},
        }
