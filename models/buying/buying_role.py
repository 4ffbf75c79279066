# Roles that people play in a purchase.
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...tools.names import check_name, name_of_copy

MAX_ROLES = 20


class BuyingRole(models.Model):
    """A role in a purchase, e.g. Decision Maker.

    Six defaults come with the addon and are fixed; others may be added up to 20 in all, as in Adobe Journey
    Optimizer B2B Edition (Roles).
    """

    _name = "buying.role"
    _description = "Buying Role"
    _order = "is_default desc, sequence, id"

    name = fields.Char(required=True, translate=True)
    description = fields.Text(translate=True)
    sequence = fields.Integer(default=10)
    is_default = fields.Boolean(
        "Default Role", readonly=True, copy=False, help="Comes with the application and cannot be changed or deleted."
    )

    _name_unique = models.UniqueIndex(
        "(lower(name->>'en_US'))",
        "A role with this name exists already.",
    )

    @api.constrains("name")
    def _check_count(self):
        """At most 20 roles, the defaults included."""
        if self.search_count([], limit=MAX_ROLES + 1) > MAX_ROLES:
            raise ValidationError(
                self.env._("There can be at most %(count)s roles. Please reuse or delete one first.", count=MAX_ROLES)
            )

    @api.constrains("name")
    def _check_name(self):
        check_name(self)

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        for role, vals in zip(self, vals_list, strict=True):
            if "name" not in (default or {}):
                vals["name"] = name_of_copy(role)
        return vals_list

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            for vals in vals_list:
                vals["is_default"] = False  # only the addon itself brings default roles
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su and vals.get("is_default"):
            raise UserError(self.env._("Only the application itself brings default roles."))
        if not self.env.su and {"name", "description", "is_default"} & vals.keys():
            self._refuse_defaults()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_default_or_used(self):
        self._refuse_defaults()
        lines = self.env["buying.role.template.line"].sudo().search([("role_id", "in", self.ids)])
        if lines:
            raise UserError(
                self.env._(
                    "%(roles)s cannot be deleted, because these templates use it: %(templates)s",
                    roles=", ".join(lines.role_id.mapped("name")),
                    templates=", ".join(lines.template_id.mapped("name")),
                )
            )

    def _refuse_defaults(self):
        """:raise UserError: one of these roles is a default one"""
        defaults = self.filtered("is_default")
        if defaults:
            raise UserError(
                self.env._(
                    "%(roles)s: default roles cannot be changed or deleted. Please add a role of your own instead.",
                    roles=", ".join(defaults.mapped("name")),
                )
            )
