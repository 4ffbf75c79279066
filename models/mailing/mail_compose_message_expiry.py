# The composer: a mail that expires knows when.
from datetime import datetime

from odoo import fields, models


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _prepare_mail_values(self, res_ids):
        mail_values_all = super()._prepare_mail_values(res_ids)
        # the rule was set by who made the mailing; whoever sends need not read its step
        mailing = self.mass_mailing_id.sudo()
        if self._is_mass_mailing() and mailing.expiry_type:
            for res_id, at in self._get_expiries(mailing, list(mail_values_all)).items():
                if at < datetime.max:
                    mail_values_all[res_id]["mailing_expires_at"] = at
        return mail_values_all

    def _get_expiries(self, mailing, res_ids):
        """``{recipient id: when its mail expires}``"""
        visits = self.env.context.get("journey_visits")
        if visits is None:
            now = fields.Datetime.now()
            # only a date is read, which decides and is not shown
            records = self.env[self.model].sudo().browse(res_ids)
            return {record.id: mailing._get_expiry(now, record) for record in records}
        # the engine chose these visits
        Participant = self.env["journey.participant"].sudo()
        participants = Participant.browse({visits[res_id][0] for res_id in res_ids})
        # all of one journey, so of one model
        records = self.env[mailing.expiry_model_name].sudo().browse(participants.mapped("res_id"))
        record_of = dict(zip(participants, records, strict=True))
        return {
            res_id: mailing._get_expiry(participant.arrived_at or participant.entered_at, record_of[participant])
            for res_id in res_ids
            for participant in Participant.browse(visits[res_id][0])
        }
