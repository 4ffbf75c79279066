# One role of a role template, with its weight and its rule.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.domains import check_readable, count_records, parse_domain

PEOPLE = Domain("is_company", "=", False)

# more people than any role has
MOST_MEMBERS = 1000


class BuyingRoleTemplateLine(models.Model):
    """One role of a template. Lines are tried in their order: the first whose rule matches a person wins."""

    _name = "buying.role.template.line"
    _description = "Role of a Template"
    _order = "template_id, sequence, id"
    _rec_name = "role_id"

    template_id = fields.Many2one("buying.role.template", required=True, index=True, ondelete="cascade")
    state = fields.Selection(related="template_id.state")
    sequence = fields.Integer("Priority", default=10, help="The first role whose rule matches a person wins.")
    role_id = fields.Many2one("buying.role", required=True, ondelete="restrict")
    weight = fields.Selection(
        [("20", "Trivial"), ("40", "Minor"), ("60", "Normal"), ("80", "Important"), ("100", "Vital")],
        default="60",
        required=True,
        help="How much this role's engagement counts for the group's.",
    )
    share = fields.Float(
        "Share (%)",
        compute="_compute_share",
        digits=(5, 2),
        help="The weight divided by the sum of all weights of the template.",
    )
    is_required = fields.Boolean("Required", default=True, help="Counts for the completeness of the group.")
    members_required = fields.Integer(default=1, help="The role is complete with this many members.")
    auto_assign = fields.Boolean("Assign Automatically", help="People of the account who match the rule get this role.")
    domain = fields.Char("Rule", default="[]", help="Which contacts get this role.")
    members_locked = fields.Boolean(related="template_id.members_locked")
    rule_error = fields.Char(
        "What Is Wrong with the Rule",
        compute="_compute_match_count",
        help="Says why the rule finds nobody, e.g. because a field that it names was deleted.",
    )
    match_count = fields.Integer(
        "Matching Contacts",
        compute="_compute_match_count",
        help="Contacts that match the rule now, in all accounts that you may see.",
    )

    @api.depends("weight", "template_id.line_ids.weight")
    def _compute_share(self):
        for line in self:
            total = sum(int(other.weight or 0) for other in line.template_id.line_ids)
            line.share = 100 * int(line.weight or 0) / total if total else 0

    @api.depends("auto_assign", "domain")
    def _compute_match_count(self):
        for line in self:
            line.match_count, line.rule_error = line._count_matches()

    def _count_matches(self):
        """How many contacts match, and what is wrong with the rule if it does not work."""
        self.ensure_one()
        if not self.auto_assign or not self._has_rule():
            return 0, False
        try:
            domain = parse_domain(self.env, "res.partner", self.domain) & PEOPLE
            return count_records(self.env["res.partner"], domain), False
        except UserError as error:
            return 0, str(error)

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        if lines.template_id.filtered(lambda template: template.state == "live") and not self.env.su:
            raise UserError(self.env._("A live template keeps its roles. Duplicate it to change them."))
        lines._check_rule()
        return lines

    def write(self, vals):
        target = self.env["buying.role.template"].browse(vals.get("template_id"))
        if not self.env.su and (target.state == "live" or any(line.state == "live" for line in self)):
            if set(vals) - {"members_required"}:
                raise UserError(self.env._("A live template keeps its roles. Duplicate it to change them."))
            if not self.env.user.has_group("crm_buying_journey.group_manager"):
                raise UserError(
                    self.env._("Only managers may change the number of members required on a live template.")
                )
        if "members_required" in vals:
            self._check_members_required(vals["members_required"], least=1 if "live" in self.mapped("state") else 0)
        result = super().write(vals)
        if "domain" in vals:
            self._check_rule()
        return result

    def _check_members_required(self, number, least):
        """:raise UserError: this is no sensible number of members"""
        if type(number) is not int or not least <= number <= MOST_MEMBERS:
            raise UserError(
                self.env._(
                    "The number of members required must be at least 1, and at most %(most)s.", most=MOST_MEMBERS
                )
            )

    def _check_rule(self):
        """Jobs apply rules with their responsible's rights: nobody learns by a rule what they may not read.

        :raise AccessError: a rule names what the current user may not read
        """
        if not self.env.su:
            for line in self:
                check_readable(self.env, "res.partner", line.domain)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_live(self):
        if any(line.state == "live" for line in self):
            raise UserError(self.env._("A live template keeps its roles. Duplicate it to change them."))

    def _has_rule(self):
        """Whether the rule says anything, be it broken; one that is always true would give the role to everybody."""
        try:
            return not parse_domain(self.env, "res.partner", self.domain).is_true()
        except UserError:
            return True

    def _get_people_domain(self):
        """Domain on ``res.partner`` of the people whom the rule names, companies left out.

        :raise UserError: the rule is no valid domain, e.g. since a field was deleted; says which role of which template
        """
        self.ensure_one()
        try:
            return parse_domain(self.env, "res.partner", self.domain) & PEOPLE
        except UserError as error:
            raise UserError(
                self.env._(
                    "The rule for %(role)s in the role template %(template)s does not work any more. Duplicate the "
                    "template, correct the rule and publish the copy. %(error)s",
                    role=self.role_id.name,
                    template=self.template_id.name,
                    error=str(error),
                )
            ) from error

    def action_view_matches(self):
        """Button: the contacts that match the rule now, as far as the user may see them.

        :raise UserError: the rule is no valid domain
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Contacts for %(role)s", role=self.role_id.name),
            "res_model": "res.partner",
            "view_mode": "list,kanban,form",
            "mobile_view_mode": "kanban",
            "domain": list(self._get_people_domain()) if self._has_rule() else [("id", "=", False)],
        }
