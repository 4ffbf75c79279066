# Opting out of a mailing list is noted at once, so that journeys which listen hear of it.
from odoo import api, fields, models


class MailingSubscription(models.Model):
    _inherit = "mailing.subscription"

    @api.model_create_multi
    def create(self, vals_list):
        subscriptions = super().create(vals_list)
        subscriptions.filtered("opt_out")._log_unsubscribed()
        return subscriptions

    def write(self, vals):
        before = self.filtered("opt_out")
        result = super().write(vals)
        (self.filtered("opt_out") - before)._log_unsubscribed()
        return result

    def _log_unsubscribed(self):
        """Note it for the oldest contact with the address; the nightly collection skips what was noted here."""
        if not self:
            return
        emails = self.contact_id.mapped("email_normalized")
        partners = (
            self.env["res.partner"].sudo().search([("email_normalized", "in", emails)], order="id desc")
        ).grouped("email_normalized")
        type_id = self.env["engagement.activity.type"]._get_by_code("email_unsubscribed").id
        self.env["engagement.activity"].sudo().create(
            [
                {
                    "type_id": type_id,
                    "date": fields.Datetime.now(),
                    "partner_id": partners[subscription.contact_id.email_normalized][-1:].id,
                    "subject": subscription.list_id.name,
                    "res_model": "mailing.subscription",
                    "res_id": subscription.id,
                }
                for subscription in self
                if subscription.contact_id.email_normalized in partners
            ]
        )
