# How many people a group has in each role, as a text that filters can ask about.
import re

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

# “3 Decision Maker”, “Decision Maker >= 3”, or the role alone for at least one
PART = re.compile(r"(?:(?P<before>\d+)\s*[x×]?\s+)?(?P<role>.+?)(?:\s*(?:>=|≥)\s*(?P<after>\d+))?")
MOST = 10_000


class BuyingGroup(models.Model):
    _inherit = "buying.group"

    members_by_role = fields.Char(
        compute="_compute_members_by_role",
        search="_search_members_by_role",
        help="Finds groups with at least so many members in each of the roles named, e.g. “3 Decision Maker, 2 "
        "Influencer”. A role alone means at least one.",
    )

    @api.depends("member_ids.role_id.name")
    def _compute_members_by_role(self):
        for group in self:
            counts = {}
            for member in group.member_ids:
                counts[member.role_id] = counts.get(member.role_id, 0) + 1
            ordered = sorted(counts, key=lambda role: (-counts[role], role.name or ""))
            group.members_by_role = ", ".join(f"{counts[role]} {role.name}" for role in ordered)

    def _search_members_by_role(self, operator, value):
        """Number of people in a role (Adobe Journey Optimizer B2B Edition, split by accounts); several parts must all
        hold; for any of them, combine conditions by “any”. Archived people do not count. Role names of any language
        are understood, since others than its author read a condition. For searches only; ``filtered_domain`` compares
        the plain text.

        :raise UserError: a part names no role, or no number of people
        """
        if operator != "ilike":
            return NotImplemented
        needed = self._read_role_counts(value)
        if not needed:
            return Domain.FALSE
        self.env["buying.group.member"].flush_model(["group_id", "partner_id", "role_id", "state"])
        self.env["res.partner"].flush_model(["active"])

        def to_sql(model, alias, query):
            group_id = SQL.identifier(alias, "id")
            return SQL(" AND ").join(
                SQL(
                    """
                    %s <= (SELECT COUNT(*)
                             FROM buying_group_member counted
                             JOIN res_partner person ON person.id = counted.partner_id AND person.active
                            WHERE counted.group_id = %s AND counted.state = 'in' AND counted.role_id = ANY(%s))
                    """,
                    count,
                    group_id,
                    list(role_ids),
                )
                for role_ids, count in needed
            )

        def predicate(group):
            present = [member.role_id.id for member in group.member_ids]
            return all(sum(role_id in role_ids for role_id in present) >= count for role_ids, count in needed)

        return Domain.custom(to_sql=to_sql, predicate=predicate)

    @api.model
    def _read_role_counts(self, text):
        """:return: ``[(ids of the role, least number of people)]``"""
        self.env["buying.role"].flush_model(["name"])
        self.env.cr.execute("SELECT id, name FROM buying_role")
        ids_of = {}
        for role_id, names in self.env.cr.fetchall():
            for name in names.values():
                ids_of.setdefault(" ".join(name.casefold().split()), set()).add(role_id)
        needed = []
        for part in re.split(r"[,;，；、]", text or ""):
            if not (part := " ".join(part.split())):
                continue
            found = PART.fullmatch(part)
            name = found["role"].casefold()
            count = int(found["after"] or found["before"] or 1)
            if part.casefold() in ids_of:  # a role may be called “2 Eyes”
                name, count = part.casefold(), 1
            if name not in ids_of:
                raise UserError(
                    self.env._(
                        "“%(part)s” names no role. Write for example “3 %(role)s”; the roles are %(roles)s.",
                        part=part[:60],
                        role=self.env["buying.role"].sudo().search([], limit=1).name or "",
                        roles=", ".join(self.env["buying.role"].sudo().search([]).mapped("name")),
                    )
                )
            if not 1 <= count <= MOST:
                raise UserError(self.env._("A group has at least 1 and at most %(most)s people in a role.", most=MOST))
            needed.append((ids_of[name], count))
        return needed
