# The composer: guard rails of lost leads hold for each batch of mails, however long a mailing takes to make.
from odoo import models

from .mailing_mailing import CONSENT, get_mailing_days


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _process_mail_values_state(self, mail_values_dict):
        """Whoever came back, bought or was mailed by somebody else since the recipients were chosen gets nothing. Asked
        only where the mailing's filter chose them, not where somebody named recipients."""
        result = super()._process_mail_values_state(mail_values_dict)
        # guard rails hold whoever sends
        mailing = self.mass_mailing_id.sudo()
        asks = "mailing_by_filter" in self.env.context and "journey_visits" not in self.env.context
        if not (asks and self._is_mass_mailing() and mailing.mailing_model_real == "crm.lead"):
            return result
        going = [record_id for record_id, values in result.items() if not values.get("state")]
        if not going:
            return result
        # reading the filter costs more than asking it for a batch
        cache = self.env.context["mailing_by_filter"]
        if mailing.id not in cache:
            days = get_mailing_days(mailing._get_recipients_domain())
            cache[mailing.id] = mailing._get_lasting_domain(without=CONSENT), days
        domain, days = cache[mailing.id]
        # consent has been asked just now
        gone = set(going) - mailing._find_matching(domain, going)
        addresses = self.env["mailing.consent"]._get_record_addresses("crm.lead", going) if days else {}
        mailed = mailing._find_mailed_by_others({address for found in addresses.values() for address in found.to}, days)
        gone |= {lead_id for lead_id, found in addresses.items() if not mailed.isdisjoint(found.to)}
        for record_id in gone:
            result[record_id].update(state="cancel", failure_type="mail_unmatched", is_notification=False)
        return result
