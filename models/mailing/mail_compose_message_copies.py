# The composer: adds the copies to each mail it makes.
from ast import literal_eval

from markupsafe import Markup

from odoo import models, tools


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _prepare_mail_values(self, res_ids):
        """Add the copies: a Cc of the one message that goes to the primary, a mail of its own for each tracked copy,
        and a row for each slot, all created together with the primary's mail."""
        mail_values_all = super()._prepare_mail_values(res_ids)
        if self._is_mass_mailing() and self.mass_mailing_id.cc_slot_ids:
            self._add_copies(mail_values_all)
        return mail_values_all

    def _add_copies(self, mail_values_all):
        """Resolve every slot for every recipient of the batch who will get a mail."""
        mailing = self.mass_mailing_id
        going = {
            res_id: values
            for res_id, values in mail_values_all.items()
            if values.get("state") not in ("cancel", "exception") and values.get("mailing_trace_ids")
        }
        if not going:
            return
        recipients = self._get_recipients_data(going)
        primaries = {res_id: set(data["mail_to_normalized"]) for res_id, data in recipients.items()}
        records = self.env[self.model].browse(going)
        plan = mailing._plan_copies(records, primaries, mailing._count_copies() if mailing.copy_limit else {})
        labels = {slot: slot.label for slot in mailing.cc_slot_ids}
        for res_id, values in going.items():
            shared, tracked, rows = [], [], []
            for slot, partner, address, normalized, reason in plan[res_id]:
                row = {
                    "mailing_id": mailing.id,
                    "slot_id": slot.id,
                    "relation": labels[slot],
                    "email": normalized,
                    "partner_id": partner.id,
                    "mode": slot.mode,
                    "unsubscribe": slot.unsubscribe,
                    "state": "skipped" if reason else "sent",
                    "reason": reason,
                }
                rows.append((0, 0, row))
                if reason:
                    continue
                if slot.mode == "shared":
                    shared.append(address)
                else:
                    tracked.append((row, partner, address))
            values["mailing_trace_ids"][0][2]["copy_ids"] = rows
            if shared:
                values["email_cc"] = ", ".join(shared)
            if tracked:
                self._add_tracked(res_id, values, recipients[res_id]["mail_to"], shared, tracked)

    def _add_tracked(self, res_id, values, mail_to, shared, tracked):
        """Give each tracked copy a mail of its own that shows the same To and Cc as the primary's.

        :param list mail_to: addresses of the primary
        :param list shared: formatted addresses in the Cc of the primary's mail
        :param list tracked: ``(values of the row, partner, formatted address)``, the rows get their mail
        """
        headers = literal_eval(values.get("headers") or "{}")
        shown = ", ".join([*shared, *(address for _row, _partner, address in tracked)])
        values["headers"] = repr(headers | {"X-Copy-Cc": shown})
        to = self._get_primary_formatted(res_id, values, mail_to)
        for row, partner, address in tracked:
            message_id = self.env["mail.message"]._get_message_id({"model": self.model, "res_id": res_id})
            row.update(
                state="outgoing",
                message_id=message_id,
                mail_ids=[
                    (
                        0,
                        0,
                        {
                            **{
                                key: values[key]
                                for key in (
                                    "author_id",
                                    "auto_delete",
                                    "email_from",
                                    "mail_server_id",
                                    "mailing_expires_at",
                                    "mailing_id",
                                    "message_type",
                                    "model",
                                    "record_alias_domain_id",
                                    "record_company_id",
                                    "reply_to",
                                    "reply_to_force_new",
                                    "res_id",
                                    "scheduled_date",
                                    "subject",
                                )
                                if key in values
                            },
                            "attachment_ids": self._copy_attachments(),
                            # what the record's chatter says while the mail is kept
                            "body": self._get_copy_note(address),
                            "body_html": tools.mail.prepend_html_content(
                                values.get("body_html") or "", self._get_copy_banner(partner, to)
                            ),
                            "email_to": address,
                            "headers": repr(headers | {"X-Forge-To": to, "X-Copy-Cc": shown}),
                            # the chatter keeps the primary's mail; an answer finds the record by its id
                            "is_notification": False,
                            "message_id": message_id,
                            "references": f"{values['message_id']} {message_id}",
                        },
                    )
                ],
            )

    def _get_primary_formatted(self, res_id, values, mail_to):
        """The To of the primary's mail, as the host will write it."""
        partner_ids = [command[1] for command in values.get("recipient_ids") or [] if command[1]]
        formatted = [
            tools.formataddr((partner.name or "", address))
            for partner in self.env["res.partner"].browse(partner_ids)
            for address in tools.mail.email_normalize_all(partner.email or "")
        ]
        return ", ".join(tools.mail.email_split_and_format_normalize(values.get("email_to") or "") + formatted) or (
            mail_to[0] if mail_to else ""
        )

    def _copy_attachments(self):
        """The host deletes the attachments of a mail together with it, so a copy needs its own."""
        return [
            (4, attachment.id)
            for attachment in self.attachment_ids.sorted("id", reverse=True).mapped(
                lambda attachment: attachment.copy({"res_model": "mail.message", "res_id": 0})
            )
        ]

    def _get_copy_note(self, address):
        return Markup("<p>%s</p>") % self.env._(
            "Copy of the mailing %(mailing)s to %(address)s",
            mailing=self.mass_mailing_id.display_name,
            address=address,
        )

    def _get_copy_banner(self, partner, to):
        """Says whose mail this is a copy of, in the language of the person copied."""
        # the language alone is read
        lang = partner.sudo().lang or self.env.lang
        text = self.with_context(lang=lang).env._(
            "You get a copy of this mail, which was sent to %(recipient)s.", recipient=to
        )
        return (
            Markup(
                '<div class="o_copy_banner" style="background-color:#eef2f7;border-left:4px solid #6b7f99;'
                "color:#333333;"
                'font-family:Arial,Helvetica,sans-serif;font-size:13px;margin:0 0 12px 0;padding:8px 12px;">%s</div>'
            )
            % text
        )
