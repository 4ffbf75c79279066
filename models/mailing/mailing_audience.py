# Whom a mail would reach now: counted as composing would, without making anything.
from typing import NamedTuple

from odoo import api, fields, models


class Audience(NamedTuple):
    """Everybody a mail is meant for, in order; ``refused`` are those who would get none: ``{record id: reason}``."""

    matched: list
    addresses: dict
    refused: dict

    def get_going(self):
        return [record_id for record_id in self.matched if record_id not in self.refused]


class MailingAudience(models.AbstractModel):
    """The verdicts of :class:`mailing.consent`, duplicates, expiry and caps for a whole audience, in the order in which
    composing asks for them, so that the numbers add up: matched = refused by reason + going.

    The audience is what the current user may see of it.
    """

    _name = "mailing.audience"
    _description = "Audience of a Mail"

    @api.model
    def _get_reason_labels(self):
        return self.env["mailing.consent"]._get_reason_labels() | {
            "expired": self.env._("Mail expired"),
            "cap": self.env._("Frequency cap reached"),
        }

    @api.model
    def _get_mailing_audience(self, mailing):
        """:rtype: Audience"""
        mailing.check_access("read")
        domain = mailing._get_recipients_domain()
        records = self.env[mailing.mailing_model_real].search(domain)
        # whoever has a trace was dealt with: sending goes on with the rest
        remaining = set(mailing._get_remaining_recipients())
        return self._judge(mailing, {record.id: record for record in records if record.id in remaining})

    @api.model
    def _get_node_audience(self, node):
        """Everybody who would enter the journey now, as if all came to this step at once.

        :rtype: Audience
        """
        node.check_access("read")
        journey, mailing = node.journey_id, node.mailing_id
        kind = node._get_kind().with_env(self.env).with_context(whole_audience=True)
        records = self.env[node.model_name].search(journey._get_audience_domain())
        if node.people == "people":
            people = kind._get_people(node, records)
            # somebody who is in two groups gets the mail for the first one
            owners = {}
            for record in records:
                for person_id in people[record.id].ids:
                    owners.setdefault(person_id, record)
        else:
            owners = {record.id: record for record in records}
        return self._judge(mailing, owners, node)

    @api.model
    def _judge(self, mailing, owners, node=None):
        """:param dict owners: ``{recipient id: record for which the mail comes}``, in the order of composing"""
        ids = list(owners)
        Consent, Cap = self.env["mailing.consent"], self.env["mailing.cap"]
        addresses = Consent._get_record_addresses(mailing.mailing_model_real, ids)
        ids = [record_id for record_id in ids if record_id in addresses]
        if node and node.journey_id.address_dedup == "none":
            refusals = Consent.get_refusals(
                {address for found in addresses.values() for part in found[:3] for address in part}, mailing
            )
            reasons = {record_id: Consent._judge(addresses[record_id], refusals) for record_id in ids}
            refused = {record_id: reason for record_id, reason in reasons.items() if reason}
        else:
            refused = Consent._judge_records(mailing, addresses)
        refused |= self._get_expired(mailing, {key: owners[key] for key in ids if key not in refused})
        if not mailing.is_operational:
            going = [record_id for record_id in ids if record_id not in refused]
            room = Cap._get_room(
                {address for record_id in going for address in addresses[record_id].to},
                node.journey_id if node else None,
            )
            refused |= dict.fromkeys(Cap._take(room, going, addresses), "cap")
        return Audience(ids, addresses, refused)

    def _get_expired(self, mailing, owners):
        """``{recipient id: "expired"}`` of those for whom the mail would come too late already"""
        if not mailing.expiry_type:
            return {}
        now = fields.Datetime.now()
        return {record_id: "expired" for record_id, record in owners.items() if mailing._get_expiry(now, record) <= now}
