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
        refusal = False
        if (
            journey.state != "live"
            or (journey.date_start and journey.date_start > now)
            or (journey.date_end and journey.date_end <= now)
        ):
            refusal = self.env._("%(journey)s takes nobody in now.", journey=journey.name)
        elif records._name != journey.model_name:
            refusal = self.env._("%(journey)s takes other kinds of records.", journey=journey.name)
        if refusal:
            return dict.fromkeys(records.ids, refusal)
        before = journey._get_inside(records)
        engine = self.env["journey.engine"].sudo()
        engine._enrol_records(journey, now, records.ids)
        fresh = journey._get_inside(records) - before
        engine._trigger()
        return {
            record_id: self.env._("This record is inside %(journey)s already.", journey=journey.name)
            if record_id in before
            else self.env._(
                "This record may not enter %(journey)s again now, or is out of its sight.", journey=journey.name
            )
            for record_id in records.ids
            if record_id not in fresh
        }

    def _get_inside(self, records):
        """Ids of those of these records that are inside this journey now."""
        domain = [
            ("journey_id", "=", self.id),
            ("res_model", "=", records._name),
            ("res_id", "in", records.ids),
            ("state", "=", "active"),
        ]
        return set(self.env["journey.participant"].search(domain).mapped("res_id"))
