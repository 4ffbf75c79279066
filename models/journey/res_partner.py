# Accounts and contacts: their journeys.
from odoo import models


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "journey.traced"]

    def _get_journey_records(self):
        """An account's journeys are also those of its people and its buying groups."""
        result = super()._get_journey_records()
        people = self._origin._get_account_people()
        for partner_id, persons in people.items():
            result[partner_id]["res.partner"].update(persons.ids)
        groups = (
            self.env["buying.group"]
            .with_context(active_test=False)
            ._read_group([("partner_id", "in", self._origin.ids)], ["partner_id"], ["id:array_agg"])
        )
        for partner, ids in groups:
            result[partner.id]["buying.group"] = set(ids)
        return result
