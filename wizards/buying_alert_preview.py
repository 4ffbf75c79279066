# Wizard: how a sales alert would look now, in any language, and to whom a step would send it.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.insight.alert.buying_alert_send import AlertRequest
from ..tools.plain_text import html_to_text


class BuyingAlertPreview(models.TransientModel):
    """The alert about one group as the user who looks may see it. Opened from a journey's step, it says as well who
    would get it. Nothing is sent or logged, and the links to answer lead to a page that says so."""

    _name = "buying.alert.preview"
    _inherit = "buying.wizard.reader"
    _description = "Preview of a Sales Alert"
    _rec_name = "group_id"
    _read_checked = ("group_id", "node_id")

    group_id = fields.Many2one("buying.group", "Buying Group", required=True, ondelete="cascade")
    node_id = fields.Many2one("journey.node", "Step", readonly=True, ondelete="cascade")
    lang = fields.Selection("_selection_lang", "Language", required=True, default=lambda self: self.env.user.lang)
    email_from = fields.Char("From", compute="_compute_preview")
    reply_to = fields.Char(compute="_compute_preview")
    sent_to = fields.Text("To", compute="_compute_preview")
    copied_to = fields.Text(
        "Copy To", compute="_compute_preview", help="In mails of their own, without links to answer."
    )
    refused = fields.Text("Not Sent To", compute="_compute_preview")
    subject = fields.Char(compute="_compute_preview")
    body_html = fields.Html("Mail", compute="_compute_preview", sanitize=False)
    body_text = fields.Text("Plain Text", compute="_compute_preview")

    @api.model
    def _selection_lang(self):
        return self.env["res.lang"].get_installed()

    @api.depends("group_id", "lang", "node_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_preview(self):
        for preview in self:
            preview.update(
                dict.fromkeys(
                    ("email_from", "reply_to", "sent_to", "copied_to", "refused", "subject", "body_html", "body_text"),
                    False,
                )
            )
            group = preview.group_id
            if not group or not preview.lang:
                continue
            group.check_access("read")
            subject, body = self.env["buying.alert"]._render(group._origin, preview.lang, self.env.user.tz)[
                group._origin.id
            ]
            pair = self.with_context(lang=preview.lang).env._("%(label)s: %(value)s")
            preview.update({"subject": subject, "body_html": body, "body_text": html_to_text(str(body), pair)})
            if preview.node_id:
                preview._fill_in_envelope()

    def _fill_in_envelope(self):
        """Who would get the alert, and from whom, if the journey's step sent it now."""
        node = self.node_id
        node.check_access("read")
        action = node.action_server_id.sudo()
        responsible = node.journey_id.user_id
        request = AlertRequest(salespeople=set(self.group_id.sudo().partner_id.user_id.filtered("active").ids))
        found = action._get_alert_recipients({self.group_id._origin: request})[self.group_id._origin]
        going = [recipient for recipient in found if not recipient.refusal]
        to, copies = (
            [f"{one.name} <{one.email}>" if one.name else one.email for one in going if one.is_copy == is_copy]
            for is_copy in (False, True)
        )
        tell = self.env["buying.alert"]._tell_lines
        sender = action.alert_email_from or responsible.sudo().email_formatted or self.env.company.email_formatted
        self.update(
            {
                "email_from": sender,
                "reply_to": action.alert_reply_to or sender,
                "sent_to": tell(to) or self.env._("Nobody"),
                "copied_to": tell(copies) if to else False,
                "refused": tell(list(dict.fromkeys(recipient.refusal for recipient in found if recipient.refusal))),
            }
        )

    def action_send_to_me(self):
        """Button: send this mail to the current user alone; nothing is logged, and the links answer nothing.

        :raise UserError: the user has no address
        """
        self.ensure_one()
        user = self.env.user
        if not user.email_normalized:
            raise UserError(self.env._("You have no email address."))
        mail = (
            self.env["mail.mail"]
            .sudo()
            .create(
                {
                    "subject": self.env._("Test: %(subject)s", subject=self.subject),
                    "body_html": self.body_html,
                    "email_from": user.email_formatted,
                    "email_to": user.email_formatted,
                    "auto_delete": True,
                    "state": "outgoing",
                }
            )
        )
        mail.send()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": self.env._("Sent to %(email)s.", email=user.email_normalized)},
        }

    def _open(self):
        """:return: the dialog"""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview of the Sales Alert"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
