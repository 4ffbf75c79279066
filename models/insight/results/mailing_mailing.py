# Results of a mailing.
from odoo import models


class MailingMailing(models.Model):
    _name = "mailing.mailing"
    _inherit = ["mailing.mailing", "mailing.results"]

    def _get_result_mailings(self):
        return {mailing.id: mailing.sudo()._origin for mailing in self}
