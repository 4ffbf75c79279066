# Mail steps follow the rules of mails: consent, one mail per address, expiry, quiet hours and caps.
from odoo import fields, models
from odoo.tools import SQL

from .mailing_consent import FAILURE_TYPES
from .outbox_ledger import MAILED


class JourneyKindEmail(models.AbstractModel):
    """For each recipient, in this order, all with a few statements for the whole batch: does it consent, does the
    address get this mail already, is the mail out of date, is it quiet there, is there room under the caps. So a mail
    that is held is asked everything again when it is released, and one that is refused uses up no room.

    Steps are processed by one worker at a time, so duplicates cannot slip through; two steps may write to one person at
    the same moment, which is why caps are counted under a lock.
    """

    _inherit = "journey.kind.email"

    def _on_copy(self, node, copied):
        result = super()._on_copy(node, copied)
        if node.mailing_id.is_operational:
            # a manager said so of this journey's mail; nobody else says it of another one's
            if copied.journey_id == node.journey_id or node.journey_id._is_manager():
                # a manager allowed it on the version that is copied
                copied.mailing_id.sudo().is_operational = True
            else:
                copied.journey_id.message_post(
                    body=self.env._(
                        "The mail of the step “%(step)s” is not operational any more: only managers may say so of a "
                        "copy.",
                        step=copied.name,
                    )
                )
        return result

    def _get_errors(self, node):
        """What is found without recipients; publishing also tries the mail with some."""
        errors = super()._get_errors(node)
        if node.mailing_id:
            mailing = node.mailing_id
            found = mailing._get_sender_findings() + mailing._get_body_findings()
            errors += [text for level, text in found if level == "error"]
            errors += mailing._get_expiry_errors()
        return errors

    def _hold_back(self, node, participants, visits):
        held, refused = super()._hold_back(node, participants, visits)
        if not visits:
            return held, refused
        refused |= self._get_handled(visits)
        open_visits = {target_id: visit for target_id, visit in visits.items() if target_id not in refused}
        # the responsible user of a journey need not be one of Email Marketing
        mailing = node.mailing_id.sudo()
        addresses = self.env["mailing.consent"]._get_record_addresses(mailing.mailing_model_real, list(open_visits))
        failures = self._get_failures(node, mailing, participants, open_visits, addresses)
        waiting = [target_id for target_id in open_visits if target_id not in failures]
        releases = self._get_quiet_releases(node, mailing, participants, open_visits, waiting)
        going = [target_id for target_id in waiting if target_id not in releases]
        failures |= self._get_capped(node, mailing, addresses, going)
        refused |= self._note_failures(mailing, visits, addresses, failures)
        return held | releases, refused

    def _get_handled(self, visits):
        """Recipients that this very visit has dealt with, while others of the same participant were held."""
        self.env["mailing.trace"].flush_model()
        traces = (
            self.env["mailing.trace"]
            .sudo()
            .search_fetch(
                [("journey_participant_id", "in", list({visit[0] for visit in visits.values()}))],
                ["res_id", "journey_participant_id", "journey_visit", "trace_status", "failure_type"],
            )
        )
        labels = self._get_failure_labels()
        return {
            trace.res_id: labels.get(trace.failure_type) if trace.trace_status in ("cancel", "error") else None
            for trace in traces
            if visits.get(trace.res_id) == (trace.journey_participant_id.id, trace.journey_visit)
        }

    def _get_failures(self, node, mailing, participants, visits, addresses):
        """``{recipient id: failure type of its trace}`` of those whom no waiting helps"""
        Consent = self.env["mailing.consent"]
        refusals = Consent.get_refusals(
            {address for found in addresses.values() for part in found[:3] for address in part}, mailing
        )
        expired = self._get_expired(node, mailing, participants, visits)
        taken = self._get_taken(node, mailing, addresses)
        failures = {}
        for target_id in visits:
            found = addresses.get(target_id)
            reason = Consent._judge(found, refusals) if found else "missing"
            if reason:
                failures[target_id] = FAILURE_TYPES[reason]
            elif target_id in expired:
                failures[target_id] = "mail_expired"
            elif any(taken.get(address, target_id) != target_id for address in found.to):
                failures[target_id] = "mail_dup"
            elif node.journey_id.address_dedup != "none":
                for address in found.to:
                    taken.setdefault(address, target_id)
        return failures

    def _get_expired(self, node, mailing, participants, visits):
        now = fields.Datetime.now()
        if not mailing.expiry_type:
            return set()
        by_id = {participant.id: participant for participant in participants}
        records = self._get_records(node, participants) if mailing.expiry_type == "field" else {}
        return {
            target_id
            for target_id, (participant_id, _visit) in visits.items()
            if mailing._get_expiry(
                by_id[participant_id].arrived_at or by_id[participant_id].entered_at, records.get(participant_id)
            )
            <= now
        }

    def _get_taken(self, node, mailing, addresses):
        """Addresses that this step, in any version of the journey, wrote to for another record: ``{address: its id}``.

        With ``inside``, only while that record's participant is inside still.
        """
        mode = node.journey_id.address_dedup
        wanted = list({address for found in addresses.values() for address in found.to})
        if mode == "none" or not wanted:
            return {}
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                SELECT trace.email, trace.res_id
                  FROM mailing_trace trace
                  JOIN mailing_mailing mailing ON mailing.id = trace.mass_mailing_id
             LEFT JOIN journey_node node ON node.id = mailing.journey_node_id
             LEFT JOIN journey_participant participant ON participant.id = trace.journey_participant_id
                 WHERE trace.email = ANY(%s) AND trace.trace_type = 'mail' AND trace.model = %s
                   AND %s AND trace.is_test_trace IS NOT TRUE
                   AND (mailing.id = %s OR (node.origin_key = %s AND node.journey_id = %s))
                   AND (%s OR participant.state = 'active')
              ORDER BY trace.id DESC
                """,
                wanted,
                mailing.mailing_model_real,
                SQL(MAILED),
                mailing.id,
                node.origin_key,
                node.journey_id.id,
                mode == "once",
            )
        )
        # a record that was mailed before may be mailed again: of several, one that comes by now counts
        taken = {}
        for email, res_id in self.env.cr.fetchall():
            if taken.get(email) not in addresses:
                taken[email] = res_id
        return taken

    def _get_quiet_releases(self, node, mailing, participants, visits, target_ids):
        """``{recipient id: when its mail may leave}``; whom somebody let through by hand is not held"""
        journey = node.journey_id
        quiet = None if mailing.is_operational else journey._get_quiet()
        if not quiet or not target_ids:
            return {}
        let_through = {participant.id for participant in participants if participant._is_let_through()}
        target_ids = [target_id for target_id in target_ids if visits[target_id][0] not in let_through]
        recipients = self.env[mailing.mailing_model_real].browse(target_ids)
        return self.env["mailing.quiet"]._get_releases(
            quiet, recipients, journey._get_quiet_timezone(), node.origin_key
        )

    def _get_capped(self, node, mailing, addresses, target_ids):
        """``{recipient id: 'mail_cap'}`` of those with no room under the caps"""
        if mailing.is_operational:
            return {}
        room = self.env["mailing.cap"]._get_room(
            {address for target_id in target_ids for address in addresses[target_id].to}, node.journey_id, lock=True
        )
        return dict.fromkeys(self.env["mailing.cap"]._take(room, target_ids, addresses), "mail_cap")

    def _note_failures(self, mailing, visits, addresses, failures):
        """Cancelled traces, so that the mailing's figures name those who got nothing.

        :return: ``{recipient id: reason for the timeline}``
        """
        # the responsible user of a journey need not be one of Email Marketing
        self.env["mailing.trace"].sudo().create(
            [
                {
                    "mass_mailing_id": mailing.id,
                    "model": mailing.mailing_model_real,
                    "res_id": target_id,
                    "email": addresses[target_id].to[0] if target_id in addresses and addresses[target_id].to else "",
                    "trace_status": "cancel",
                    "failure_type": failure_type,
                    "journey_participant_id": visits[target_id][0],
                    "journey_visit": visits[target_id][1],
                }
                for target_id, failure_type in failures.items()
            ]
        )
        labels = self._get_failure_labels()
        return {target_id: labels[failure_type] for target_id, failure_type in failures.items()}

    def _get_failure_labels(self):
        return dict(self.env["mailing.trace"]._fields["failure_type"]._description_selection(self.env))
