# Mail servers: a tracked copy and the primary's mail show the same Cc, whoever the message goes to.
from odoo import api, models


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    @api.model
    def _alter_message__(self, message, smtp_from, smtp_to_list):
        """Show everybody who is in copy. Called when the envelope is made already, so nobody gets the message twice;
        were it not called, the header would show less, and nobody would get a mail that is not meant for him."""
        shown = message["X-Copy-Cc"]
        if shown:
            del message["Cc"]
            message["Cc"] = shown
        del message["X-Copy-Cc"]
        if len(message["List-Unsubscribe"] or "") > 60:
            # a longer line is legal (RFC 5322, 2.1.1); at 78 characters the link would be encoded, and mail programs
            # would show no button to unsubscribe
            message.policy = message.policy.clone(max_line_length=998)
        return super()._alter_message__(message, smtp_from, smtp_to_list)
