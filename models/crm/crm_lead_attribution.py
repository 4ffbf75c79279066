# Quotations of leads that a mailing brought back count as that mailing's, and so do the invoices made of them.
from odoo import models


class CrmLead(models.Model):
    _inherit = "crm.lead"

    def _prepare_opportunity_quotation_context(self):
        """The lead keeps the source that it once came from; what is sold now is owed to the mail that woke it."""
        context = super()._prepare_opportunity_quotation_context()
        # salespeople need not read mailings
        mailing = self.sudo().reactivation_mailing_id
        if mailing:
            context |= {
                "default_source_id": mailing.source_id.id,
                "default_medium_id": mailing.medium_id.id,
                "default_campaign_id": mailing.campaign_id.id or context.get("default_campaign_id"),
            }
        return context
