# What we tell about a group.
from odoo import models, tools


class BuyingGroup(models.Model):
    _inherit = "buying.group"

    def _get_completeness_text(self):
        """Completeness as shown to people: whole percent, rounded half up; a dash if no role is required."""
        self.ensure_one()
        if not self.required_role_count:
            return "–"
        return f"{int(tools.float_round(self.completeness, precision_digits=0, rounding_method='HALF-UP'))} %"

    def _get_alert_members(self):
        """Members in the order of the template's roles, then by name.

        :rtype: buying.group.member
        """
        self.ensure_one()
        priority = {line.role_id: line.sequence for line in self.sudo().template_id.line_ids}
        return self.member_ids.sorted(lambda member: (priority.get(member.role_id, 0), member.partner_id.name or ""))

    def _send_sales_alert(self, addresses):
        """Put one sales alert per group and language into the outbox.

        :param list addresses: normalized e-mail addresses; each recipient gets a message of their own
        :return: the mails, in state outgoing
        :rtype: mail.mail
        """
        template = self.env.ref("crm_buying_journey.mail_template_sales_alert").sudo()
        langs = self._get_langs(addresses)
        values = []
        for lang in set(langs.values()):
            # the template is ours and trusted; what it shows is read with the rights of the current user
            rendered = {
                field: template.with_env(self.env).with_context(lang=lang)._render_field(field, self.ids, set_lang=lang)
                for field in ("subject", "body_html")
            }
            values += [
                {
                    "subject": rendered["subject"][group.id],
                    "body_html": rendered["body_html"][group.id],
                    "email_from": self.env.user.email_formatted or self.env.company.email_formatted,
                    "reply_to": self.env.user.email_formatted or self.env.company.email_formatted,
                    "email_to": address,
                    "model": "buying.group",
                    "res_id": group.id,
                    # not shown in the chatter, where one note tells of all copies
                    "message_type": "user_notification",
                    "auto_delete": False,
                    "state": "outgoing",
                }
                for group in self
                for address, address_lang in langs.items()
                if address_lang == lang
            ]
        mails = self.env["mail.mail"].sudo().create(values)
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        for group in self:
            group._message_log(body=self.env._("Sales alert sent to %(addresses)s.", addresses=", ".join(addresses)))
        return mails

    def _get_langs(self, addresses):
        """The language of each recipient: their own if we know them, else the current user's.

        :return: ``{address: language code}``
        """
        partners = self.env["res.partner"].sudo().search([("email_normalized", "in", addresses)], order="id desc")
        known = {partner.email_normalized: partner.lang for partner in partners}
        return {address: known.get(address) or self.env.user.lang or "en_US" for address in addresses}
