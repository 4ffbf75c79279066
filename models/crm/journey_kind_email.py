# Mail steps to lost leads: the first mail asks once more whether somebody else has written meanwhile.
from odoo import models
from odoo.tools import SQL

from .mailing_mailing import get_mailing_days


class JourneyKindEmail(models.AbstractModel):
    _inherit = "journey.kind.email"

    def _get_failures(self, node, mailing, participants, visits, addresses):
        """An audience that leaves out who was mailed lately was asked when somebody entered. Until the first mail is
        made, another mailing may have written; later mails of the journey belong to it."""
        failures = super()._get_failures(node, mailing, participants, visits, addresses)
        journey = node.journey_id
        if journey.model_name != "crm.lead" or mailing.is_operational:
            return failures
        days = get_mailing_days(journey._get_audience_domain())
        if not days:
            return failures
        begun = self._find_begun(visits)
        fresh = {
            target_id: addresses[target_id].to
            for target_id, visit in visits.items()
            if target_id not in failures and target_id in addresses and visit[0] not in begun
        }
        mailed = mailing._find_mailed_by_others(
            {address for to in fresh.values() for address in to}, days, journey=journey
        )
        failures |= {target_id: "mail_unmatched" for target_id, to in fresh.items() if not mailed.isdisjoint(to)}
        return failures

    def _find_begun(self, visits):
        """:return: ids of the participants that the journey has written to already"""
        self.env["mailing.trace"].flush_model(["journey_participant_id", "trace_status"])
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT journey_participant_id FROM mailing_trace"
                " WHERE journey_participant_id = ANY(%s) AND trace_status NOT IN ('cancel', 'error')",
                list({visit[0] for visit in visits.values()}),
            )
        )
        return {participant_id for (participant_id,) in rows}
