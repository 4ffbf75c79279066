# Mailing contacts: found fast by address.
from odoo import models


class MailingContact(models.Model):
    _inherit = "mailing.contact"

    # asked for each batch of mails: who opted out, and whose mails came back; core has no index on the address
    _mail_address_idx = models.Index("(email_normalized)")
    # fields with more than one address are rare, and looked up by themselves
    _mail_several_idx = models.Index("(id) WHERE email ~ '@.*@'")
