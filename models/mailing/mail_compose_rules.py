# One-off mailings follow the same rules as the mails of journeys.
from datetime import timedelta

from odoo import fields, models

from .mailing_consent import FAILURE_TYPES


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _process_mail_values_state(self, mail_values_dict):
        """After core: consent of the record's and its contact's address, one mail per address, expiry and caps; a mail
        in quiet hours waits in the outbox. A journey's step has asked all this before."""
        result = super()._process_mail_values_state(mail_values_dict)
        # rules count whoever sends
        mailing = self.mass_mailing_id.sudo()
        if not self._is_mass_mailing() or "journey_visits" in self.env.context or mailing.mailing_type != "mail":
            return result
        Consent, Cap = self.env["mailing.consent"], self.env["mailing.cap"]
        going = [record_id for record_id, values in result.items() if not values.get("state")]
        addresses = Consent._get_record_addresses(self.model, going)
        failures = {
            record_id: FAILURE_TYPES[reason] for record_id, reason in Consent._judge_records(mailing, addresses).items()
        }
        in_time = [record_id for record_id in going if record_id not in failures]
        # who launched the mailing may read the date by which it expires; its queue runs as somebody else
        expired = mailing._get_expired(self.env[self.model].sudo().browse(in_time))
        failures |= dict.fromkeys(expired, "mail_expired")
        going = [record_id for record_id in going if record_id not in failures]
        if not mailing.is_operational:
            room = Cap._get_room({address for record_id in going for address in addresses[record_id].to}, lock=True)
            failures |= dict.fromkeys(Cap._take(room, going, addresses), "mail_cap")
            self._wait_for_quiet_hours(result, [record_id for record_id in going if record_id not in failures])
        for record_id, failure_type in failures.items():
            # nothing in the recipient's chatter, as core does for the blacklisted
            result[record_id].update(state="cancel", failure_type=failure_type, is_notification=False)
        return result

    def _wait_for_quiet_hours(self, mail_values_dict, record_ids):
        quiet = self.env["mailing.quiet"]._get_general()
        if not quiet or not record_ids:
            return
        mailing = self.mass_mailing_id
        company = mailing.user_id.company_id or self.env.company
        releases = self.env["mailing.quiet"]._get_releases(
            quiet,
            self.env[self.model].browse(record_ids),
            self.env["mailing.quiet"]._get_company_timezone(company),
            f"mailing-{mailing.id}",
        )
        for record_id, at in releases.items():
            # the queue looks at full seconds and sends what lies before now
            mail_values_dict[record_id]["scheduled_date"] = fields.Datetime.to_string(at + timedelta(seconds=1))
