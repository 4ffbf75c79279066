# A/B tests: the figures of each arm, and the metrics that can decide.
from odoo import api, models
from odoo.tools import SQL

from ...tools import scanners
from ...tools.experiments import Sample

# figures that every arm has, whatever its metric
FIGURES = (
    "allocated",
    "waiting",
    "delivered",
    "bounced",
    "opened_raw",
    "opened",
    "clicked_raw",
    "clicked",
    "replied_raw",
    "replied",
    "leads",
    "quotations",
    "buyers",
    "revenue",
    "revenue_squares",
)
DELIVERED = SQL("('sent', 'pending', 'open', 'reply')")


class MailingAbTest(models.Model):
    """Figures count recipients, not events: somebody who clicks twice, or gets the mail at each visit, counts once.

    What opened, clicked and answered but was no person is in the figures that end in ``_raw`` only. Leads, quotations
    and revenue are those that name the arm's mailing as their source, as in core, per customer.
    """

    _inherit = "mailing.ab.test"

    @api.model
    def _get_metrics(self):
        """What arms can be compared by. Another file adds one by extending this and :meth:`_get_figure_queries`.

        * ``label``: what a user reads
        * ``count``: name of the figure that the rate is out of
        * ``events``: how many of these did it
        * ``raw``: the same before machines were taken out, if there is such a figure
        * ``total``, ``squares``: for amounts: their sum, and the sum of their squares

        :rtype: dict[str, dict]
        """
        return {
            "clicked": {
                "label": self.env._("Clicked"),
                "count": "delivered",
                "events": "clicked",
                "raw": "clicked_raw",
            },
            "opened": {"label": self.env._("Opened"), "count": "delivered", "events": "opened", "raw": "opened_raw"},
            "click_to_open": {
                "label": self.env._("Clicked, of Those Who Opened"),
                "count": "opened",
                "events": "clicked",
                "raw": "clicked_raw",
            },
            "replied": {
                "label": self.env._("Replied"),
                "count": "delivered",
                "events": "replied",
                "raw": "replied_raw",
            },
            "leads": {"label": self.env._("Leads"), "count": "delivered", "events": "leads"},
            "quotations": {"label": self.env._("Quotations"), "count": "delivered", "events": "quotations"},
            "revenue": {
                "label": self.env._("Revenue per Recipient"),
                "count": "delivered",
                "events": "buyers",
                "total": "revenue",
                "squares": "revenue_squares",
            },
        }

    def _get_figures(self):
        """The figures of all arms of these tests, now; test and rest added up.

        :return: ``{arm id: {figure: number}}``
        :rtype: dict[int, dict]
        """
        # figures are counts, and the same for everybody who may see the test
        arms = self.sudo().with_context(active_test=False).arm_ids
        names = {name for query in self._get_figure_queries() for name in query[0]}
        figures = {arm.id: dict.fromkeys((*FIGURES, *names), 0) for arm in arms}
        if not arms:
            return figures
        self.env.flush_all()
        for names, query in self._get_figure_queries():
            self.env.cr.execute(query)
            for arm_id, *values in self.env.cr.fetchall():
                figures[arm_id].update({name: value or 0 for name, value in zip(names, values, strict=True)})
        for of_arm in figures.values():
            of_arm["opened"] = max(of_arm["opened"], of_arm["clicked"])
        return figures

    def _get_sample(self, figures):
        """One arm's figures as this test's metric sees them.

        :rtype: Sample
        """
        metric = self._get_metrics()[self.metric]
        count, events = figures[metric["count"]], figures[metric["events"]]
        if "total" in metric:
            return Sample.of_amounts(count, float(figures[metric["total"]]), float(figures[metric["squares"]]), events)
        return Sample.of_rate(events, count)

    def _get_figure_queries(self):
        """Statements that count, each with the names of the figures it gives after the arm's id.

        :return: ``[((name, …), SQL)]``
        :rtype: list[tuple]
        """
        arms = SQL("(SELECT id FROM mailing_ab_arm WHERE test_id = ANY(%s))", list(self.ids))
        sources = SQL(
            """(SELECT arm.id AS arm_id, arm.test_id, mailing.source_id, mailing.id AS mailing_id
                  FROM mailing_ab_arm arm JOIN mailing_mailing mailing ON mailing.id = arm.mailing_id
                 WHERE arm.test_id = ANY(%s))""",
            list(self.ids),
        )
        return [
            (
                ("allocated", "waiting"),
                SQL(
                    """
                    SELECT arm_id, COUNT(*) FILTER (WHERE state IN ('assigned', 'mailed')),
                           COUNT(*) FILTER (WHERE state = 'assigned')
                      FROM mailing_ab_allocation WHERE arm_id IN %s GROUP BY arm_id""",
                    arms,
                ),
            ),
            (
                (
                    "delivered",
                    "bounced",
                    "opened_raw",
                    "opened",
                    "clicked_raw",
                    "clicked",
                    "replied_raw",
                    "replied",
                ),
                self._sql_engagement(sources),
            ),
            (
                ("leads",),
                SQL(
                    """
                    SELECT arm.arm_id, COUNT(DISTINCT
                           COALESCE(lead.partner_id::text, NULLIF(lead.email_normalized, ''), 'lead ' || lead.id))
                      FROM %s arm JOIN crm_lead lead ON lead.source_id = arm.source_id
                  GROUP BY arm.arm_id""",
                    sources,
                ),
            ),
            (
                ("quotations",),
                SQL(
                    """
                    SELECT arm.arm_id, COUNT(DISTINCT sale.partner_id)
                      FROM %s arm JOIN sale_order sale ON sale.source_id = arm.source_id
                     WHERE EXISTS (SELECT FROM sale_order_line line WHERE line.order_id = sale.id)
                  GROUP BY arm.arm_id""",
                    sources,
                ),
            ),
            (
                ("buyers", "revenue", "revenue_squares"),
                SQL(
                    """
                    SELECT arm_id, COUNT(*) FILTER (WHERE amount != 0), SUM(amount)::float, SUM(amount * amount)::float
                      FROM (SELECT arm.arm_id, move.partner_id, SUM(move.amount_untaxed_signed) AS amount
                              FROM %s arm
                              JOIN mailing_ab_test test ON test.id = arm.test_id
                              JOIN account_move move ON move.source_id = arm.source_id AND move.state = 'posted'
                               AND (test.company_id IS NULL OR move.company_id = test.company_id)
                          GROUP BY arm.arm_id, move.partner_id) customer
                  GROUP BY arm_id""",
                    sources,
                ),
            ),
        ]

    def _sql_engagement(self, sources):
        """What recipients did with the mails. A machine's doings are told by :mod:`tools.scanners`; an open is a
        person's if it is none of a machine's, or if the person clicked or answered."""
        seconds = scanners.get_seconds(self.env)
        burst = scanners.sql_burst(SQL("click.mailing_trace_id"), SQL("click.create_date"))
        too_fast_click = scanners.sql_too_fast(SQL("click.create_date"), SQL("trace.sent_datetime"), seconds)
        too_fast_open = scanners.sql_too_fast(SQL("trace.open_datetime"), SQL("trace.sent_datetime"), seconds)
        if not seconds:
            burst, too_fast_click, too_fast_open = SQL("0"), SQL("FALSE"), SQL("FALSE")
        return SQL(
            """
            WITH trace AS (
                SELECT trace.id, arm.arm_id, trace.res_id, trace.trace_status, trace.sent_datetime,
                       trace.open_datetime, trace.reply_datetime, trace.person_open_datetime,
                       trace.links_click_datetime, trace.robot_open,
                       COALESCE(trace.is_automatic_reply, FALSE) AS is_automatic_reply
                  FROM %(sources)s arm
                  JOIN mailing_trace trace ON trace.mass_mailing_id = arm.mailing_id
                  JOIN mailing_ab_allocation allocation
                    ON allocation.test_id = arm.test_id AND allocation.res_id = trace.res_id
                   AND allocation.arm_id = arm.arm_id
                 WHERE trace.trace_type = 'mail' AND trace.is_test_trace IS NOT TRUE AND %(primary)s
            ), judged AS (
                SELECT click.mailing_trace_id AS trace_id, click.create_date,
                       COALESCE(click.is_robot, FALSE) OR COALESCE(%(too_fast_click)s, FALSE)
                       OR %(burst)s >= %(burst_clicks)s AS is_machine
                  FROM link_tracker_click click
                  JOIN trace ON trace.id = click.mailing_trace_id
            ), clicks AS (
                SELECT trace_id, bool_or(NOT is_machine) AS by_person
                  FROM judged GROUP BY trace_id
            ), single AS (
                SELECT trace.arm_id, trace.res_id, trace.trace_status,
                       trace.trace_status IN ('open', 'reply') OR trace.open_datetime IS NOT NULL AS opened_raw,
                       trace.trace_status = 'reply' OR trace.reply_datetime IS NOT NULL AS replied_raw,
                       clicks.trace_id IS NOT NULL OR trace.links_click_datetime IS NOT NULL AS clicked_raw,
                       -- clicks whose rows were deleted cannot be judged any more
                       COALESCE(clicks.by_person, trace.links_click_datetime IS NOT NULL) AS clicked,
                       (trace.trace_status = 'reply' OR trace.reply_datetime IS NOT NULL)
                       AND NOT trace.is_automatic_reply AS replied,
                       trace.person_open_datetime IS NOT NULL
                       OR (trace.open_datetime IS NULL AND trace.trace_status = 'open')
                       OR (trace.open_datetime IS NOT NULL AND trace.robot_open IS NOT TRUE
                           AND NOT COALESCE(%(too_fast_open)s, FALSE)
                           AND NOT (trace.is_automatic_reply
                                    AND abs(extract(epoch FROM trace.open_datetime - trace.reply_datetime)) <= 1)
                           -- core notes an open with each click: a machine's click is no reading
                           AND NOT EXISTS (
                               SELECT FROM judged WHERE judged.trace_id = trace.id AND judged.is_machine
                                  AND abs(extract(epoch FROM judged.create_date - trace.open_datetime)) <= 1)
                       ) AS opened
                  FROM trace LEFT JOIN clicks ON clicks.trace_id = trace.id
            ), recipient AS (
                SELECT arm_id, res_id, bool_or(trace_status IN %(delivered)s) AS delivered,
                       bool_or(trace_status = 'bounce') AS bounced,
                       bool_or(opened_raw AND trace_status IN %(delivered)s) AS opened_raw,
                       bool_or((opened OR clicked OR replied) AND trace_status IN %(delivered)s) AS opened,
                       bool_or(clicked_raw AND trace_status IN %(delivered)s) AS clicked_raw,
                       bool_or(clicked AND trace_status IN %(delivered)s) AS clicked,
                       bool_or(replied_raw AND trace_status IN %(delivered)s) AS replied_raw,
                       bool_or(replied AND trace_status IN %(delivered)s) AS replied
                  FROM single GROUP BY arm_id, res_id
            )
            SELECT arm_id, COUNT(*) FILTER (WHERE delivered), COUNT(*) FILTER (WHERE bounced AND NOT delivered),
                   COUNT(*) FILTER (WHERE opened_raw), COUNT(*) FILTER (WHERE opened),
                   COUNT(*) FILTER (WHERE clicked_raw), COUNT(*) FILTER (WHERE clicked),
                   COUNT(*) FILTER (WHERE replied_raw), COUNT(*) FILTER (WHERE replied)
              FROM recipient GROUP BY arm_id
            """,
            sources=sources,
            primary=self._sql_primary_trace(),
            burst=burst,
            burst_clicks=scanners.BURST_CLICKS,
            too_fast_click=too_fast_click,
            too_fast_open=too_fast_open,
            delivered=DELIVERED,
        )

    def _sql_primary_trace(self):
        """Condition on ``trace``: it is the recipient's own, not that of a copy."""
        return SQL("TRUE")

    def _count_outbox(self):
        """``{arm: mails}`` that are made and not sent yet."""
        counts = (
            self.env["mailing.trace"]
            .sudo()
            ._read_group(
                [
                    ("mass_mailing_id", "in", self.sudo().arm_ids.mailing_id.ids),
                    ("trace_status", "in", ("outgoing", "process")),
                    ("is_test_trace", "=", False),
                ],
                ["mass_mailing_id"],
                ["__count"],
            )
        )
        count_of = {mailing.id: count for mailing, count in counts}
        return {arm: count_of.get(arm.mailing_id.id, 0) for arm in self.sudo().arm_ids}
