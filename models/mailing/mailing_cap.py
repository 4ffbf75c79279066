# Frequency caps: how many more mails an address may get now, counted so that two workers cannot both take the last one.
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .outbox_ledger import MAILED

# rolling windows, as in Dynamics 365 Customer Insights – Journeys: 24 hours, 7 days and 30 days
WINDOWS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
PARAMETER = "crm_buying_journey.cap_%s"


class MailingCap(models.Model):
    """Caps on the number of mails that one address gets by mailings and journeys within a rolling day, week and month.

    General caps (settings) count all mails, those of a journey its own. A mail counts from the moment it is composed,
    whether it was sent, opened, or came back; cancelled and failed ones, tests and operational mails do not count, but
    one that was interrupted and may have been sent does.

    A row stands for an address. Whoever composes mails under a cap writes the rows of their addresses first, in the
    transaction that makes the mails: a second worker waits there, and then fails as PostgreSQL's repeatable read wants
    it, to begin again with the first one's mails in sight. The rows hold nothing and are swept away.
    """

    _name = "mailing.cap"
    _description = "Address That a Cap Is Counted For"
    _log_access = False
    _rec_name = "email"

    email = fields.Char(required=True, readonly=True)
    counted_at = fields.Datetime(required=True, readonly=True)

    _email_unique = models.UniqueIndex("(email)")

    @api.model
    def _get_general_caps(self):
        """``{window: mails at most}``, only those that are set"""
        get_param = self.env["ir.config_parameter"].sudo().get_param
        texts = {window: get_param(PARAMETER % window) for window in WINDOWS}
        return {window: int(text) for window, text in texts.items() if str(text or "").isdecimal() and int(text)}

    @api.model
    def _get_room(self, addresses, journey=None, lock=False):
        """How many more mails each address may get now.

        :param addresses: normalized addresses
        :param journey: the journey whose own caps count as well
        :param bool lock: these mails are about to be composed in this transaction
        :return: ``{address: number}`` for each address; empty if there is no cap
        :rtype: dict
        """
        general = self._get_general_caps() if not journey or journey.use_general_caps else {}
        own = journey._get_own_caps() if journey else {}
        addresses = sorted(set(addresses))
        if not addresses or not (general or own):
            return {}
        now = fields.Datetime.now()
        if lock:
            self._lock(addresses, now)
        caps = [(WINDOWS[window], SQL("TRUE"), limit) for window, limit in general.items()]
        caps += [(WINDOWS[window], SQL("node.journey_id = %s", journey.id), limit) for window, limit in own.items()]
        self.env["mailing.trace"].flush_model()
        self.env["mailing.mailing"].flush_model(["is_operational", "journey_node_id"])
        counts = SQL(", ").join(
            SQL("%s - COUNT(*) FILTER (WHERE mail.at > %s AND %s)", limit, now - window, scope)
            for window, scope, limit in caps
        )
        self.env.cr.execute(
            SQL(
                """
                SELECT mail.email, LEAST(%s)
                  FROM (
                        SELECT trace.email, trace.mass_mailing_id,
                               -- what waits in the outbox goes out about now
                               CASE WHEN trace.trace_status IN ('outgoing', 'process') THEN %s
                                    ELSE COALESCE(trace.sent_datetime, trace.create_date) END AS at
                          FROM mailing_trace trace
                         WHERE trace.email = ANY(%s) AND trace.trace_type = 'mail'
                           AND %s AND trace.is_test_trace IS NOT TRUE
                           AND COALESCE(trace.sent_datetime, trace.create_date) > %s
                       ) mail
                  JOIN mailing_mailing mailing
                    ON mailing.id = mail.mass_mailing_id AND mailing.is_operational IS NOT TRUE
             LEFT JOIN journey_node node ON node.id = mailing.journey_node_id
              GROUP BY mail.email
                """,
                counts,
                now,
                addresses,
                SQL(MAILED),
                now - max(window for window, _scope, _limit in caps),
            )
        )
        most = min(limit for _window, _scope, limit in caps)
        return dict.fromkeys(addresses, most) | {email: max(room, 0) for email, room in self.env.cr.fetchall()}

    @api.model
    def _lock(self, addresses, now):
        """Let whoever does the same for one of these addresses at this moment wait, and then begin again.

        :param addresses: in order, so that two workers do not wait for each other in a circle
        """
        self.env.cr.execute(
            SQL(
                "INSERT INTO mailing_cap (email, counted_at) SELECT unnest(%s), %s"
                " ON CONFLICT (email) DO UPDATE SET counted_at = EXCLUDED.counted_at",
                addresses,
                now,
            ),
            log_exceptions=False,  # two workers meet every now and then: no error
        )

    @api.model
    def _take(self, room, record_ids, addresses):
        """Let each recipient take a place at each of its addresses while there are any.

        :param dict room: from :meth:`_get_room`, counted down
        :param dict addresses: ``{record id: Addresses}``
        :return: ids of the recipients without a place
        :rtype: list[int]
        """
        left_out = []
        for record_id in record_ids if room else ():
            to = addresses[record_id].to
            if any(room[address] < 1 for address in to):
                left_out.append(record_id)
                continue
            for address in to:
                room[address] -= 1
        return left_out

    @api.autovacuum
    def _gc_addresses(self):
        self.env.cr.execute(
            SQL("DELETE FROM mailing_cap WHERE counted_at < %s", fields.Datetime.now() - timedelta(days=1))
        )
