# Who wants no copies of other people's mails.
from odoo import api, fields, models, tools


class MailingCopyOptout(models.Model):
    """An address that wants no copies any more, whatever the mailing. Its own mails keep coming: who is a recipient in
    its own right is asked by the blacklist and the lists."""

    _name = "mailing.copy.optout"
    _description = "Address That Wants No Copies"
    _order = "create_date desc, id desc"
    _rec_name = "email"

    email = fields.Char(required=True, help="Normalized address.")
    mailing_id = fields.Many2one("mailing.mailing", "Unsubscribed From", ondelete="set null", index="btree_not_null")

    _email_unique = models.Constraint("UNIQUE(email)", "This address wants no copies already.")

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["email"] = tools.email_normalize(vals.get("email") or "") or vals.get("email")
        return super().create(vals_list)

    def write(self, vals):
        if vals.get("email"):
            vals = vals | {"email": tools.email_normalize(vals["email"]) or vals["email"]}
        return super().write(vals)

    @api.model
    def _add(self, email, mailing):
        """Note that the address wants no copies; saying so twice changes nothing.

        :param str email: normalized address
        :param mailing: where the person unsubscribed
        """
        self.env.cr.execute(
            """
            INSERT INTO mailing_copy_optout (email, mailing_id, create_uid, write_uid, create_date, write_date)
                 VALUES (%s, %s, %s, %s, timezone('UTC', now()), timezone('UTC', now()))
            ON CONFLICT (email) DO NOTHING
            """,
            [email, mailing.id or None, self.env.uid, self.env.uid],
        )
