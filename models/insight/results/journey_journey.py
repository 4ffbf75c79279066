# Results of a journey: of the mails of all of its versions, and the leads that its steps brought back.
from odoo import models
from odoo.fields import Domain


class JourneyJourney(models.Model):
    _name = "journey.journey"
    _inherit = ["journey.journey", "mailing.results"]

    def _get_result_mailings(self):
        rows = (
            self.env["mailing.mailing"]
            .sudo()
            .with_context(active_test=False)
            .search_fetch([("journey_node_id.journey_id", "in", self.ids)], ["journey_node_id", "source_id"])
        )
        return dict(rows.grouped(lambda mailing: mailing.journey_node_id.journey_id.id))

    def _get_reactivated_domain(self):
        return super()._get_reactivated_domain() | Domain("reactivation_journey_id", "in", self.ids)

    def _get_reactivating(self, lead, records_of):
        found = {record.id for record in super()._get_reactivating(lead, records_of)}
        found |= set(lead.sudo().reactivation_journey_id.ids)
        return [record for record in self if record.id in found]
