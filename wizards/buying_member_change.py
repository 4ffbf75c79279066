# Wizard: add, remove or re-role many people at once, from a group, from the members or from the contacts.
from odoo import Command, api, fields, models
from odoo.exceptions import UserError


class BuyingMemberChange(models.TransientModel):
    """Changes by hand to as many memberships as were selected. The reference allows 50 at once (Adobe Journey Optimizer
    B2B Edition, buying group details); here there is no limit.

    Opened on people (``active_model`` res.partner), each is sought a group of the chosen solution: that of the account
    they belong to, at the nearest level of its hierarchy, or of an account they are affiliated with. Opened on a group
    or on memberships, the groups are given.
    """

    _name = "buying.member.change"
    _description = "Change Members"

    operation = fields.Selection(
        [("add", "Add to the group"), ("role", "Change the role"), ("remove", "Remove from the group")],
        default="add",
        required=True,
    )
    group_id = fields.Many2one("buying.group", "Buying Group", ondelete="cascade")
    solution_id = fields.Many2one("buying.solution", ondelete="cascade")
    partner_ids = fields.Many2many("res.partner", string="People")
    member_ids = fields.Many2many("buying.group.member", string="Memberships")
    role_id = fields.Many2one("buying.role", "Role for All", ondelete="cascade", help="Filled in on every line below.")
    allowed_role_ids = fields.Many2many("buying.role", compute="_compute_allowed_role_ids")
    addable_partner_ids = fields.Many2many("res.partner", compute="_compute_addable_partner_ids")
    line_ids = fields.One2many("buying.member.change.line", "wizard_id", "People and Roles")
    left_out = fields.Text(readonly=True)

    @api.model
    def default_get(self, field_names):
        values = super().default_get(field_names)
        context = self.env.context
        active_ids = context.get("active_ids") or []
        if context.get("active_model") == "res.partner":
            values["partner_ids"] = [Command.set(active_ids)]
            solutions = self.env["buying.solution"].search([], limit=2)
            values.setdefault("solution_id", solutions.id if len(solutions) == 1 else False)
        elif context.get("active_model") == "buying.group.member":
            values["member_ids"] = [Command.set(active_ids)]
            values.setdefault("operation", "role")
        return values

    @api.depends("group_id", "solution_id", "member_ids")
    def _compute_allowed_role_ids(self):
        for wizard in self:
            solutions = wizard.group_id.solution_id | wizard.member_ids.group_id.solution_id | wizard.solution_id
            wizard.allowed_role_ids = solutions.sudo().template_id.line_ids.role_id

    @api.depends("group_id")
    def _compute_addable_partner_ids(self):
        for wizard in self:
            group = wizard.group_id._origin
            wizard.addable_partner_ids = (
                self.env["res.partner"].search(group._get_addable_people_domain()) if group else False
            )

    @api.onchange("operation", "group_id", "solution_id", "partner_ids", "member_ids")
    def _onchange_scope(self):
        lines, left_out = self._get_line_values()
        self.line_ids = [Command.clear()] + [Command.create(vals) for vals in lines]
        self.left_out = "\n".join(left_out)

    @api.onchange("role_id")
    def _onchange_role_id(self):
        if self.role_id:
            for line in self.line_ids:
                if self.role_id._origin in line.allowed_role_ids._origin:
                    line.role_id = self.role_id

    def _get_line_values(self):
        """A line for each person and group, with the role they have or would get by the rules.

        :return: values of lines, and sentences about people who get none
        :rtype: tuple[list[dict], list[str]]
        """
        pairs, left_out = self._get_pairs()
        rows = {
            (row.group_id, row.partner_id): row
            for row in self.env["buying.group.member"].search(
                [
                    ("group_id", "in", [group.id for group, _person in pairs]),
                    ("partner_id", "in", [person.id for _group, person in pairs]),
                ]
            )
        }
        proposed = {}
        for group, person in pairs:
            proposed.setdefault(group.template_id, set()).add(person.id)
        proposed = {template: template._get_roles_by_person(people) for template, people in proposed.items()}
        lines = []
        for group, person in pairs:
            row = rows.get((group, person))
            inside = row and row.state == "in"
            if self.operation == "add" and inside:
                left_out.append(
                    self.env._("%(name)s is a member already (%(role)s).", name=person.name, role=row.role_id.name)
                )
                continue
            if self.operation == "role" and not inside:
                left_out.append(self.env._("%(name)s is no member.", name=person.name))
                continue
            role = row.role_id if row else self.env["buying.role"]
            lines.append(
                {
                    "group_id": group.id,
                    "partner_id": person.id,
                    "old_role_id": role.id if inside else False,
                    "role_id": (role or proposed[group.template_id].get(person.id, role)).id,
                }
            )
        return lines, left_out

    def _get_pairs(self):
        """Whom this is about: ``[(group, person)]``, and sentences about those for whom there is no group."""
        if self.member_ids:
            return [(row.group_id, row.partner_id) for row in self.member_ids._origin], []
        if self.group_id:
            return [(self.group_id._origin, person) for person in self.partner_ids._origin], []
        people = self.partner_ids._origin.filtered(lambda partner: not partner.is_company)
        left_out = [
            self.env._("%(name)s is a company. Only people can be members.", name=company.name)
            for company in self.partner_ids._origin - people
        ]
        if not self.solution_id or not people:
            return [], left_out
        group_of = self.env["buying.group"]._get_groups_of_people(self.solution_id._origin, people)
        left_out += [
            self.env._("%(name)s: no account of this person has a group for this solution.", name=person.name)
            for person in people
            if not group_of.get(person.id)
        ]
        return [(group, person) for person in people for group in group_of.get(person.id, ())], left_out

    def action_apply(self):
        """Button: make the changes, all or none, and say how many.

        :raise UserError: a person has no role
        """
        self.ensure_one()
        if not self.line_ids:
            raise UserError(self.env._("There is nobody to change. Choose people first."))
        if self.operation != "remove":
            without = self.line_ids.filtered(lambda line: not line.role_id)
            if without:
                raise UserError(
                    self.env._("Choose a role for %(names)s.", names=", ".join(without[:10].partner_id.mapped("name")))
                )
        state = "out" if self.operation == "remove" else "in"
        changes = [(line.group_id, line.partner_id, line.role_id, state) for line in self.line_ids]
        count = self.env["buying.group.member"]._apply(changes, "manual")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%(count)s memberships changed.", count=count),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
