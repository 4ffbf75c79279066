# CC slots: who gets a copy, found from each recipient.
from odoo import api, fields, models, tools
from odoo.exceptions import UserError

# models whose records are people or have an address of their own, and the field that holds it
ADDRESS_FIELDS = {"res.partner": "email", "res.users": "email"}


class MailingCcSlot(models.Model):
    """One CC recipient of a mailing, as a path from each primary recipient, e.g. ``user_id`` or ``parent_id.user_id``.

    Resolved for each recipient when the mail is made. Without an address the slot is ignored for that recipient and
    the primary still gets the mail (Dynamics 365 Customer Insights – Journeys, CC recipients).
    """

    _name = "mailing.cc.slot"
    _description = "CC Recipient of a Mailing"
    _order = "mailing_id, sequence, id"
    _rec_name = "path"

    mailing_id = fields.Many2one("mailing.mailing", required=True, index=True, ondelete="cascade")
    mailing_model_name = fields.Char(related="mailing_id.mailing_model_real")
    sequence = fields.Integer(default=10)
    path = fields.Char(
        "Relation",
        required=True,
        help="From the recipient to a user, a contact or an email field, e.g. user_id for the salesperson or "
        "parent_id.user_id for the account's salesperson.",
    )
    label = fields.Char("Copy Goes To", compute="_compute_label")

    @api.depends("path", "mailing_id.mailing_model_id")
    @api.depends_context("lang")
    def _compute_label(self):
        for slot in self:
            try:
                slot.label = " › ".join(field._description_string(self.env) for field in slot._get_fields())
            except UserError:
                slot.label = slot.path

    @api.constrains("path", "mailing_id")
    def _check_path(self):
        for slot in self:
            slot._get_fields()

    @api.model_create_multi
    def create(self, vals_list):
        slots = super().create(vals_list)
        slots.mailing_id._check_editable()
        return slots

    def write(self, vals):
        self.mailing_id._check_editable()
        result = super().write(vals)
        self.mailing_id._check_editable()  # it may have been moved
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_published(self):
        self.mailing_id._check_editable()

    def _get_fields(self):
        """The fields along the path.

        :rtype: list[odoo.fields.Field]
        :raise UserError: the path leaves the model, passes several records, or does not end at an address
        """
        self.ensure_one()
        Model = self.env[self.mailing_id.mailing_model_real]
        result = []
        names = (self.path or "").strip().split(".")
        for position, name in enumerate(names):
            field = Model._fields.get(name)
            last = position == len(names) - 1
            if field is None or not Model._has_field_access(field, "read"):
                raise UserError(
                    self.env._(
                        "CC relation %(path)s: %(model)s has no field %(field)s.",
                        path=self.path,
                        model=Model._description,
                        field=name,
                    )
                )
            result.append(field)
            if field.type == "many2one":
                Model = self.env[field.comodel_name]
                if last and Model._name not in ADDRESS_FIELDS:
                    raise UserError(
                        self.env._(
                            "CC relation %(path)s: %(model)s has no email address.",
                            path=self.path,
                            model=Model._description,
                        )
                    )
            elif not last or field.type != "char" or "email" not in name:
                raise UserError(
                    self.env._(
                        "CC relation %(path)s: %(field)s does not lead to one user, contact or email address.",
                        path=self.path,
                        field=name,
                    )
                )
        return result

    def _resolve(self, records):
        """The copy of this slot for each record.

        :param records: primary recipients, in an environment that may read them
        :return: ``{record id: (partner or empty, formatted address or "", reason or "")}``
        :rtype: dict
        """
        self.ensure_one()
        names = [field.name for field in self._get_fields()]
        result = {}
        for record in records:
            value = record
            for name in names:
                value = value[name]  # prefetched for all records: one query per hop
            partner = self.env["res.partner"]
            if isinstance(value, models.BaseModel):
                partner = value.partner_id if value._name == "res.users" else value
                # "name" <a@b> in the field of a contact is still one address; two addresses are none we could choose
                address, name = partner.email, partner.name
            else:
                address, name = value, ""
            normalized = tools.email_normalize(address) if address else False
            reason = "" if normalized else "invalid" if address else "missing"
            result[record.id] = (partner, tools.formataddr((name or "", normalized)) if normalized else "", reason)
        return result
