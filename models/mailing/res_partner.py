# Contacts: found fast by mails that came back.
from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    # guard rails and consent find contacts by the addresses of recipients, for each batch of mails
    _mail_address_idx = models.Index("(email_normalized) WHERE email_normalized IS NOT NULL")
    # asked for each batch of mails; few contacts bounced, so it stays small
    _mail_bounced_idx = models.Index("(email_normalized) WHERE message_bounce > 0")
    # fields with more than one address are rare, and looked up by themselves
    _mail_several_idx = models.Index("(id) WHERE email ~ '@.*@'")
