# Messages remember whether a machine wrote them.
from odoo import api, fields, models


class MailMessage(models.Model):
    _inherit = "mail.message"

    is_automatic_reply = fields.Boolean(
        "Automatic Reply", readonly=True, help="An absence note or another answer that no person wrote."
    )

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.context.get("bj_automatic_reply"):
            vals_list = [
                vals | {"is_automatic_reply": True} if vals.get("message_type") == "email" else vals
                for vals in vals_list
            ]
        return super().create(vals_list)
