# Records that show which journeys they, and those who belong to them, were or are in.
from odoo import fields, models
from odoo.fields import Domain


class JourneyTraced(models.AbstractModel):
    """Adds the number of entries into journeys, and the way to their timelines. Only users of Buying Journeys see
    them; others see neither the field nor an entry."""

    _name = "journey.traced"
    _description = "Record That Takes Part in Journeys"

    journey_entry_count = fields.Integer(
        "Journeys",
        compute="_compute_journey_entry_count",
        groups="crm_buying_journey.group_user",
        help="Entries of this record, and of those who belong to it, into journeys.",
    )

    def _get_journey_records(self):
        """What counts as taking part for each of these records, with a fixed number of queries.

        :return: ``{record id: {model name: set of ids}}``
        :rtype: dict
        """
        return {record_id: {self._name: {record_id}} for record_id in self._origin.ids}

    def _compute_journey_entry_count(self):
        """One query per model that takes part."""
        relatives = self._get_journey_records()
        wanted = {}
        for of_record in relatives.values():
            for model_name, ids in of_record.items():
                wanted.setdefault(model_name, set()).update(ids)
        counts = {
            (model_name, res_id): count
            for model_name, ids in wanted.items()
            for res_id, count in self.env["journey.participant"]._read_group(
                [("res_model", "=", model_name), ("res_id", "in", list(ids))], ["res_id"], ["__count"]
            )
        }
        for record in self:
            record.journey_entry_count = sum(
                counts.get((model_name, res_id), 0)
                for model_name, ids in relatives.get(record._origin.id, {}).items()
                for res_id in ids
            )

    def action_view_journeys(self):
        """Button: the entries of this record, and of those who belong to it, into journeys."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.journey_participant_action")
        domain = Domain.OR(
            Domain("res_model", "=", model_name) & Domain("res_id", "in", sorted(ids))
            for model_name, ids in self._get_journey_records().get(self.id, {}).items()
        )
        return action | {"domain": list(domain), "name": self.env._("Journeys of %(name)s", name=self.display_name)}
