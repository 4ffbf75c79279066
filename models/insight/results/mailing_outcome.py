# One row for each mail that was sent: what the recipient did with it, so that all figures add up.
from odoo import api, fields, models
from odoo.tools import SQL


class MailingOutcome(models.Model):
    """What became of each mail. The host keeps one status per mail, in which the last event overwrites the others;
    here each question has its own answer, read from the trace and from the log of what happened:

    * ``sent``: handed to the mail server; all rows
    * ``bounced``: came back, and nothing shows that a person got it; ``received``: all others
    * ``opened``, ``clicked``, ``replied``: by a person. What a virus scanner did (see
      ``engagement.collector._mark_automatic``), and absence notes, do not count
    * ``engaged``: any of these three; ``ignored``: received, and none of them
    * ``opened_raw``, ``clicked_raw``: the same with what machines did, of mails that were received
    * ``unsubscribed``: by a link in this very mail

    So sent = received + bounced, and received = ignored + engaged. Mails of tests and copies to others are no rows.
    """

    _name = "mailing.outcome"
    _description = "Result of a Mail"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "email"
    _depends = {
        "mailing.trace": [
            "trace_status",
            "sent_datetime",
            "open_datetime",
            "links_click_datetime",
            "reply_datetime",
            "is_automatic_reply",
            "unsubscribed_datetime",
        ],
        "mailing.mailing": ["journey_node_id"],
        "engagement.activity": ["type_id", "date", "is_automatic", "res_model", "res_id"],
        "crm.lead": ["reactivation_mailing_id", "reactivated_date"],
    }

    mailing_id = fields.Many2one("mailing.mailing", readonly=True)
    campaign_id = fields.Many2one("utm.campaign", readonly=True)
    journey_id = fields.Many2one("journey.journey", readonly=True)
    node_id = fields.Many2one("journey.node", "Journey Step", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    trace_id = fields.Many2one("mailing.trace", "Mail", readonly=True)
    model = fields.Char("Document Model", readonly=True)
    res_id = fields.Many2oneReference("Recipient", model_field="model", readonly=True)
    email = fields.Char(readonly=True)
    date = fields.Datetime("Sent On", readonly=True)
    sent = fields.Integer(readonly=True)
    received = fields.Integer(readonly=True)
    bounced = fields.Integer(readonly=True)
    opened = fields.Integer(readonly=True)
    clicked = fields.Integer(readonly=True)
    replied = fields.Integer(readonly=True)
    opened_raw = fields.Integer("Opened, with Machines", readonly=True, help="Also what virus scanners opened.")
    clicked_raw = fields.Integer("Clicked, with Machines", readonly=True, help="Also what virus scanners clicked.")
    unsubscribed = fields.Integer(readonly=True, help="Unsubscribed by a link in this mail.")
    last_date = fields.Datetime(
        "Last Activity", readonly=True, help="When it was sent, opened, clicked or answered last, be it by a machine."
    )
    engaged = fields.Integer(readonly=True, help="Opened, clicked or replied.")
    ignored = fields.Integer(readonly=True, help="Received, and nothing done with it.")
    reactivated = fields.Integer("Brought Back", readonly=True, help="Lost leads that this mail brought back.")
    ignored_percent = fields.Float("Ignored (%)", readonly=True, aggregator="avg")
    clicked_percent = fields.Float("Clicked (%)", readonly=True, aggregator="avg")
    replied_percent = fields.Float("Replied (%)", readonly=True, aggregator="avg")

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT mail.*, 1 AS sent, mail.bounce AS bounced, 1 - mail.bounce AS received,
                   1 - mail.bounce - mail.engaged AS ignored,
                   mail.opened_any * (1 - mail.bounce) AS opened_raw,
                   mail.clicked_any * (1 - mail.bounce) AS clicked_raw,
                   CASE WHEN mail.bounce = 0 THEN 100.0 * (1 - mail.engaged) END AS ignored_percent,
                   CASE WHEN mail.bounce = 0 THEN 100.0 * mail.clicked END AS clicked_percent,
                   CASE WHEN mail.bounce = 0 THEN 100.0 * mail.replied END AS replied_percent
              FROM (
                SELECT did.id, did.id AS trace_id, did.mass_mailing_id AS mailing_id, did.campaign_id, node.journey_id,
                       node.id AS node_id, journey.company_id, did.model, did.res_id, did.email,
                       did.sent_datetime AS date,
                       did.unsubscribed::int AS unsubscribed, did.last_date,
                       (did.opened_any OR did.opened)::int AS opened_any,
                       (did.clicked_any OR did.clicked)::int AS clicked_any,
                       did.opened::int AS opened, did.clicked::int AS clicked, did.replied::int AS replied,
                       (did.opened OR did.clicked OR did.replied)::int AS engaged,
                       (did.trace_status = 'bounce'
                           AND NOT (did.opened OR did.clicked OR did.replied OR did.unsubscribed))::int AS bounce,
                       (lead.id IS NOT NULL)::int AS reactivated
                  FROM (%(did)s) did
                  JOIN mailing_mailing mailing ON mailing.id = did.mass_mailing_id
                  LEFT JOIN journey_node node ON node.id = mailing.journey_node_id
                  LEFT JOIN journey_journey journey ON journey.id = node.journey_id
                  LEFT JOIN crm_lead lead
                    ON did.model = 'crm.lead' AND lead.id = did.res_id
                   AND lead.reactivation_mailing_id = did.mass_mailing_id
                   AND NOT EXISTS (SELECT FROM mailing_trace later
                                    WHERE later.mass_mailing_id = did.mass_mailing_id AND later.res_id = did.res_id
                                      AND later.model = did.model AND later.id > did.id
                                      AND later.sent_datetime <= lead.reactivated_date)
              ) mail
            """,
            did=self._get_did_sql(self._get_context_mailings()),
        )

    @api.model
    def _get_context_mailings(self):
        """:return: ids of the mailings that a whole count is about, which is read in another way; else ``None``"""
        ids = self.env.context.get("outcome_mailing_ids")
        if not isinstance(ids, (list, tuple)) or not all(type(mailing_id) is int for mailing_id in ids):
            return None
        return list(ids)

    @api.model
    def _get_did_sql(self, mailing_ids=None):
        """Each mail that was sent, with what a person did. What was recorded before the addon came stands on the trace
        alone, which is asked where the log knows nothing.

        :param list[int] mailing_ids: of these mailings only
        """
        seconds = self.env["engagement.collector"]._get_scanner_seconds()
        return SQL(
            """
            SELECT trace.id, trace.mass_mailing_id, trace.campaign_id, trace.model, trace.res_id, trace.email,
                   trace.sent_datetime, trace.trace_status,
                   COALESCE(log.opened, trace.open_datetime IS NOT NULL
                       AND NOT COALESCE(%(open_scanned)s, FALSE)
                       AND NOT (trace.is_automatic_reply IS TRUE AND trace.reply_datetime IS NOT NULL
                                AND abs(extract(epoch FROM trace.open_datetime - trace.reply_datetime)) <= 1)
                   ) AS opened,
                   COALESCE(log.clicked, trace.links_click_datetime IS NOT NULL
                       AND NOT COALESCE(%(click_scanned)s, FALSE)) AS clicked,
                   (trace.reply_datetime IS NOT NULL OR trace.trace_status = 'reply')
                       AND trace.is_automatic_reply IS NOT TRUE AS replied,
                   trace.open_datetime IS NOT NULL OR trace.trace_status IN ('open', 'reply')
                       OR log.opened IS NOT NULL AS opened_any,
                   trace.links_click_datetime IS NOT NULL OR log.clicked IS NOT NULL AS clicked_any,
                   trace.unsubscribed_datetime IS NOT NULL OR log.unsubscribed IS TRUE AS unsubscribed,
                   GREATEST(trace.sent_datetime, trace.open_datetime, trace.links_click_datetime,
                            trace.reply_datetime, trace.unsubscribed_datetime, log.last_date) AS last_date
              FROM mailing_trace trace
              %(log)s
             WHERE trace.trace_type = 'mail' AND trace.is_test_trace IS NOT TRUE
               AND trace.trace_status IN ('pending', 'sent', 'open', 'reply', 'bounce') AND %(mailings)s
            """,
            log=self._get_log_sql(seconds, mailing_ids),
            mailings=SQL("TRUE") if mailing_ids is None else SQL("trace.mass_mailing_id = ANY(%s)", mailing_ids),
            open_scanned=self._get_fast_sql(SQL("trace.open_datetime"), SQL("trace.sent_datetime"), seconds),
            click_scanned=self._get_fast_sql(SQL("trace.links_click_datetime"), SQL("trace.sent_datetime"), seconds),
        )

    @api.model
    def _get_log_sql(self, seconds, mailing_ids):
        """A join of what the log knows of each ``trace``, as ``log``: whether a person opened and clicked.

        Of all mails of some mailings it is read at once; of whichever mails a filter leaves, mail by mail.
        """
        sent = SQL.identifier("trace" if mailing_ids is None else "mail", "sent_datetime")
        event = SQL(
            """
            SELECT activity.res_id, activity.date, type.code,
                   activity.is_automatic IS NOT TRUE AND (%(off)s OR (
                   NOT COALESCE(%(scanned)s, FALSE)
                   -- core notes an open with each click: with a burst of clicks, it is a machine's
                   AND COUNT(*) FILTER (WHERE type.code = 'email_clicked') OVER (
                       PARTITION BY activity.res_id ORDER BY activity.date
                       RANGE BETWEEN interval '1 second' PRECEDING AND interval '1 second' FOLLOWING) < 3
                   )) AS by_person
              FROM engagement_activity activity
              JOIN engagement_activity_type type
                ON type.id = activity.type_id
               AND type.code IN ('email_opened', 'email_clicked', 'email_unsubscribed')
              %(mails)s
             WHERE activity.res_model = 'mailing.trace' AND %(of_trace)s
            """,
            off=not seconds,
            scanned=self._get_fast_sql(SQL("activity.date"), sent, seconds),
            mails=SQL()
            if mailing_ids is None
            else SQL(
                "JOIN mailing_trace mail ON mail.id = activity.res_id AND mail.mass_mailing_id = ANY(%s)", mailing_ids
            ),
            of_trace=SQL("activity.res_id = trace.id") if mailing_ids is None else SQL("TRUE"),
        )
        summed = SQL(
            """
            SELECT event.res_id, bool_or(event.by_person) FILTER (WHERE event.code = 'email_opened') AS opened,
                   bool_or(event.by_person) FILTER (WHERE event.code = 'email_clicked') AS clicked,
                   -- what was noted before traces kept it
                   bool_or(TRUE) FILTER (WHERE event.code = 'email_unsubscribed') AS unsubscribed,
                   MAX(event.date) AS last_date
              FROM (%s) event GROUP BY event.res_id
            """,
            event,
        )
        lateral = SQL("LATERAL") if mailing_ids is None else SQL()
        return SQL("LEFT JOIN %s (%s) log ON log.res_id = trace.id", lateral, summed)

    def _get_fast_sql(self, date, sent, seconds):
        """Whether something happened too fast after the mail was sent for a person."""
        if not seconds:
            return SQL("FALSE")
        return SQL("%s - %s BETWEEN interval '0' AND %s * interval '1 second'", date, sent, seconds)

    def action_open_recipient(self):
        """Button: the record that the mail was sent to."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.model,
            "res_id": self.res_id,
            "view_mode": "form",
            "context": {"active_test": False},
        }
