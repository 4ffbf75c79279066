# Optional limits on what is mailed in a month.
from odoo import fields, models, tools
from odoo.tools import SQL


class MailingUsageLimit(models.AbstractModel):
    """Optional limits on a month's usage. At a soft limit the managers are told once a month. A hard limit refuses
    launches that would pass it, and holds what is under way: mailings stay in the queue, participants of journeys at
    their mail step, both until the next month or until the limit is raised.

    Mails that wait in the outbox count as sent.
    """

    _name = "mailing.usage.limit"
    _description = "Limits on Mailing Usage"

    def _get_limits(self, kind):
        """:param str kind: ``soft`` or ``hard``
        :return: ``{"contacts": number, "interactions": number}``, only those that are set
        :rtype: dict
        """
        Parameter = self.env["ir.config_parameter"].sudo()
        result = {}
        for what in ("contacts", "interactions"):
            value = Parameter.get_param(f"crm_buying_journey.usage_{kind}_{what}") or ""
            if value.isdecimal() and int(value):
                result[what] = int(value)
        return result

    def _get_usage(self, planned=()):
        """What this month has used, with mails that are planned on top.

        :param planned: addresses, one for each mail
        :return: ``{"contacts": number, "interactions": number}``
        :rtype: dict
        """
        self.env.cr.execute(
            SQL(
                "SELECT COUNT(DISTINCT email), COUNT(*) FROM (%s UNION ALL SELECT unnest(%s::text[])) mailed",
                self._get_mailed_sql(),
                list(planned),
            )
        )
        contacts, interactions = self.env.cr.fetchone()
        return {"contacts": contacts, "interactions": interactions}

    def _get_mailed(self, addresses):
        """Which of these addresses were mailed this month.

        :rtype: set
        """
        self.env.cr.execute(
            SQL("SELECT DISTINCT email FROM (%s) mailed WHERE email = ANY(%s)", self._get_mailed_sql(), list(addresses))
        )
        return {email for (email,) in self.env.cr.fetchall()}

    def _get_mailed_sql(self):
        """Addresses of this month's mails, one row for each, those of the outbox included."""
        self.env["mailing.trace"].flush_model()
        self.env["mailing.trace.copy"].flush_model()
        return SQL(
            """
            SELECT trace.email
              FROM mailing_trace trace
             WHERE trace.trace_type = 'mail' AND trace.is_test_trace IS NOT TRUE
               AND (trace.sent_datetime >= %(month)s OR trace.trace_status = 'outgoing')
             UNION ALL
            SELECT copy.email
              FROM mailing_trace_copy copy
              JOIN mailing_trace trace ON trace.id = copy.trace_id
             WHERE copy.state = 'outgoing'
                OR copy.state IN ('sent', 'bounced')
                   AND (COALESCE(copy.sent_date, trace.sent_datetime) >= %(month)s
                        OR copy.mode = 'shared' AND trace.trace_status = 'outgoing')
            """,
            month=fields.Datetime.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0),
        )

    def _get_refusal(self, planned):
        """Why mails to these addresses may not go now; empty: they may.

        :param planned: addresses, one for each mail
        :rtype: str
        """
        limits = self._get_limits("hard")
        if not limits:
            return ""
        usage = self._get_usage(planned)
        over = [what for what, limit in limits.items() if usage[what] > limit]
        if not over:
            return ""
        what = over[0]
        numbers = {
            "planned": len(list(planned)),
            "usage": usage[what],
            "limit": limits[what],
        }
        if what == "contacts":
            return self.env._(
                "With these %(planned)s mails, %(usage)s different addresses would be mailed this month; the limit is "
                "%(limit)s. It can be raised in the settings, or wait for the next month.",
                **numbers,
            )
        return self.env._(
            "With these %(planned)s mails, %(usage)s mails would be sent this month; the limit is %(limit)s. It can be "
            "raised in the settings, or wait for the next month.",
            **numbers,
        )

    def _cron_watch(self):
        """Tell the managers, once a month for each limit, that a soft limit was reached."""
        limits = self._get_limits("soft")
        if not limits:
            return
        usage = self._get_usage()
        Parameter = self.env["ir.config_parameter"].sudo()
        month = f"{fields.Date.today():%Y-%m}"
        for what, limit in limits.items():
            key = f"crm_buying_journey.usage_warned_{what}"
            if usage[what] < limit or Parameter.get_param(key) == f"{month}/{limit}":
                continue
            Parameter.set_param(key, f"{month}/{limit}")
            # whoever sent the last mail need not read users
            managers = self.env.ref("crm_buying_journey.group_manager").sudo().all_user_ids.filtered("active")
            for lang, people in managers.partner_id.grouped(lambda partner: partner.lang).items():
                env = self.with_context(lang=lang).env
                if what == "contacts":
                    text = env._(
                        "%(usage)s different addresses have been mailed this month, copies included. You asked to be "
                        "told at %(limit)s.",
                        usage=usage[what],
                        limit=limit,
                    )
                else:
                    text = env._(
                        "%(usage)s mails have been sent this month, copies included. You asked to be told at "
                        "%(limit)s.",
                        usage=usage[what],
                        limit=limit,
                    )
                env["mail.thread"].sudo().message_notify(
                    partner_ids=people.ids,
                    subject=env._("Monthly limit of mailings reached"),
                    body=tools.plaintext2html(text),
                )
