# Outgoing mails: one message for the primary and the copies.
from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """Put the Cc of a mailing on the primary's own message.

        Core writes a separate message with an empty To for the Cc when the primary is a contact, without the
        primary's unsubscribe link; reply-to-all would then miss people, and the copy could not be told from spam.
        """
        email_list = super()._prepare_outgoing_list(mail_server=mail_server, doc_to_followers=doc_to_followers)
        if not self.mailing_id or not self.email_cc:
            return email_list
        primary = next((values for values in email_list if values["email_to"]), None)
        if not primary:
            return email_list
        for stray in [values for values in email_list if not values["email_to"] and values["email_cc"]]:
            primary["email_cc"] = primary["email_cc"] + stray["email_cc"]
            primary["email_to_normalized"] = primary["email_to_normalized"] + stray["email_to_normalized"]
            email_list.remove(stray)
        return email_list
