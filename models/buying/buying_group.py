# Buying groups: who decides on one solution in one account.
import re

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import OrderedSet, float_round

from ...tools.percent import format_percent

# stored, so that they can be searched, but nobody's to write
COMPUTED = {
    "company_id",
    "user_id",
    "completeness",
    "complete_date",
    "completeness_band",
    "member_count",
    "required_role_count",
    "missing_role_ids",
    "members_date",
    "archived_with_account",
}

# how often the word between solution and account may occur in a searched name
MAX_JOINTS = 5


class BuyingGroup(models.Model):
    """The people of one account who decide on one solution.

    Completeness is the mean over the required roles of ``min(1, members / members required)``, in percent; role
    weights do not count (Adobe Journey Optimizer B2B Edition, completeness scores). The exact value is stored; it is
    rounded only when shown.
    """

    _name = "buying.group"
    _description = "Buying Group"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    name = fields.Char(compute="_compute_name", search="_search_name")
    active = fields.Boolean(default=True)
    archived_with_account = fields.Boolean(
        readonly=True, copy=False, help="Rests because its account is archived, and comes back with it."
    )
    solution_id = fields.Many2one("buying.solution", required=True, index=True, ondelete="restrict")
    partner_id = fields.Many2one(
        "res.partner", "Account", required=True, index=True, ondelete="restrict", domain="[('is_company', '=', True)]"
    )
    company_id = fields.Many2one("res.company", compute="_compute_company_id", store=True, precompute=True, index=True)
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson", store=True)
    template_id = fields.Many2one(related="solution_id.template_id")
    status = fields.Char(size=50, tracking=True, help="Free text of up to 50 characters.")
    member_ids = fields.One2many(
        "buying.group.member",
        "group_id",
        "Members",
        domain=[("state", "=", "in"), ("partner_id.active", "=", True)],
        help="Archived contacts keep their place, but are neither shown nor counted until they are active again.",
    )
    former_member_ids = fields.One2many(
        "buying.group.member", "group_id", "Former Members", domain=[("state", "=", "out")]
    )
    member_count = fields.Integer("Number of Members", compute="_compute_completeness", store=True)
    required_role_count = fields.Integer("Number of Required Roles", compute="_compute_completeness", store=True)
    completeness = fields.Float(
        compute="_compute_completeness",
        store=True,
        digits=False,
        aggregator="avg",
        help="How far the required roles are filled, from 0 to 100%.",
    )
    completeness_band = fields.Selection(
        selection=lambda self: self._get_completeness_bands(),
        compute="_compute_completeness",
        store=True,
        index=True,
        help="The completeness, rounded to whole percents, in four bands.",
    )
    missing_role_ids = fields.Many2many(
        "buying.role",
        "buying_group_missing_role_rel",
        "group_id",
        "role_id",
        "Missing Roles",
        compute="_compute_completeness",
        store=True,
        help="Required roles without any member.",
    )

    _solution_account_unique = models.Constraint(
        "UNIQUE(solution_id, partner_id)",
        "This account has a buying group for this solution already.",
    )

    @api.depends("solution_id.name", "partner_id.name")
    @api.depends_context("lang")
    def _compute_name(self):
        # whoever sees the group may know what it is called, be its account another company's
        for group in self.sudo():
            group.name = self.env._(
                "%(solution)s for %(account)s",
                solution=group.solution_id.name or "",
                account=group.partner_id.name or "",
            )

    def _search_name(self, operator, value):
        """Search by solution, by account, or by the whole name in the user's language.

        The name is no column, since it reads differently in each language.
        """
        if operator not in ("ilike", "like", "=", "=ilike", "=like", "in"):
            return NotImplemented
        texts = value if isinstance(value, list | tuple | set | frozenset | OrderedSet) else [value]
        if not all(isinstance(text, str | bool) for text in texts):
            raise UserError(self.env._("Search the name of a group by a text."))
        values = [text for text in texts if text]
        # the translation tells what stands between the two names, and which comes first
        pattern = self.env._("%(solution)s for %(account)s", solution="\0", account="\1")
        before, first, joint, second, after = re.split("([\0\1])", pattern)
        name_of = {"\0": "solution_id.name", "\1": "partner_id.name"}
        match = {"in": "=", "=": "=", "=like": "=like", "=ilike": "=ilike"}.get(operator, "ilike")
        alternatives = []
        for value in values:
            text = value.removeprefix(before).removesuffix(after)
            if match == "ilike":
                alternatives += [Domain("solution_id.name", match, text), Domain("partner_id.name", match, text)]
            position, places = text.find(joint), 0
            # the joint may also occur inside a name: try each place, but not endlessly many
            while position >= 0 and places < MAX_JOINTS:
                places += 1
                alternatives.append(
                    Domain(name_of[first], match, text[:position])
                    & Domain(name_of[second], match, text[position + len(joint) :])
                )
                position = text.find(joint, position + 1)
        return Domain.OR(alternatives)

    @api.depends("solution_id.company_id", "partner_id.company_id")
    def _compute_company_id(self):
        for group in self:
            group.company_id = group.solution_id.company_id or group.partner_id.company_id

    @api.depends(
        "member_ids.state",
        "member_ids.role_id",
        "member_ids.partner_id.active",
        "solution_id.template_id.line_ids.members_required",
        "solution_id.template_id.line_ids.is_required",
    )
    def _compute_completeness(self):
        """Two queries for the whole set, however many groups there are."""
        self.env["buying.group.member"].flush_model(["group_id", "role_id", "state"])
        counts = {
            (group.id, role.id): count
            for group, role, count in self.env["buying.group.member"]
            .sudo()
            ._read_group(
                [("group_id", "in", self.ids), ("state", "=", "in"), ("partner_id.active", "=", True)],
                ["group_id", "role_id"],
                ["__count"],
            )
        }
        members = {}
        for (group_id, _role_id), count in counts.items():
            members[group_id] = members.get(group_id, 0) + count
        for template, groups in self.sudo().grouped(lambda group: group.solution_id.template_id).items():
            required = [(line.role_id, max(line.members_required, 1)) for line in template.line_ids if line.is_required]
            missing = {}
            for group in groups.with_env(self.env):
                group_id = group._origin.id
                shares = [min(1, counts.get((group_id, role.id), 0) / threshold) for role, threshold in required]
                group.member_count = members.get(group_id, 0)
                group.required_role_count = len(required)
                group.completeness = 100 * sum(shares) / len(required) if required else 0
                group.completeness_band = self._get_band(group.completeness) if required else "none"
                missing_ids = tuple(role.id for role, _threshold in required if not counts.get((group_id, role.id)))
                missing.setdefault(missing_ids, []).append(group)
            for missing_ids, alike in missing.items():  # set at once, or each group would cost a statement
                self.browse().concat(*alike).missing_role_ids = [Command.set(missing_ids)]

    @api.model
    def _get_bands(self):
        """The four bands of a score in percent (Adobe Journey Optimizer B2B Edition, buying groups dashboard). The
        search panel sorts by the keys."""
        return [("025", "0–25"), ("050", "26–50"), ("075", "51–75"), ("100", "76–100")]

    @api.model
    def _get_completeness_bands(self):
        bands = [(band, format_percent(self.env, label)) for band, label in self._get_bands()]
        return [*bands, ("none", self.env._("No role is required"))]

    @api.model
    def _get_band(self, score):
        """The band of a score from 0 to 100: that of its whole percent, rounded half up."""
        whole = float_round(score or 0, precision_digits=0, rounding_method="HALF-UP")
        return next(band for band in ("025", "050", "075", "100") if whole <= int(band))

    def _recompute_completeness(self):
        """Count anew after members came or went behind the back of the ORM."""
        for name in ("completeness", "completeness_band", "member_count", "required_role_count", "missing_role_ids"):
            self.env.add_to_compute(self._fields[name], self)
        self.env["buying.group"].flush_model()

    def _on_people_archived(self, people, archived):
        """Tell in the chatter of these groups that members were archived, or are back."""
        bodies = {}
        for group in self.with_context(active_test=False):
            names = (group._get_all_rows().filtered(lambda row: row.state == "in").partner_id & people).mapped("name")
            bodies[group.id] = (
                self.env._("Archived, and not counted until active again: %(names)s", names=", ".join(names))
                if archived
                else self.env._("Active again, and counted: %(names)s", names=", ".join(names))
            )
        if bodies:
            self.sudo()._message_log_batch(bodies=bodies, author_id=self.env.user.partner_id.id)

    def _on_merge(self, stays):
        """Hook: these groups are about to be merged into another one, since their accounts are merged. Take care of
        what refers to them in other ways than by a foreign key."""

    def _get_all_rows(self):
        """All memberships, be they in or out.

        :rtype: buying.group.member
        """
        return self.env["buying.group.member"].search([("group_id", "in", self.ids)])

    @api.constrains("partner_id", "solution_id")
    def _check_account(self):
        for group in self:
            account, company = group.partner_id, group.solution_id.company_id
            if not account.is_company:
                raise UserError(
                    self.env._("%(name)s is a person. Only companies can be accounts.", name=account.display_name)
                )
            if not account.active:
                raise UserError(self.env._("%(name)s is archived.", name=account.display_name))
            if company and account.company_id and account.company_id != company:
                raise UserError(
                    self.env._(
                        "%(account)s and %(solution)s belong to different companies.",
                        account=account.display_name,
                        solution=group.solution_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.su:
            return super().create(vals_list)
        # before any message names it
        self.env["res.partner"].browse({vals.get("partner_id") for vals in vals_list} - {None, False}).check_access(
            "read"
        )
        # what follows from other records is nobody's to give, neither by values nor by defaults
        guarded = COMPUTED - {"members_date"}
        vals_list = [
            {
                name: value
                for name, value in vals.items()
                if name not in guarded and (name != "members_date" or not value)
            }
            for vals in vals_list
        ]
        return super().create(vals_list)

    @api.model
    def default_get(self, field_names):
        """Defaults, also those of the context, give nothing that follows from other records."""
        values = super().default_get(field_names)
        if not self.env.su:
            for name in COMPUTED - {"members_date"}:
                values.pop(name, None)
        return values

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        decided = (
            self.env["buying.group.member"]
            .sudo()
            .search([("group_id", "in", self.ids), ("source", "!=", "system")], limit=1)
        )
        if decided:
            raise UserError(
                self.env._(
                    "%(group)s: people or journeys have decided on its members. Archive it instead: if it were "
                    "deleted, the next job would build it anew and know nothing of these decisions.",
                    group=decided.group_id.name,
                )
            )

    def write(self, vals):
        if not self.env.su and COMPUTED & vals.keys():
            raise UserError(self.env._("Completeness, members, salesperson and company follow from other records."))
        for name in {"solution_id", "partner_id"} & vals.keys():
            if not self.env.su and any(group[name].id != vals[name] for group in self):
                raise UserError(self.env._("A buying group stays with its solution and its account. Make a new group."))
        if "active" in vals and "archived_with_account" not in vals:
            vals = vals | {"archived_with_account": False}  # somebody decided about this very group
        return super().write(vals)

    # Membership ---------------------------------------------------------------------------------------------------

    def assign_member(self, partner, role, source="manual"):
        """Make a person a member of these groups in a role, if the source outranks who decided before.

        :param partner: one ``res.partner``, a person
        :param role: one ``buying.role`` of the groups' template
        :param str source: ``manual`` (a person), ``journey`` or ``system`` (nightly jobs)
        :return: whether the change was accepted for every group
        :rtype: bool
        :raise UserError: the role is not part of a group's template, or the partner is a company
        """
        partner, role = self._as_record(partner, "res.partner"), self._as_record(role, "buying.role")
        Member = self.env["buying.group.member"]
        return Member._apply([(group, partner, role, "in") for group in self], source) == len(self)

    def remove_member(self, partner, source="manual"):
        """Take a person out of these groups, if the source outranks who decided before. The row is kept.

        A manual removal is kept even of somebody who was never a member, so that no job adds them later.

        :return: whether the change was accepted for every group
        :rtype: bool
        """
        partner = self._as_record(partner, "res.partner")
        Member = self.env["buying.group.member"]
        return Member._apply([(group, partner, Member.role_id, "out") for group in self], source) == len(self)

    def _as_records(self, value, model_name):
        """Ids, as a remote caller passes them, as records.

        :raise UserError: these are no ids
        """
        if isinstance(value, models.BaseModel) and value._name == model_name:
            return value
        ids = value if isinstance(value, list | tuple) else [value] if value else []
        if not all(type(record_id) is int for record_id in ids):
            raise UserError(self.env._("%(value)s is no id of a record.", value=str(value)[:100]))
        return self.env[model_name].browse(ids)

    def _as_record(self, value, model_name):
        """The same for exactly one record.

        :raise UserError: this is no id, or there are several
        """
        record = self._as_records(value, model_name)
        if len(record) != 1:
            raise UserError(self.env._("%(value)s is no id of one record.", value=str(value)[:100]))
        return record
