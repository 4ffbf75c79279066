# Contact coverage: how many people play which role for which solution.
from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.domains import get_filters, get_ids


class BuyingCoverage(models.AbstractModel):
    """A matrix of solutions and roles over the buying groups that the current user may see; nothing is stored.

    Source of the rules: Adobe Journey Optimizer B2B Edition, account details (contact coverage): the number of contacts
    by solution and role, not applicable where the template of the solution does not have the role. Beyond it: required
    roles that nobody plays are marked, and companies below the account can be left out.
    """

    _name = "buying.coverage"
    _description = "Contact Coverage"

    @api.model
    def get_data(self, filters=None):
        """The matrix.

        :param dict filters: ``account_ids``: accounts, any if left out or empty; ``below``: also the companies below
            them (true unless set to false); ``solution_ids``: any if left out or empty
        :return: ``roles``: ``{"id", "name"}`` in the order of roles, only those that a shown solution asks for;
            ``solutions``: ``{"id", "name", "groups": number of groups, "domain": of the groups, "cells"}`` with one
            cell per role: ``None`` if the solution does not ask for it, else ``{"count": different people, "required":
            bool, "missing": number of groups in which nobody plays this required role, "domain": of the members}``
        :rtype: dict
        :raise UserError: a filter is malformed
        :raise AccessError: the user may not read buying groups
        """
        filters = get_filters(self.env, filters)
        self.env["buying.group"].check_access("read")
        domain = self._get_domain(filters)
        groups = dict(self.env["buying.group"]._read_group(domain, ["solution_id"], ["__count"]))
        solution_ids = get_ids(self.env, filters, "solution_ids") or [solution.id for solution in groups]
        solutions = self.env["buying.solution"].search([("id", "in", solution_ids)])
        people = self._count_people(filters)
        self.env["buying.group"].flush_model(["missing_role_ids"])  # the host forgets it for a many2many
        missing = {
            (solution.id, role.id): count
            for solution, role, count in self.env["buying.group"]._read_group(
                domain, ["solution_id", "missing_role_ids"], ["__count"]
            )
        }
        # templates may be another company's; which roles they ask for shows on every group
        lines = {
            (solution.id, line.role_id.id): line
            for solution in solutions.sudo()
            for line in solution.template_id.line_ids
        }
        used = {role_id for _solution_id, role_id in lines}
        roles = self.env["buying.role"].search([("id", "in", list(used))])
        return {
            "roles": [{"id": role.id, "name": role.name} for role in roles],
            "solutions": [
                {
                    "id": solution.id,
                    "name": solution.name,
                    "groups": groups.get(solution, 0),
                    "domain": list(domain & Domain("solution_id", "=", solution.id)),
                    "cells": [
                        self._get_cell(solution, role, lines.get((solution.id, role.id)), people, missing, filters)
                        for role in roles
                    ],
                }
                for solution in solutions
            ],
        }

    @api.model
    def _get_cell(self, solution, role, line, people, missing, filters):
        if not line:
            return None
        domain = self._get_member_domain(filters)
        domain &= Domain("group_id.solution_id", "=", solution.id) & Domain("role_id", "=", role.id)
        return {
            "count": people.get((solution.id, role.id), 0),
            "required": line.is_required,
            "missing": missing.get((solution.id, role.id), 0),
            "domain": list(domain),
        }

    @api.model
    def _get_domain(self, filters, prefix=""):
        """:param str prefix: the way to the group, e.g. ``group_id.`` for a domain on members"""
        domain = Domain.TRUE
        if account_ids := get_ids(self.env, filters, "account_ids"):
            operator = "child_of" if filters.get("below", True) else "in"
            domain &= Domain(f"{prefix}partner_id", operator, account_ids)
        if solution_ids := get_ids(self.env, filters, "solution_ids"):
            domain &= Domain(f"{prefix}solution_id", "in", solution_ids)
        return domain

    @api.model
    def _get_member_domain(self, filters):
        return (
            Domain("state", "=", "in")
            & Domain("partner_id.active", "=", True)
            & Domain("group_id.active", "=", True)
            & self._get_domain(filters, "group_id.")
        )

    @api.model
    def _count_people(self, filters):
        """Different people by solution and role: who is in two groups of one solution counts once.

        :return: ``{(solution id, role id): number}``
        """
        Member = self.env["buying.group.member"]
        query = Member._search(self._get_member_domain(filters))
        Member.flush_model(["group_id", "role_id", "partner_id"])
        self.env["buying.group"].flush_model(["solution_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT groups.solution_id, member.role_id, COUNT(DISTINCT member.partner_id)
                  FROM buying_group_member member
                  JOIN buying_group groups ON groups.id = member.group_id
                 WHERE member.id IN %s
                 GROUP BY 1, 2
                """,
                query.subselect(),
            )
        )
        return {(solution_id, role_id): number for solution_id, role_id, number in rows}
