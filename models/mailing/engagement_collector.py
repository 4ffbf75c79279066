# What recipients did with mailings, as far as it was not recorded when it happened.
from odoo import api, models
from odoo.tools import SQL

from ...tools import scanners


class EngagementCollector(models.AbstractModel):
    """Traces tell of opens, clicks and replies at once; this catches what came before the addon, or was missed.

    A trace that has an activity of a type already is left alone, so nothing is recorded twice. A trace whose clicks
    were never recorded gets one activity per click.
    """

    _inherit = "engagement.collector"

    @api.model
    def _get_sources(self):
        trace = """
            SELECT %(partner)s AS partner_id, %(date)s AS date, mailing.subject,
                   trace.id AS res_id
              FROM mailing_trace trace
              JOIN mailing_mailing mailing ON mailing.id = trace.mass_mailing_id
              %(joins)s
             WHERE trace.trace_type = 'mail' AND trace.is_test_trace IS NOT TRUE
               AND trace.write_date > %%(since)s AND %(condition)s
        """
        person, joins = self._get_trace_person()

        def source(name, code, date, condition, more_joins=""):
            return {
                "name": name,
                "type": code,
                "models": ["mailing.trace"],
                "res_model": "mailing.trace",
                "query": trace
                % {"partner": person, "date": date, "condition": condition, "joins": f"{joins} {more_joins}"},
            }

        mailing = {
            "mail_opened": source(
                self.env._("Mailings opened"),
                "email_opened",
                "trace.open_datetime",
                "trace.open_datetime IS NOT NULL AND trace.is_automatic_reply IS NOT TRUE",
            ),
            "mail_clicked": source(
                self.env._("Links clicked in mailings"),
                "email_clicked",
                "COALESCE(click.create_date, trace.links_click_datetime)",
                "trace.links_click_datetime IS NOT NULL",
                "LEFT JOIN link_tracker_click click ON click.mailing_trace_id = trace.id",
            ),
            "mail_replied": source(
                self.env._("Mailings answered"),
                "email_replied",
                "trace.reply_datetime",
                "trace.reply_datetime IS NOT NULL AND trace.is_automatic_reply IS NOT TRUE",
            ),
            "mail_bounced": source(
                self.env._("Mailings that bounced"),
                "email_bounced",
                "trace.write_date",
                "trace.trace_status = 'bounce'",
            ),
            "unsubscribed": {
                "name": self.env._("Unsubscriptions from mailing lists"),
                "type": "email_unsubscribed",
                "models": ["mailing.subscription"],
                "res_model": "mailing.subscription",
                "query": """
                    SELECT partner.id AS partner_id, subscription.opt_out_datetime AS date,
                           list.name AS subject, subscription.id AS res_id
                      FROM mailing_subscription subscription
                      JOIN mailing_list list ON list.id = subscription.list_id
                      JOIN mailing_contact contact ON contact.id = subscription.contact_id
                      JOIN LATERAL (
                            SELECT MIN(id) AS id FROM res_partner
                             WHERE active AND email_normalized = contact.email_normalized
                           ) partner ON TRUE
                     WHERE subscription.opt_out AND subscription.write_date > %(since)s
                """,
            },
        }
        # before the others: an answer to a mailing is no mail out of the blue
        return mailing | super()._get_sources()

    def _get_trace_person(self):
        """Who is behind a trace: the recipient, its contact, or the oldest contact with the address.

        :return: an SQL expression and the joins it needs
        :rtype: tuple
        """
        self.env.cr.execute("SELECT DISTINCT model FROM mailing_trace WHERE trace_type = 'mail'")
        cases, joins = ["CASE WHEN trace.model = 'res.partner' THEN trace.res_id END"], []
        for number, (model_name,) in enumerate(sorted(self.env.cr.fetchall())):
            field = model_name in self.env and self.env[model_name]._fields.get("partner_id")
            if field and field.type == "many2one" and field.comodel_name == "res.partner" and field.store:
                table = self.env[model_name]._table
                joins.append(
                    f"""LEFT JOIN "{table}" record{number}
                               ON trace.model = '{model_name}' AND record{number}.id = trace.res_id"""
                )
                cases.append(f"record{number}.partner_id")
        joins.append("""
              LEFT JOIN LATERAL (
                    SELECT MIN(partner.id) AS id FROM res_partner partner
                     WHERE partner.active AND partner.email_normalized = trace.email
                   ) addressee ON TRUE""")
        cases.append("addressee.id")
        return f"COALESCE({', '.join(cases)})", "\n".join(joins)

    @api.model
    def _get_scanner_seconds(self):
        """Within how many seconds after a mail was sent only machines open and click; 0 if the rule is off."""
        return scanners.get_seconds(self.env)

    @api.model
    def _mark_automatic(self):
        """Virus scanners open mails and follow their links. What no person can do is marked as automatic, by the rules
        of :mod:`tools.scanners`. What a robot did by its own word was marked when it happened.
        """
        result = super()._mark_automatic()
        seconds = self._get_scanner_seconds()
        if not seconds:
            return result
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
            WITH recent AS (
                SELECT activity.id, activity.date, activity.res_id, type.code
                  FROM engagement_activity activity
                  JOIN engagement_activity_type type
                    ON type.id = activity.type_id AND type.code IN ('email_opened', 'email_clicked')
                 WHERE activity.res_model = 'mailing.trace' AND activity.is_automatic IS NOT TRUE
                   AND activity.create_date > timezone('UTC', now()) - interval '2 days'
            ), burst AS (
                SELECT recent.id, %(burst)s AS clicks
                  FROM recent WHERE recent.code = 'email_clicked'
            )
            UPDATE engagement_activity SET is_automatic = TRUE
             WHERE id IN (
                    SELECT recent.id FROM recent
                      JOIN mailing_trace trace ON trace.id = recent.res_id
                     WHERE %(too_fast)s
                     UNION
                    SELECT id FROM burst WHERE clicks >= %(burst_clicks)s
                   )
            """,
                burst=scanners.sql_burst(SQL("recent.res_id"), SQL("recent.date")),
                too_fast=scanners.sql_too_fast(SQL("recent.date"), SQL("trace.sent_datetime"), seconds),
                burst_clicks=scanners.BURST_CLICKS,
            )
        )
        self.env["engagement.activity"].invalidate_model(["is_automatic"])
        return result
