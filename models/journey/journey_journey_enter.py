# Records that enter a journey by themselves, not with its audience.
from odoo import fields, models


class JourneyJourney(models.Model):
    _inherit = "journey.journey"

    def _enter_now(self, records):
        """Let these records enter, be they in the audience or not; one statement for all.

        :param records: records of the journey's model
        :return: ``{record id: reason}`` for those that did not enter
        :rtype: dict
        """
        self.ensure_one()
        journey = self.sudo()
        now = fields.Datetime.now()
        Participant = self.env["journey.participant"].sudo()
        refusal = False
        if journey.state != "live" or (journey.date_end and journey.date_end <= now):
            refusal = self.env._("%(journey)s takes nobody in now.", journey=journey.name)
        elif records._name != journey.model_name:
            refusal = self.env._("%(journey)s takes other kinds of records.", journey=journey.name)
        if refusal:
            return dict.fromkeys(records.ids, refusal)
        earlier = Participant._read_group(
            [("journey_id", "=", journey.id), ("res_model", "=", records._name), ("res_id", "in", records.ids)],
            ["res_id", "state"],
            ["entry:max"],
        )
        inside = {res_id for res_id, state, _entry in earlier if state == "active"}
        entries = {}
        for res_id, _state, entry in earlier:
            entries[res_id] = max(entry, entries.get(res_id, 0))
        start = journey.current_version_id._get_start_node()
        Participant.create(
            [
                {
                    "journey_id": journey.id,
                    "version_id": journey.current_version_id.id,
                    "node_id": start.id,
                    "res_model": records._name,
                    "res_id": record_id,
                    "entry": entries.get(record_id, 0) + 1,
                    "due_at": now,
                }
                for record_id in records.ids
                if record_id not in inside
            ]
        )
        self.env["journey.engine"]._trigger()
        return dict.fromkeys(
            (record_id for record_id in records.ids if record_id in inside),
            self.env._("This record is inside %(journey)s already.", journey=journey.name),
        )
