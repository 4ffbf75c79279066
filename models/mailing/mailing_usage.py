# How much is mailed: one row per mail to one address, copies included.
from odoo import fields, models
from odoo.tools import SQL


class MailingUsage(models.Model):
    """Marketable contacts and interactions. An *interaction* is one mail that was sent to one address, be it the
    recipient's or that of somebody in copy: 1,000 recipients with two copies each make 3,000. A *marketable contact*
    is an address that got at least one (Dynamics 365 Customer Insights – Journeys: copies count in both quotas).

    Months are those of UTC. Test mails do not count.
    """

    _name = "mailing.usage"
    _description = "Mailing Usage"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "email"
    _depends = {
        "mailing.trace": ["trace_type", "is_test_trace", "sent_datetime", "email", "mass_mailing_id"],
        "mailing.trace.copy": ["state", "mode", "sent_date", "email", "mailing_id", "trace_id"],
    }

    date = fields.Datetime("Sent On", readonly=True)
    mailing_id = fields.Many2one("mailing.mailing", readonly=True)
    kind = fields.Selection([("recipient", "Recipients"), ("copy", "Copies")], readonly=True)
    email = fields.Char(readonly=True)
    interactions = fields.Integer(readonly=True, aggregator="sum", help="Mails sent, each address counted.")
    # a number for each address, since the host counts different numbers but no different texts
    contact = fields.Integer(
        "Marketable Contacts", readonly=True, aggregator="count_distinct", help="Different addresses mailed."
    )

    @property
    def _table_query(self):
        number = SQL("('x' || left(md5(email), 15))::bit(60)::bigint")
        return SQL(
            """
            SELECT id, date, mailing_id, kind, email, 1 AS interactions, %s AS contact
              FROM (SELECT trace.id * 2 AS id, trace.sent_datetime AS date, trace.mass_mailing_id AS mailing_id,
                           'recipient' AS kind, trace.email
                      FROM mailing_trace trace
                     WHERE trace.trace_type = 'mail' AND trace.is_test_trace IS NOT TRUE
                       AND trace.sent_datetime IS NOT NULL
                     UNION ALL
                    SELECT copy.id * 2 + 1, COALESCE(copy.sent_date, trace.sent_datetime), copy.mailing_id,
                           'copy', copy.email
                      FROM mailing_trace_copy copy
                      JOIN mailing_trace trace ON trace.id = copy.trace_id
                     WHERE copy.state IN ('sent', 'bounced')
                       AND COALESCE(copy.sent_date, trace.sent_datetime) IS NOT NULL
                       AND (copy.mode = 'shared' OR copy.sent_date IS NOT NULL)
                   ) mailed
            """,
            number,
        )
