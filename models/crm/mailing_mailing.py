# Mailings to leads: what of their filter still holds when a mail is made or leaves.
from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..mailing.mailing_mailing_domain import get_parts
from ..mailing.outbox_ledger import MAILED
from .crm_lead_guards import NEVER

# which lead stands for a person, and when it was mailed last, is decided once: the mail itself would change the answer
DECIDED_ONCE = ("lead_of_person", "days_since_mailing", "days_since_contact")
# what mailing.consent has just answered
CONSENT = ("has_mail_address", "is_refusing_mail", "is_bouncing", "opted_out_topic_ids")


def get_mailing_days(domain):
    """:return: how many days the guard rail *Mailed Lately* of a domain asks for; 0 if it does not ask"""
    return max(
        (
            min(int(part.value), NEVER)
            for part in get_parts(domain)
            if getattr(part, "field_expr", None) == "days_since_mailing" and part.operator == ">="
        ),
        default=0,
    )


class MailingMailing(models.Model):
    _inherit = "mailing.mailing"

    def _get_lasting_domain(self, without=()):
        """:param without: further fields that are not asked again"""
        domain = super()._get_lasting_domain()
        if self.mailing_model_real != "crm.lead":
            return domain
        skipped = (*DECIDED_ONCE, *without)
        rest = Domain.AND(part for part in get_parts(domain) if getattr(part, "field_expr", None) not in skipped)
        if any(condition.field_expr in DECIDED_ONCE for condition in rest.iter_conditions()):
            # below an OR it cannot be left out: somebody wrote this filter by hand
            return Domain("active", "in", [True, False])
        return rest

    def _find_mailed_by_others(self, addresses, days, journey=None):
        """Which of these addresses somebody else wrote to lately. Whoever asks is about to write to them: two who do so
        at the same moment wait for each other, and the second one begins again and sees the first one's mails.

        :param addresses: normalized
        :param int days: what lately means
        :param journey: all mails of this journey are its own
        :return: addresses
        :rtype: set
        """
        addresses = sorted(set(addresses))
        if not addresses or days <= 0:
            return set()
        now = fields.Datetime.now()
        self.env["mailing.cap"]._lock(addresses, now)
        self.env["mailing.trace"].flush_model()
        # arms of a test that the user may not see are its own mails, too
        own = SQL("mailing.id = ANY(%s)", (self | self.sudo().ab_test_id.arm_ids.mailing_id).ids)
        if journey:
            own = SQL("node.journey_id IS NOT DISTINCT FROM %s", journey.id)
        rows = self.env.execute_query(
            SQL(
                """
            SELECT DISTINCT trace.email
              FROM mailing_trace trace
              JOIN mailing_mailing mailing ON mailing.id = trace.mass_mailing_id
         LEFT JOIN journey_node node ON node.id = mailing.journey_node_id
             WHERE trace.email = ANY(%s) AND trace.trace_type = 'mail' AND trace.is_test_trace IS NOT TRUE
               AND trace.trace_status != 'bounce' AND %s AND NOT (%s)
               AND COALESCE(trace.sent_datetime, trace.create_date) > %s
                """,
                addresses,
                SQL(MAILED),
                own,
                now - timedelta(days=days),
            )
        )
        return {email for (email,) in rows}
