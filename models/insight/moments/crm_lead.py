# A moment may be noted on a lead; it is about the contact.
from odoo import models


class CrmLead(models.Model):
    _inherit = "crm.lead"

    def action_note_moment(self):
        """Button: note a moment by hand."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.engagement_moment_note_action")
        return action | {"context": {"default_res_model": self._name, "default_res_id": self.id}}
