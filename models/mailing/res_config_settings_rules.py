# Settings of the rules that all mailings and journeys follow.
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    mail_cap_day = fields.Integer("Mails in 24 Hours", config_parameter="crm_buying_journey.cap_day")
    mail_cap_week = fields.Integer("Mails in 7 Days", config_parameter="crm_buying_journey.cap_week")
    mail_cap_month = fields.Integer("Mails in 30 Days", config_parameter="crm_buying_journey.cap_month")
    mail_quiet_on = fields.Boolean("Quiet Hours", config_parameter="crm_buying_journey.quiet_on")
    mail_quiet_from = fields.Float("Quiet From", default=21.0, config_parameter="crm_buying_journey.quiet_from")
    mail_quiet_to = fields.Float("Quiet Until", default=8.0, config_parameter="crm_buying_journey.quiet_to")
    mail_quiet_weekend = fields.Boolean("Quiet on Weekends", config_parameter="crm_buying_journey.quiet_weekend")
    mail_quiet_spread = fields.Integer(
        "Then Spread over Minutes", default=60, config_parameter="crm_buying_journey.quiet_spread"
    )
    mail_bounce_limit = fields.Integer("Bounces at Most", default=5, config_parameter="crm_buying_journey.bounce_limit")

    @api.constrains("mail_quiet_from", "mail_quiet_to", "mail_cap_day", "mail_cap_week", "mail_cap_month")
    def _check_mail_rules(self):
        for settings in self:
            if not all(0 <= hours < 24 for hours in (settings.mail_quiet_from, settings.mail_quiet_to)):
                raise ValidationError(self.env._("Quiet hours are times of day, from 0:00 to 23:59."))
            if min(settings.mail_cap_day, settings.mail_cap_week, settings.mail_cap_month) < 0:
                raise ValidationError(self.env._("Caps cannot be negative."))

    def set_values(self):
        """The host removes a parameter that is 0, which would bring the default back where 0 means none."""
        result = super().set_values()
        set_param = self.env["ir.config_parameter"].sudo().set_param
        for name in ("quiet_from", "quiet_to", "quiet_spread", "bounce_limit"):
            set_param(f"crm_buying_journey.{name}", str(self[f"mail_{name}"]))
        return result
