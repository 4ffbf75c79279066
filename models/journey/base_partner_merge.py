# Merging contacts and groups: journeys go on with the record that stays.
from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_reference_fields(self, src_partners, dst_partner):
        self.env["journey.participant"]._merge_records(src_partners, dst_partner)
        return super()._update_reference_fields(src_partners, dst_partner)
