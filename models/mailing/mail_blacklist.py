# The blacklist: whoever is taken off it begins anew.
from odoo import models
from odoo.tools import SQL

from .mailing_consent import PLAIN_MODELS


class MailBlacklist(models.Model):
    _inherit = "mail.blacklist"

    def write(self, vals):
        """Taking an address off the blacklist also forgives its bounces: it would be refused for them otherwise, and
        core resets them only when a mail arrives from there."""
        result = super().write(vals)
        if "active" in vals and not vals["active"]:
            for model_name in PLAIN_MODELS:
                Model = self.env[model_name]
                Model.flush_model(["email_normalized", "message_bounce"])
                self.env.cr.execute(
                    SQL(
                        "UPDATE %s SET message_bounce = 0 WHERE message_bounce > 0 AND email_normalized = ANY(%s)",
                        SQL.identifier(Model._table),
                        self.mapped("email"),
                    )
                )
                Model.invalidate_model(["message_bounce"])
        return result
