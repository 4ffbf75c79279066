# Settings of copies and of a month's limits.
from odoo import api, fields, models

from .mailing_mailing_copies import PARAMETER


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    bj_cc_recipients = fields.Boolean(
        "CC Recipients",
        help="Mailings and the mails of journeys can be copied to other people, found from each recipient.",
    )
    bj_copy_limit = fields.Integer(
        "Copies per Address",
        config_parameter="crm_buying_journey.copy_limit",
        help="Proposed for new mailings: how many copies of one mailing an address may get. 0: no limit.",
    )

    bj_usage_soft_contacts = fields.Integer(
        "Warn at Contacts", config_parameter="crm_buying_journey.usage_soft_contacts"
    )
    bj_usage_hard_contacts = fields.Integer(
        "Contacts at Most", config_parameter="crm_buying_journey.usage_hard_contacts"
    )
    bj_usage_soft_interactions = fields.Integer(
        "Warn at Mails", config_parameter="crm_buying_journey.usage_soft_interactions"
    )
    bj_usage_hard_interactions = fields.Integer(
        "Mails at Most", config_parameter="crm_buying_journey.usage_hard_interactions"
    )

    @api.model
    def get_values(self):
        return super().get_values() | {"bj_cc_recipients": self.env["mailing.mailing"]._is_cc_enabled()}

    def set_values(self):
        result = super().set_values()
        self.env["ir.config_parameter"].sudo().set_param(PARAMETER, str(self.bj_cc_recipients))
        return result
