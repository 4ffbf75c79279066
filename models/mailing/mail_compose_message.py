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
        """For a journey's step: addresses of this batch that the step mailed for another record already.

        The same record may be mailed again on its next visit; core would refuse every address it has seen.
        """
        done = super()._get_done_emails(mail_values_dict)
        if "journey_visits" not in self.env.context:
            return done
        recipients = self._get_recipients_data(mail_values_dict)
        addresses = {email for data in recipients.values() for email in data["mail_to_normalized"]}
        traces = (
            self.env["mailing.trace"]
            .sudo()
            .search_fetch(
                [
                    ("mass_mailing_id", "=", self.mass_mailing_id.id),
                    ("email", "in", list(addresses)),
                    ("res_id", "not in", list(self.env.context["journey_visits"])),
                    ("trace_status", "not in", ("cancel", "error")),
                ],
                ["email"],
            )
        )
        return done + traces.mapped("email")

    def _process_mail_values_state(self, mail_values_dict):
        """For a journey's step: one mail per address, also where core sees different texts for the same address."""
        result = super()._process_mail_values_state(mail_values_dict)
        if "journey_visits" in self.env.context:
            seen = set()
            recipients = self._get_recipients_data(result)
            for res_id, values in result.items():
                addresses = set(recipients[res_id]["mail_to_normalized"])
                if values.get("state") or not addresses:
                    continue
                if addresses <= seen:
                    values.update(state="cancel", failure_type="mail_dup", is_notification=False)
                seen |= addresses
        return result
