# Leads: found fast by mails that came back.
from odoo import models


class CrmLead(models.Model):
    _inherit = "crm.lead"

    # asked for each batch of mails; few leads bounced, so it stays small
    _mail_bounced_idx = models.Index("(email_normalized) WHERE message_bounce > 0")
    # fields with more than one address are rare, and looked up by themselves
    _mail_several_idx = models.Index("(id) WHERE email_from ~ '@.*@'")
