# Leads: the keys that each guard rail takes.
from odoo import api, models
from odoo.tools import SQL

from ..mailing.outbox_ledger import MAILED


class CrmLead(models.Model):
    _inherit = "crm.lead"

    @api.model
    def _get_guard_keys(self, guard):
        """The keys that a guard takes; another addon may add a kind or a set with ``super()``.

        :param str guard: name of one of the fields above
        :return: ``{kind: [queries]}``; a query selects ``key`` and, of a guard in days, ``date``
        :rtype: dict[str, list[SQL]]
        """
        return getattr(self, f"_get_keys_of_{guard}")()

    def _get_keys_of_has_live_lead(self):
        live = SQL("(other.won_status = 'won' OR (other.won_status = 'pending' AND other.active))")
        return {
            "partner": [
                SQL(
                    "SELECT other.partner_id AS key FROM crm_lead other WHERE %s AND other.partner_id IS NOT NULL", live
                )
            ],
            "address": self._get_addresses_of_leads(live),
        }

    def _get_keys_of_is_refusing_mail(self):
        rows = self.env.execute_query(SQL("SELECT email FROM mail_blacklist WHERE active"))
        return self._get_address_keys(self.env["mailing.consent"]._get_blacklisted([address for (address,) in rows]))

    def _get_keys_of_is_bouncing(self):
        self.env["mailing.contact"].flush_model(["email_normalized", "message_bounce"])
        rows = self.env.execute_query(
            SQL("""SELECT email_normalized FROM crm_lead WHERE message_bounce > 0 AND email_normalized IS NOT NULL
             UNION SELECT email_normalized FROM res_partner WHERE message_bounce > 0 AND email_normalized IS NOT NULL
             UNION SELECT email_normalized FROM mailing_contact
                    WHERE message_bounce > 0 AND email_normalized IS NOT NULL
            """)
        )
        return self._get_address_keys(self.env["mailing.consent"]._get_bounced([address for (address,) in rows]))

    @api.model
    def _get_keys_of_topics(self, topics):
        """:param topics: ``mailing.list``; the addresses that left one of them"""
        self.env["mailing.subscription"].flush_model()
        self.env["mailing.contact"].flush_model(["email_normalized"])
        found = set()
        for topic in topics:
            rows = self.env.execute_query(
                SQL(
                    """SELECT DISTINCT contact.email_normalized
                         FROM mailing_contact contact
                         JOIN mailing_subscription subscription ON subscription.contact_id = contact.id
                        WHERE subscription.opt_out AND subscription.list_id = %s
                          AND contact.email_normalized IS NOT NULL""",
                    topic.id,
                )
            )
            found |= self.env["mailing.consent"]._get_left_lists([address for (address,) in rows], topic)
        return self._get_address_keys(found)

    @api.model
    def _get_address_keys(self, addresses):
        keys = {"address": [SQL("SELECT unnest(%s::varchar[]) AS key", list(addresses))]}
        # a mail goes to each address in a field, of which the lead knows the first one only
        several = self.env["mailing.consent"]._get_several_addresses("crm.lead")
        if leads := [lead_id for lead_id, own in several.items() if not own.isdisjoint(addresses)]:
            keys["lead"] = [SQL("SELECT unnest(%s::int[]) AS key", leads)]
        return keys

    def _get_keys_of_is_in_running_journey(self):
        inside = SQL(
            "other.id IN (SELECT res_id FROM journey_participant WHERE res_model = 'crm.lead' AND state = 'active')"
        )
        return {
            "lead": [SQL("SELECT other.id AS key FROM crm_lead other WHERE %s", inside)],
            "partner": [
                SQL(
                    "SELECT other.partner_id AS key FROM crm_lead other WHERE %s AND other.partner_id IS NOT NULL",
                    inside,
                )
            ],
            "address": self._get_addresses_of_leads(inside),
        }

    @api.model
    def _get_addresses_of_leads(self, condition):
        """:param SQL condition: on the table ``crm_lead``, named ``other``"""
        return [
            SQL(
                """SELECT other.email_normalized AS key FROM crm_lead other
                    WHERE %s AND other.email_normalized IS NOT NULL""",
                condition,
            ),
            SQL(
                """SELECT contact.email_normalized AS key FROM crm_lead other JOIN res_partner contact
                    ON contact.id = other.partner_id WHERE %s AND contact.email_normalized IS NOT NULL""",
                condition,
            ),
        ]

    def _get_keys_of_days_since_order(self):
        return {
            "account": [
                SQL("""SELECT buyer.commercial_partner_id AS key, sale.date_order AS date
                         FROM sale_order sale JOIN res_partner buyer ON buyer.id = sale.partner_id
                        WHERE sale.state = 'sale'""")
            ],
            # a lead without a contact, or with another one of the same person
            "address": [
                SQL("""SELECT buyer.email_normalized AS key, sale.date_order AS date
                         FROM sale_order sale JOIN res_partner buyer ON buyer.id = sale.partner_id
                        WHERE sale.state = 'sale' AND buyer.email_normalized IS NOT NULL""")
            ],
        }

    def _get_keys_of_days_since_mailing(self):
        # a mail that waits in the outbox was mailed, too, or two mailings of one night would both go out; and one that
        # was interrupted may have been
        mailed = SQL("NOT COALESCE(trace.is_test_trace, FALSE) AND trace.trace_status != 'bounce' AND %s", SQL(MAILED))
        return {
            "address": [
                SQL(
                    """SELECT trace.email AS key, COALESCE(trace.sent_datetime, trace.create_date) AS date
                         FROM mailing_trace trace WHERE %s AND trace.email IS NOT NULL""",
                    mailed,
                )
            ],
            "lead": [
                SQL(
                    """SELECT trace.res_id AS key, COALESCE(trace.sent_datetime, trace.create_date) AS date
                         FROM mailing_trace trace WHERE %s AND trace.model = 'crm.lead'""",
                    mailed,
                )
            ],
        }

    def _get_keys_of_days_since_contact(self):
        keys = self._get_guard_keys("days_since_mailing")
        discussion = self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment", raise_if_not_found=False) or 0
        keys["lead"] += [
            SQL(
                """SELECT message.res_id AS key, message.date FROM mail_message message
                    WHERE message.model = 'crm.lead'
                      AND (message.message_type IN ('email', 'email_outgoing')
                           OR message.message_type = 'comment' AND message.subtype_id = %s)""",
                discussion,
            ),
            SQL("""SELECT meeting.opportunity_id AS key, meeting.start AS date FROM calendar_event meeting
                    WHERE meeting.opportunity_id IS NOT NULL AND meeting.start <= now() AT TIME ZONE 'UTC'"""),
        ]
        return keys
