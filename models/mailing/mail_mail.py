# Outgoing mails: one message for the primary and the shared copies, one for each tracked copy.
import re

import werkzeug.urls

from odoo import fields, models, tools

# pictures that count who opens a mail; whoever reads its text should not find them as links
TRACKING_PICTURE = re.compile(r'<img[^>]*src="[^"]*(?:/mail/track/[^"]*|/mailing/copy/[^"]*/open\.gif)"[^>]*>')


class MailMail(models.Model):
    _inherit = "mail.mail"

    # without its row a copy would leave unmarked, with somebody else's links
    mailing_copy_id = fields.Many2one(
        "mailing.trace.copy", "Tracked Copy", index="btree_not_null", ondelete="cascade", readonly=True
    )

    def _prepare_outgoing_body(self):
        """Links of a tracked copy are its own: clicks, opening, unsubscribing, the page to read it on."""
        body = super()._prepare_outgoing_body()
        # rows of copies are written and read by the addon alone while mails leave
        copy = self.mailing_copy_id.sudo()
        if not body or not copy:
            return body
        wrapper = body.__class__
        for href, url in {match[:2] for match in re.findall(tools.mail.URL_REGEX, body)}:
            parsed = werkzeug.urls.url_parse(url, scheme="http")
            if parsed.scheme.startswith("http") and parsed.path.startswith("/r/"):
                own = copy._get_url(f"r/{parsed.path.removeprefix('/r/').strip('/')}")
                body = body.replace(wrapper(href), wrapper(href.replace(url, own)))
        base_url = self.mailing_id.get_base_url()
        for placeholder, action in (("unsubscribe_from_list", "unsubscribe"), ("view", "view")):
            body = body.replace(wrapper(f"{base_url}/{placeholder}"), wrapper(copy._get_url(action)))
        return tools.mail.append_content_to_html(body, f'<img src="{copy._get_url("open.gif")}"/>', plaintext=False)

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """Put the Cc of a mailing on the primary's own message.

        Core writes a separate message with an empty To for the Cc when the primary is a contact, without the
        primary's unsubscribe link; reply-to-all would then miss people, and the copy could not be told from spam.
        """
        email_list = super()._prepare_outgoing_list(mail_server=mail_server, doc_to_followers=doc_to_followers)
        if copy := self.mailing_copy_id.sudo():
            for values in email_list:
                values["headers"] = values["headers"] | {
                    "List-Unsubscribe": f"<{copy._get_url('unsubscribe_oneclick')}>",
                    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                    "Precedence": "list",
                    "X-Auto-Response-Suppress": "OOF",
                }
            self._fill_plain_text(email_list)
            return email_list
        if not self.mailing_id:
            return email_list
        if self.mailing_id._uses_addon():
            self._fill_plain_text(email_list)
        if not self.email_cc:
            return email_list
        primary = next((values for values in email_list if values["email_to"]), None)
        if not primary:
            return email_list
        for stray in [values for values in email_list if not values["email_to"] and values["email_cc"]]:
            primary["email_cc"] = primary["email_cc"] + stray["email_cc"]
            primary["email_to_normalized"] = primary["email_to_normalized"] + stray["email_to_normalized"]
            email_list.remove(stray)
        return email_list

    def _fill_plain_text(self, email_list):
        """Core makes the plain text before it fills the links to unsubscribe and to read the mail in a browser, so
        whoever reads that text could do neither, and it lists the picture that counts openings as one more link."""
        if self.env.context.get("mailing_test_mail"):
            return
        for values in email_list:
            values["body_alternative"] = tools.html2plaintext(TRACKING_PICTURE.sub("", values["body"] or ""))

    def _postprocess_sent_message(self, success_pids, success_emails, failure_reason=False, failure_type=None):
        # see _prepare_outgoing_body
        copies = self.mailing_copy_id.sudo()
        if copies and failure_type:
            copies._set_failed(failure_reason or failure_type)
        elif copies:
            copies._set_sent()
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason=failure_reason, failure_type=failure_type
        )

    def cancel(self):
        result = super().cancel()
        self.mailing_copy_id.sudo().filtered(lambda copy: copy.state == "outgoing").write({"state": "cancelled"})
        return result

    def _split_by_delayed_batch(self, mail_server):
        """The limit of a personal mail server is on addresses; core counts those of the To only."""
        to_send = super()._split_by_delayed_batch(mail_server)
        if mail_server and mail_server.owner_user_id:
            mail_server.owner_limit_count += sum(
                len(tools.mail.email_normalize_all(mail.email_cc)) for mail in to_send if mail.email_cc
            )
        return to_send
