# The email step: what keeps a mail with copies from being published, and a month's limit from being passed.
from datetime import timedelta

from odoo import fields, models

from ..journey.kinds.journey_kind import Later

# how long somebody waits before the month's limit is looked at again
LOOK_AGAIN = timedelta(hours=1)


class JourneyKindEmail(models.AbstractModel):
    _inherit = "journey.kind.email"

    def _get_errors(self, node):
        errors = super()._get_errors(node)
        mailing = node.mailing_id
        if mailing.cc_slot_ids and not mailing._is_cc_enabled():
            errors.append(
                self.env._("The mail has CC recipients, which are switched off in the settings of Buying Journeys.")
            )
        return errors

    def _process(self, node, participants):
        """Those whose mails a month's limit forbids stay at the step and are looked at again."""
        if not self.env["mailing.usage.limit"]._get_limits("hard"):
            return super()._process(node, participants)
        held, reason = self._get_held(node, participants)
        going = participants - held
        result = super()._process(node, going) if going else {}
        again = fields.Datetime.now() + LOOK_AGAIN
        return result | {participant.id: Later(again, reason=reason) for participant in held}

    def _get_held(self, node, participants):
        """In the order of the batch, everybody whose mails still fit goes.

        :return: participants who have to wait, and why
        """
        Limit = self.env["mailing.usage.limit"]
        records = self._get_records(node, participants)
        targets = self._get_targets(node, records) if records else {}
        visits = {
            target_id: (participant.id, participant.visit)
            for participant in participants
            for target_id in (targets[participant.id].ids if participant.id in targets else ())
        }
        mailing = node.mailing_id.sudo(False).with_context(journey_visits=visits)
        planned = mailing._get_planned_addresses(list(visits)) if visits else {}
        reason = Limit._get_refusal([address for addresses in planned.values() for address in addresses])
        if not reason:
            return participants.browse(), ""
        limits, usage = Limit._get_limits("hard"), Limit._get_usage()
        known = {address for addresses in planned.values() for address in addresses}
        new = known - Limit._get_mailed(known)
        held, counted = participants.browse(), set()
        for participant in participants:
            addresses = [
                address
                for target_id in (targets[participant.id].ids if participant.id in targets else ())
                for address in planned.get(target_id, ())
            ]
            fresh = (set(addresses) & new) - counted
            over = usage["interactions"] + len(addresses) > limits.get("interactions", float("inf"))
            over = over or (fresh and usage["contacts"] + len(fresh) > limits.get("contacts", float("inf")))
            if addresses and over:
                held |= participant
                continue
            usage = {
                "interactions": usage["interactions"] + len(addresses),
                "contacts": usage["contacts"] + len(fresh),
            }
            counted |= fresh
        return held, reason
