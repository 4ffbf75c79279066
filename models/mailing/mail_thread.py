# Incoming mail: a copy's answer and a copy's bounce are the copy's, not the recipient's.
import re

from odoo import api, models, tools
from odoo.fields import Domain

from ...tools.automatic_reply import is_automatic_reply


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    # Answers -------------------------------------------------------------------------------------------------------

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        """Core takes whoever answers a mailing for its recipient. Where there are copies, the From says who it was."""
        thread = self
        references = tools.mail.mail_header_msgid_re.findall(
            f"{message_dict.get('references') or ''} {message_dict.get('in_reply_to') or ''}"
        )
        if routes and references:
            answered, copies = self._find_answering_copies(references, message_dict)
            if answered:
                thread = self.with_context(bj_answered_by_copy=frozenset(answered.ids))
            if copies and not is_automatic_reply(message, message_dict.get("subject")):
                copies._set_replied()
        return super(MailThread, thread)._message_route_process(message, message_dict, routes)

    @api.model
    def _find_answering_copies(self, references, message_dict):
        """:return: traces of the recipients who did not answer, and the copies who did"""
        # incoming mails are handled as whoever the gateway runs as
        traces = self.env["mailing.trace"].sudo().search([("message_id", "in", references)])
        Copy = self.env["mailing.trace.copy"].sudo()
        copies = Copy.search(
            Domain("state", "!=", "skipped")
            & (Domain("trace_id", "in", traces.ids) | Domain("message_id", "in", references))
        )
        if not copies:
            return traces.browse(), copies
        sender = tools.email_normalize(message_dict.get("email_from") or "", strict=False)
        concerned = traces | copies.trace_id
        if sender in concerned.mapped("email"):
            return concerned.filtered(lambda trace: trace.email != sender), copies.browse()
        own = copies.filtered(lambda copy: copy.email == sender)
        if not own:
            # somebody with another address answers the mail that went to a copy alone
            last = tools.mail.mail_header_msgid_re.findall(message_dict.get("in_reply_to") or "") or references[-1:]
            own = copies.filtered(lambda copy: copy.message_id and copy.message_id in last)
        return own.trace_id, own

    # Bounces -------------------------------------------------------------------------------------------------------

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """Core takes every bounce of a mailing's message for the recipient's. Where somebody is in copy, the address
        that bounced decides; if the report names none that we wrote to, nobody is marked."""
        traces, copies = self._find_bounced(message_dict)
        if not copies:
            return super()._routing_handle_bounce(email_message, message_dict)
        bounced = self._get_bounced_addresses(email_message, message_dict)
        if bounced is None:
            return None
        primaries = traces.filtered(lambda trace: trace.email in bounced)
        reason = tools.html2plaintext(message_dict.get("body") or "")
        mine = copies.filtered(lambda copy: copy.email in bounced)
        if not bounced:
            # a report without an address: the message of one copy alone tells whose it is
            own_ids = message_dict["bounced_msg_ids"] or []
            mine = copies.filtered(lambda copy: copy.message_id and copy.message_id in own_ids)
            bounced = set(mine.mapped("email"))
        mine._set_bounced(reason)
        result = None
        for address in sorted(bounced):
            own = primaries.filtered(lambda trace, address=address: trace.email == address)
            # incoming mails are handled as whoever the gateway runs as
            partner = self.env["res.partner"].sudo().search([("email_normalized", "=", address)])
            values = message_dict | {"bounced_email": address, "bounced_partner": partner}
            if not own:
                # core counts the bounce for the records with this address, and leaves the recipient's alone
                values |= {"bounced_msg_ids": [], "bounced_message": message_dict["bounced_message"].browse()}
            result = super()._routing_handle_bounce(email_message, values)
        return result

    @api.model
    def _find_bounced(self, message_dict):
        """:return: the traces of the message that bounced, and the copies that it went to"""
        message_ids = message_dict.get("bounced_msg_ids") or []
        Copy = self.env["mailing.trace.copy"].sudo()
        if not message_ids:
            return self.env["mailing.trace"].sudo(), Copy
        tracked = Copy.search([("message_id", "in", message_ids)])
        if tracked:
            # its references name the primary's message, too
            return self.env["mailing.trace"].sudo(), tracked
        traces = self.env["mailing.trace"].sudo().search([("message_id", "in", message_ids)])
        return traces, Copy.search(
            [("trace_id", "in", traces.ids), ("mode", "=", "shared"), ("state", "!=", "skipped")]
        )

    @api.model
    def _get_bounced_addresses(self, email_message, message_dict):
        """All addresses that failed. A server reports those of one message together (RFC 3464), of which core reads
        the first; an alias's report names the address we wrote to as the original one.

        :return: normalized addresses; ``None`` if the report says that nothing failed, such as one of a delay
        :rtype: set or None
        """
        result, reported = set(), False
        for part in email_message.walk() if email_message else []:
            if part.get_content_type() != "message/delivery-status":
                continue
            payload = part.get_payload()
            for recipient in payload[1:] if isinstance(payload, list) else []:
                reported = reported or bool(recipient.get("Action"))
                if str(recipient.get("Action") or "failed").strip().lower() != "failed":
                    continue
                for header in ("Original-Recipient", "Final-Recipient"):
                    text = str(recipient.get(header) or "")
                    address = tools.email_normalize(re.sub(r"^[^;]*;", "", text).strip())
                    if address:
                        result.add(address)
        if reported and not result:
            return None
        if not result and message_dict.get("bounced_email"):
            result.add(tools.email_normalize(message_dict["bounced_email"], strict=False))
        return result - {False}
