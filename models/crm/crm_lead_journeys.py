# Leads: their journeys, and those of their contact.
from odoo import models


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = ["crm.lead", "journey.traced"]

    def _get_journey_records(self):
        result = super()._get_journey_records()
        for lead in self._origin:
            if lead.partner_id:
                result[lead.id]["res.partner"] = {lead.partner_id.id}
        return result
