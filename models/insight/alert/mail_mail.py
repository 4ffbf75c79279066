# The mail of a sales alert: each recipient's own links, a whole document, and a text that reads well.
import re

from markupsafe import escape

from odoo import fields, models, tools

from ....tools.plain_text import html_to_text
from .buying_alert_recipient import ANSWERS

# where the links of the recipient will stand; kept out of the stored text, which others can read on the group
ANSWER_LINK = re.compile(rf"(?:https?://[^\"'\s<>]*)?/buying/alert/answer/({'|'.join(ANSWERS)})\b")
DOCUMENT = """<!DOCTYPE html>
<html lang="%(lang)s"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"/>\
<meta name="viewport" content="width=device-width, initial-scale=1"/>\
<meta name="format-detection" content="telephone=no"/><title>%(title)s</title></head>\
<body style="margin:0;padding:0;">%(body)s</body></html>"""


class MailMail(models.Model):
    _inherit = "mail.mail"

    # without its row the mail would hold links that answer nothing
    alert_recipient_id = fields.Many2one(
        "buying.alert.recipient",
        "Recipient of a Sales Alert",
        index="btree_not_null",
        ondelete="cascade",
        readonly=True,
    )

    def _prepare_outgoing_body(self):
        body = super()._prepare_outgoing_body()
        # whoever sends mails, a worker or an administrator, need not be one of ours
        recipient = self.alert_recipient_id.sudo()
        if not body or not recipient:
            return body
        # whatever the template says, a copy leads to the group only, where everybody answers as themselves
        group_url = recipient.group_id._get_alert_url()
        body = ANSWER_LINK.sub(
            lambda match: group_url if recipient.is_copy else recipient._get_url(match[1]), str(body)
        )
        return DOCUMENT % {
            "lang": (recipient.lang or "en_US").replace("_", "-"),
            "title": escape(self.subject or ""),
            "body": body,
        }

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        email_list = super()._prepare_outgoing_list(mail_server=mail_server, doc_to_followers=doc_to_followers)
        if recipient := self.alert_recipient_id.sudo():
            pair = self.with_context(lang=recipient.lang).env._("%(label)s: %(value)s")
            # nobody else may get the links of this recipient, not even if somebody wrote a Cc into the waiting mail
            email_list = [values for values in email_list if values["email_to"] and not values["partner_id"]]
            for values in email_list:
                values |= {"email_cc": [], "email_to_normalized": tools.mail.email_normalize_all(self.email_to)}
                values["body_alternative"] = html_to_text(values["body"], pair)
        return email_list
