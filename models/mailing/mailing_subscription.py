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
        """Note it for whom a mail was to (context ``unsubscribed_partner_id``), or else the oldest contact with the
        address. The nightly collection skips what was noted here."""
        if not self:
            return
        # the recipient unsubscribes on a public page
        Partner = self.env["res.partner"].sudo()
        known = Partner.browse(self.env.context.get("unsubscribed_partner_id") or ())
        partners = Partner.search(
            [("email_normalized", "in", self.contact_id.mapped("email_normalized"))], order="id desc"
        ).grouped("email_normalized")
        activities = {}
        for subscription in self:
            partner = known or partners.get(subscription.contact_id.email_normalized, Partner)[-1:]
            if partner:
                activities[partner, subscription.list_id] = {
                    "partner_id": partner.id,
                    "subject": subscription.list_id.name,
                    "res_model": "mailing.subscription",
                    "res_id": subscription.id,
                    "date": fields.Datetime.now(),
                    "type_id": self.env["engagement.activity.type"]._get_by_code("email_unsubscribed").id,
                }
        # only the addon writes its log
        self.env["engagement.activity"].sudo().create(list(activities.values()))
