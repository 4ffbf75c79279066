# Results of a campaign: of all of its mailings by email.
from odoo import models


class UtmCampaign(models.Model):
    _name = "utm.campaign"
    _inherit = ["utm.campaign", "mailing.results"]

    def _get_result_mailings(self):
        rows = (
            self.env["mailing.mailing"]
            .sudo()
            .with_context(active_test=False)
            ._read_group(
                [("campaign_id", "in", self.ids), ("mailing_type", "=", "mail")], ["campaign_id"], ["id:recordset"]
            )
        )
        return {campaign.id: mailings for campaign, mailings in rows}
