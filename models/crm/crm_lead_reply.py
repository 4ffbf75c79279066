# Mails to lost leads: core puts them into the chatter of an archived lead, where nobody looks.
from odoo import models


class CrmLead(models.Model):
    _inherit = "crm.lead"

    def _message_post_after_hook(self, message, msg_vals):
        """A customer who writes about a lost lead reaches its salesperson, or the leader of the team: as a follower,
        who is notified like of any other mail, and by a to-do, since the lead is in no list. Absence notes and mails of
        colleagues tell nobody."""
        result = super()._message_post_after_hook(message, msg_vals)
        # the mail gateway posts as whoever wrote
        author = message.author_id.sudo()
        if (
            message.message_type == "email"
            and not message.is_automatic_reply
            and (not author or author.partner_share)
            and self.sudo().won_status == "lost"
        ):
            self.sudo()._tell_of_mail(message)
        return result

    def _tell_of_mail(self, message):
        self.ensure_one()
        owner = self._get_caretaker()[self.id]
        if not owner:
            trace = self.env["mailing.trace"].search(
                [("model", "=", self._name), ("res_id", "=", self.id)], order="id desc", limit=1
            )
            owner = trace.mass_mailing_id.user_id.filtered("active")
        if not owner:
            return
        lead = self.with_context(lang=owner.lang)
        lead.message_subscribe(partner_ids=owner.partner_id.ids)
        text = lead.env._(
            "%(name)s wrote about this lost lead: %(subject)s",
            name=message.author_id.name or message.email_from or "…",
            subject=message.subject or "…",
        )
        lead._plan_follow_up(self.env.ref("mail.mail_activity_data_todo"), {lead.id: text}, owner)
