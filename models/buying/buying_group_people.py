# Whom a group may draw on, and who of them gets a role by the rules of the template.
from odoo import fields, models
from odoo.fields import Domain


class BuyingGroup(models.Model):
    _inherit = "buying.group"

    members_date = fields.Datetime(
        "Rules Applied On",
        default=fields.Datetime.now,
        readonly=True,
        copy=False,
        help="When the rules of the template were applied last.",
    )

    def update_members(self):
        """Add, move and remove members by the rules of the template, as nightly jobs do (source ``system``).

        A person gets the first role, in the order of the template, whose rule matches. What a person or a journey
        decided is left alone. The number of statements does not depend on the number of groups or people.

        :return: how many memberships changed
        :rtype: int
        :raise UserError: a rule of a template is broken
        """
        changed = 0
        Member = self.env["buying.group.member"]
        for template, groups in self.grouped("template_id").items():
            people_of = groups._get_people_by_group()
            role_of = template._get_roles_by_person({pid for people in people_of.values() for pid in people})
            changes = [
                (group, self.env["res.partner"].browse(pid), role_of[pid], "in")
                for group in groups
                for pid in people_of[group.id]
                if pid in role_of
            ]
            stale = Member.search([("group_id", "in", groups.ids), ("state", "=", "in"), ("source", "=", "system")])
            # Whom this user cannot see is none of the user's business: somebody else's rights brought them in. And
            # archived people keep their place. Asked by id, since a join would read all contacts in each batch.
            visible = set(self.env["res.partner"].search([("id", "in", stale.partner_id.ids)], order="id")._ids)
            wanted = {(group.id, partner.id) for group, partner, _role, _state in changes}
            changes += [
                (member.group_id, member.partner_id, member.role_id, "out")
                for member in stale
                if member.partner_id.id in visible and (member.group_id.id, member.partner_id.id) not in wanted
            ]
            changed += Member._apply(changes, "system", only_changes=True)
        self.sudo().write({"members_date": fields.Datetime.now()})
        return changed

    def _get_people_by_group(self):
        """The people whom each group may draw on.

        :return: ``{group id: [partner id]}`` with only people the user may read
        :rtype: dict
        """
        people = {group.id: [] for group in self}
        for solution, groups in self.sudo().grouped("solution_id").items():
            by_account = self._get_people_by_account(solution, groups.partner_id)
            for group in groups:
                people[group.id] = by_account[group.partner_id.id]
        return people

    def _get_people_by_account(self, solution, accounts):
        """The people whom a group of this solution may draw on in each account, be there a group or not: contacts
        below the account, down to but not into a company below that has its own group for the solution or is one of
        ``accounts`` itself, and people affiliated with the account.

        :return: ``{account id: [partner id]}`` with only people the user may read
        :rtype: dict
        """
        people = {account.id: [] for account in accounts}
        if not people:
            return people
        self.env["res.partner"].flush_model(["parent_id", "is_company", "active", "affiliated_account_ids"])
        self.env["buying.group"].flush_model(["solution_id", "partner_id", "active"])
        # UNION, not UNION ALL: a circle of companies, however it came about, must not run forever. LATERAL with OFFSET,
        # since the planner overrates a recursion and would rather read all contacts than look up those of a batch.
        self.env.cr.execute(
            """
            WITH RECURSIVE own AS MATERIALIZED (
                SELECT DISTINCT account_id FROM unnest(%(accounts)s) AS account_id
            ), below AS (
                SELECT account_id, account_id AS partner_id, TRUE AS is_company FROM own
                 UNION
                SELECT below.account_id, child.id, child.is_company
                  FROM below
                  JOIN LATERAL (
                       SELECT id, COALESCE(is_company, FALSE) AS is_company
                         FROM res_partner WHERE parent_id = below.partner_id AND active OFFSET 0) child ON TRUE
             LEFT JOIN own ON own.account_id = child.id
                 WHERE NOT child.is_company
                    OR (own.account_id IS NULL AND NOT EXISTS (
                        SELECT FROM buying_group other
                         WHERE other.active AND other.solution_id = %(solution)s AND other.partner_id = child.id))
            )
            SELECT account_id, partner_id FROM below WHERE NOT is_company
             UNION
            SELECT own.account_id, person.id
              FROM own
              JOIN res_partner_affiliated_account_rel affiliated ON affiliated.account_id = own.account_id
              JOIN res_partner person ON person.id = affiliated.partner_id AND NOT person.is_company AND person.active
        """,
            {"accounts": list(people), "solution": solution.id},
        )
        rows = self.env.cr.fetchall()
        readable = set(self.env["res.partner"].search([("id", "in", list({row[1] for row in rows}))], order="id")._ids)
        for account_id, partner_id in sorted(rows):
            if partner_id in readable:
                people[account_id].append(partner_id)
        return people

    def _get_groups_of_people(self, solution, people):
        """The groups of this solution that these people may belong to: that of the nearest company above them that has
        one, and those of the accounts they are affiliated with.

        :return: ``{partner id: buying.group}`` with only groups the user may read; people without a group are left out
        :rtype: dict
        """
        if not people:
            return {}
        self.env["res.partner"].flush_model(["parent_id", "affiliated_account_ids"])
        self.env["buying.group"].flush_model(["solution_id", "partner_id", "active"])
        self.env.cr.execute(
            """
            WITH RECURSIVE above AS (
                SELECT id AS person_id, parent_id AS account_id, ARRAY[id] AS path
                  FROM res_partner WHERE id IN %(people)s
             UNION ALL
                SELECT above.person_id, account.parent_id, above.path || account.id
                  FROM above
                  JOIN res_partner account ON account.id = above.account_id
                 WHERE NOT account.id = ANY(above.path)
            ), nearest AS (
                SELECT DISTINCT ON (above.person_id) above.person_id, own.id AS group_id
                  FROM above
                  JOIN buying_group own
                    ON own.partner_id = above.account_id AND own.solution_id = %(solution)s AND own.active
              ORDER BY above.person_id, cardinality(above.path)
            )
            SELECT person_id, group_id FROM nearest
             UNION
            SELECT affiliated.partner_id, own.id
              FROM res_partner_affiliated_account_rel affiliated
              JOIN buying_group own
                ON own.partner_id = affiliated.account_id AND own.solution_id = %(solution)s AND own.active
             WHERE affiliated.partner_id IN %(people)s
        """,
            {"people": tuple(people.ids), "solution": solution.id},
        )
        rows = sorted(self.env.cr.fetchall())
        readable = set(self.search([("id", "in", [group_id for _person_id, group_id in rows])]).ids)
        groups = {}
        for person_id, group_id in rows:
            if group_id in readable:
                groups.setdefault(person_id, []).append(group_id)
        return {person_id: self.browse(ids) for person_id, ids in groups.items()}

    def action_update_members(self):
        """Button: apply the template's rules now."""
        changed = self.update_members()
        message = (
            self.env._("%(count)s memberships changed.", count=changed)
            if changed
            else self.env._("All members are up to date.")
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_add_members(self):
        """Button: choose people of the account and their roles."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Add Members"),
            "res_model": "buying.member.change",
            "view_mode": "form",
            "target": "new",
            "context": {"default_group_id": self.id, "default_operation": "add"},
        }

    def action_view_members(self):
        """Button: the members, to select many and change them at once."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.buying_group_member_action")
        return action | {"domain": [("group_id", "=", self.id)]}

    def _get_addable_people_domain(self):
        """Domain on ``res.partner`` of the people who belong to this group's account and are no members yet."""
        self.ensure_one()
        return (
            Domain("is_company", "=", False)
            & (
                Domain("parent_id", "child_of", self.partner_id.ids)
                | Domain("affiliated_account_ids", "in", self.partner_id.ids)
            )
            & Domain("id", "not in", self.member_ids.partner_id.ids)
        )
