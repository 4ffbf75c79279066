# Incoming mail: absence notes are recognised while their headers are still known.
from odoo import api, models

from ...tools.automatic_reply import is_automatic_reply


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        thread = self
        if is_automatic_reply(message, message_dict.get("subject")):
            thread = self.with_context(bj_automatic_reply=True)
        return super(MailThread, thread)._message_route_process(message, message_dict, routes)
