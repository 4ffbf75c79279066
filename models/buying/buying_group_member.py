# Membership of people in buying groups, and the one place that decides whose word counts.
from collections import defaultdict

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

RANK = {"system": 1, "journey": 2, "manual": 3}
# nobody's to write
FOLLOWING = {"company_id", "sequence", "date"}


class BuyingGroupMember(models.Model):
    """One person's membership in one group; kept after removal, with who decided it.

    States:

    * ``in``: the person is a member. Set by :meth:`buying.group.assign_member` or by creating the row.
    * ``out``: the person was removed, or is kept out. Set by :meth:`buying.group.remove_member`.

    Every change, whoever makes it, is accepted if its source ranks at least as high as the stored one: manual action
    over journey over system job (Adobe Journey Optimizer B2B Edition, buying groups overview, member assignment).
    """

    _name = "buying.group.member"
    _description = "Buying Group Member"
    _order = "group_id, state, sequence, id"
    _rec_name = "partner_id"

    group_id = fields.Many2one("buying.group", "Buying Group", required=True, index=True, ondelete="cascade")
    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, index=True, ondelete="cascade", domain="[('is_company', '=', False)]"
    )
    role_id = fields.Many2one("buying.role", index=True, ondelete="restrict")
    allowed_role_ids = fields.Many2many("buying.role", compute="_compute_allowed_role_ids")
    sequence = fields.Integer(
        "Priority of the Role",
        compute="_compute_sequence",
        store=True,
        precompute=True,
        help="Place of the role in the template.",
    )
    state = fields.Selection([("in", "Member"), ("out", "Removed")], default="in", required=True, index=True)
    source = fields.Selection(
        [("manual", "By Hand"), ("journey", "Journey"), ("system", "Rule")],
        default="manual",
        required=True,
        help="Who decided last. A person outranks a journey, and a journey outranks a nightly job.",
    )
    date = fields.Datetime("Since", default=fields.Datetime.now, required=True)
    function = fields.Char(related="partner_id.function")
    email = fields.Char(related="partner_id.email")
    phone = fields.Char(related="partner_id.phone")
    company_id = fields.Many2one(related="group_id.company_id", store=True, index=True)

    _group_person_unique = models.Constraint(
        "UNIQUE(group_id, partner_id)",
        "This person has a place in this group already.",
    )

    @api.depends("group_id.solution_id.template_id.line_ids.role_id")
    def _compute_allowed_role_ids(self):
        for member in self:
            member.allowed_role_ids = member.group_id.sudo().solution_id.template_id.line_ids.role_id

    @api.depends("role_id")
    def _compute_sequence(self):
        """A live template keeps the order of its roles, so the role alone decides."""
        for template, rows in self.sudo().grouped(lambda row: row.group_id.solution_id.template_id).items():
            place = {line.role_id: number for number, line in enumerate(template.line_ids.sorted("sequence"))}
            for row in rows:
                row.sequence = place.get(row.role_id, len(place))

    @api.constrains("role_id", "state", "group_id", "partner_id")
    def _check_role(self):
        for member in self:
            if member.partner_id.is_company:
                raise UserError(
                    self.env._(
                        "%(name)s is a company. Only people can be members.", name=member.partner_id.display_name
                    )
                )
            if member.state == "in" and not member.role_id:
                raise UserError(self.env._("Choose a role for %(name)s.", name=member.partner_id.display_name))
            if member.role_id and member.role_id not in member.allowed_role_ids:
                raise UserError(
                    self.env._(
                        "%(role)s is not a role of %(group)s.", role=member.role_id.name, group=member.group_id.name
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Creating the row of somebody who has one already (they were removed) brings that row back."""
        # first of all: neither a clash with a hidden row nor a related field may tell what the user may not read
        self.env["buying.group"].browse({vals.get("group_id") for vals in vals_list} - {None}).check_access("write")
        pairs = [(vals.get("group_id"), vals.get("partner_id")) for vals in vals_list]
        if len(set(pairs)) < len(pairs):
            raise UserError(self.env._("The same person is named twice for one group."))
        if not self.env.su:
            vals_list = [
                {name: value for name, value in vals.items() if name not in FOLLOWING} | {"date": fields.Datetime.now()}
                for vals in vals_list
            ]
        people = self.env["res.partner"].browse({vals.get("partner_id") for vals in vals_list} - {None})
        people.check_access("read")
        people.exists().fetch(["active", "is_company", "name"])  # or each group would ask for those of its own
        known = {
            (row.group_id.id, row.partner_id.id): row
            for row in self.search(
                [
                    ("group_id", "in", [vals.get("group_id") for vals in vals_list]),
                    ("partner_id", "in", [vals.get("partner_id") for vals in vals_list]),
                    ("state", "=", "out"),
                ]
            )
        }
        back = [known.pop((vals.get("group_id"), vals.get("partner_id")), None) for vals in vals_list]
        fresh = super().create([vals for vals, row in zip(vals_list, back, strict=True) if not row])
        fresh._tell_of_new()
        for vals, row in zip(vals_list, back, strict=True):
            if row:
                row.write(
                    {"state": "in", "source": "manual"}
                    | {name: value for name, value in vals.items() if name in ("role_id", "state", "source")}
                )
        new = iter(fresh)
        return self.browse([(row or next(new)).id for row in back])

    def _tell_of_new(self):
        """Tell what follows of rows that were just created."""
        before = ("out", self.env["buying.role"])
        for source, alike in self.grouped("source").items():
            changes = [(row, before, (row.state, row.role_id)) for row in alike if row.state == "in"]
            if changes:
                alike._on_changed(changes, source)

    def write(self, vals):
        """A direct write is a decision too: it passes the same ranking, as a person's unless it says otherwise."""
        if {"group_id", "partner_id"} & vals.keys() and not self.env.su:
            raise UserError(self.env._("A membership stays with its group and person. Remove it and add another one."))
        if FOLLOWING & vals.keys() and not self.env.su:
            raise UserError(self.env._("When and for which company somebody is a member follows from other records."))
        if not {"role_id", "state", "source"} & vals.keys():
            return super().write(vals)
        source = vals.get("source", "manual")
        if source not in RANK:
            raise UserError(self.env._("%(name)s is no known source of a membership.", name=source))
        accepted = self.filtered(lambda member: RANK[source] >= RANK[member.source])
        before = [(row.state, row.role_id) for row in accepted]
        result = super(BuyingGroupMember, accepted).write(vals | {"source": source, "date": fields.Datetime.now()})
        after = [(row.state, row.role_id) for row in accepted]
        changes = [change for change in zip(accepted, before, after, strict=True) if change[1] != change[2]]
        if changes:
            accepted._on_changed(changes, source)
        return result

    def _on_changed(self, changes, source):
        """What follows from changed memberships: a note on each group. Called once per batch, after the change.

        :param list changes: ``(row, (state, role) before, (state, role) after)``; a new row was ``out`` before
        :param str source: who decided: manual, journey or system
        """
        self.env["buying.group"]._watch_members(changes, source)
        heading = {
            "manual": self.env._("Members changed by hand:"),
            "journey": self.env._("Members changed by a journey:"),
            "system": self.env._("Members changed by the rules of the template:"),
        }[source]
        lines = defaultdict(list)
        for row, (state, role), (new_state, new_role) in changes:
            # the first members of a group that a job has just made are no news
            if row.group_id.members_date or source != "system":
                names = {"name": row.partner_id.name or "?", "role": new_role.name, "former": role.name}
                lines[row.group_id].append(
                    self.env._("%(name)s was removed.", **names)
                    if new_state == "out"
                    else self.env._("%(name)s was added as %(role)s.", **names)
                    if state == "out"
                    else self.env._("%(name)s is now %(role)s instead of %(former)s.", **names)
                )
        if lines:
            groups = self.env["buying.group"].concat(*lines)
            groups.sudo()._message_log_batch(
                bodies={
                    group.id: Markup("<p>%s</p><ul>%s</ul>")
                    % (heading, Markup().join(Markup("<li>%s</li>") % line for line in lines[group]))
                    for group in groups
                },
                author_id=self.env.user.partner_id.id,
            )

    @api.model
    def _apply(self, changes, source, only_changes=False):
        """Make these changes as far as ``source`` may.

        :param list changes: ``(group, partner, role, state)`` tuples; a person comes once per group
        :param str source: manual, journey or system
        :param bool only_changes: leave rows that already say so untouched and do not count them
        :return: how many changes were accepted
        :rtype: int
        :raise UserError: unknown source, or a role that is not part of the group's template
        """
        if source not in RANK:
            raise UserError(self.env._("%(name)s is no known source of a membership.", name=source))
        rows = {
            (row.group_id.id, row.partner_id.id): row
            for row in self.search(
                [
                    ("group_id", "in", list({group.id for group, *_rest in changes})),
                    ("partner_id", "in", list({partner.id for _group, partner, *_rest in changes})),
                ]
            )
        }
        # a person comes once per group: the last word counts
        changes = list(
            {(group.id, partner.id): change for change in changes for group, partner in [change[:2]]}.values()
        )
        accepted, to_create, to_write = 0, [], {}
        for group, partner, role, state in changes:
            row = rows.get((group.id, partner.id))
            if row is None:
                # nobody needs to remember that a job did not want somebody who was never in
                if state == "in" or source != "system":
                    to_create.append(
                        {
                            "group_id": group.id,
                            "partner_id": partner.id,
                            "role_id": role.id,
                            "state": state,
                            "source": source,
                        }
                    )
                accepted += 1
                continue
            if RANK[source] < RANK[row.source]:
                continue
            if only_changes and row.state == state and (row.role_id == role or state == "out"):
                continue
            accepted += 1
            to_write.setdefault((role.id if state == "in" else None, state), []).append(row.id)
        if to_create:
            self.create(to_create)
        for (role_id, state), ids in to_write.items():
            vals = {"state": state, "source": source} | ({"role_id": role_id} if role_id else {})
            self.browse(ids).write(vals)
        if to_create or to_write:
            # current and former members are two views on the same rows: let both be read again
            self.env["buying.group"].invalidate_model(["member_ids", "former_member_ids"])
        return accepted

    def action_remove(self):
        """Button: remove these people by hand."""
        self._apply([(row.group_id, row.partner_id, row.role_id, "out") for row in self], "manual")
        return True

    def action_restore(self):
        """Button: bring these people back by hand, in their former role."""
        self._apply([(row.group_id, row.partner_id, row.role_id, "in") for row in self], "manual")
        return True
