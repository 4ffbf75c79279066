# The composer: adds the journey's visit to each mail it makes.
from odoo import models


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _prepare_mail_values_mailing_traces(self, mail_values_all):
        """Note in each trace which visit of which participant it belongs to."""
        trace_values_all = super()._prepare_mail_values_mailing_traces(mail_values_all)
        visits = self.env.context.get("journey_visits") or {}
        for res_id, values in trace_values_all.items():
            if values and res_id in visits:
                values["journey_participant_id"], values["journey_visit"] = visits[res_id]
        return trace_values_all

    def _get_done_emails(self, mail_values_dict):
        """A journey's step has chosen the recipients; core would refuse every address it has seen."""
        if "journey_visits" in self.env.context:
            return []
        return super()._get_done_emails(mail_values_dict)

    def _process_mail_values_state(self, mail_values_dict):
        """For a journey's step: whoever it chose gets a mail, also where two texts for one address are the same."""
        result = super()._process_mail_values_state(mail_values_dict)
        if "journey_visits" in self.env.context:
            for values in result.values():
                if values.get("failure_type") == "mail_dup":
                    del values["state"], values["failure_type"]
        return result
