# Role templates: which roles a purchase needs and who fills them.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.domains import check_domain
from ...tools.names import check_name, name_of_copy


class BuyingRoleTemplate(models.Model):
    """Which roles must be at the table, and by which rules people get them.

    States:

    * ``draft``: set at creation; everything may be changed, and the template may be deleted.
    * ``live``: set by :meth:`action_publish`; solutions may use the template, and it stays as it is, but for the
      number of members required, which managers may still tune. There is no way back; duplicate it instead.

    Source of the rules: Adobe Journey Optimizer B2B Edition, role templates.
    """

    _name = "buying.role.template"
    _description = "Buying Role Template"
    _inherit = ["mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True, translate=True)
    description = fields.Text(translate=True)
    active = fields.Boolean(default=True)
    state = fields.Selection(
        [("draft", "Draft"), ("live", "Live")], default="draft", required=True, readonly=True, copy=False, tracking=True
    )
    published_date = fields.Datetime("Published on", readonly=True, copy=False)
    published_uid = fields.Many2one("res.users", "Published by", readonly=True, copy=False)
    line_ids = fields.One2many("buying.role.template.line", "template_id", "Roles", copy=True)
    solution_ids = fields.One2many("buying.solution", "template_id", "Solutions")
    members_locked = fields.Boolean(compute="_compute_members_locked")

    _name_unique = models.UniqueIndex("(lower(name->>'en_US'))", "A role template with this name exists already.")

    @api.depends("state")
    @api.depends_context("uid")
    def _compute_members_locked(self):
        """Whether this user may no longer change how many members the roles need."""
        is_manager = self.env.user.has_group("crm_buying_journey.group_manager")
        for template in self:
            template.members_locked = template.state == "live" and not is_manager

    @api.constrains("name")
    def _check_name(self):
        check_name(self)

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        for template, vals in zip(self, vals_list, strict=True):
            if "name" not in (default or {}):
                vals["name"] = name_of_copy(template)
        return vals_list

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            # only publishing makes a template live, and says who did it, whatever values or defaults say
            vals.update(state="draft", published_date=False, published_uid=False)
        return super().create(vals_list)

    def write(self, vals):
        if {"state", "published_date", "published_uid"} & vals.keys() and not self.env.su:
            raise UserError(self.env._("Publish the template to make it live."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_live(self):
        live = self.filtered(lambda template: template.state == "live")
        if live:
            raise UserError(
                self.env._(
                    "%(templates)s: a live template cannot be deleted, only archived.",
                    templates=", ".join(live.mapped("name")),
                )
            )

    def action_publish(self):
        """Make draft templates live, so that solutions can use them.

        :return: ``True``
        :raise UserError: lists everything that is wrong, template by template
        """
        drafts = self.filtered(lambda template: template.state == "draft")
        errors = [error for template in drafts for error in template._get_publish_errors()]
        if errors:
            raise UserError(self.env._("The template cannot be published yet:") + "\n- " + "\n- ".join(errors))
        drafts.check_access("write")
        # nobody may write these but this method
        drafts.sudo().write({"state": "live", "published_date": fields.Datetime.now(), "published_uid": self.env.uid})
        return True

    def _get_publish_errors(self):
        """Everything that keeps this template from going live.

        :rtype: list[str]
        """
        self.ensure_one()
        if not self.line_ids:
            return [self.env._("%(template)s has no role. Add at least one.", template=self.name)]
        errors = []
        seen = self.env["buying.role"]
        for line in self.line_ids:
            role = line.role_id
            if role in seen:
                errors.append(self.env._("%(role)s appears twice.", role=role.name))
            seen |= role
            if line.members_required < 1:
                errors.append(
                    self.env._("%(role)s: the number of members required must be at least 1.", role=role.name)
                )
            if line.auto_assign and not line._has_rule():
                errors.append(
                    self.env._(
                        "%(role)s is assigned automatically but has no rule, so nobody would get it.",
                        role=role.name,
                    )
                )
            try:
                check_domain(self.env, "res.partner", line.domain)
            except UserError as error:
                errors.append(f"{role.name}: {error}")
        return errors

    def _get_roles_by_person(self, people_ids):
        """Which role each of these people gets: the first, in the order of the template, whose rule matches.

        One query per role. People whom no rule matches, or whom the user may not read, are left out.

        :param people_ids: ids of ``res.partner``
        :return: ``{partner id: buying.role}``
        :rtype: dict
        :raise UserError: a rule is broken; says which
        """
        role_of = {}
        remaining = set(people_ids)
        for line in self.line_ids.sorted(lambda line: (line.sequence, line.id)):
            if not remaining:
                break
            if not line.auto_assign or not line._has_rule():
                continue
            matching = self.env["res.partner"].search(
                line._get_people_domain() & Domain("id", "in", list(remaining)), order="id"
            )
            role_of |= dict.fromkeys(matching._ids, line.role_id)
            remaining.difference_update(matching._ids)
        return role_of
