# Wizard: build buying groups — choose, see what it would do, confirm.
from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..tools.domains import check_domain


class BuyingGroupCreate(models.TransientModel):
    """Three steps, as in Adobe Journey Optimizer B2B Edition (create buying groups): choose the components, read the
    estimate, confirm. Confirming makes a creation job and runs it: a small one at once, a large one in the background.
    """

    _name = "buying.group.create"
    _description = "Create Buying Groups"

    state = fields.Selection([("choose", "Choose"), ("estimate", "Estimate")], default="choose", required=True)
    solution_id = fields.Many2one("buying.solution", required=True, ondelete="cascade")
    account_list_id = fields.Many2one(
        "buying.account.list", domain="[('state', '=', 'live')]", ondelete="cascade", help="Only accounts of this list."
    )
    domain = fields.Char("Accounts", default="[('is_company', '=', True)]", help="Which companies get a group.")
    group_name = fields.Char("Names of the Groups", compute="_compute_group_name")
    group_count = fields.Integer("New Groups", readonly=True)
    member_count = fields.Integer("Members", readonly=True)
    headline = fields.Char(compute="_compute_headline")
    line_ids = fields.One2many("buying.group.create.line", "wizard_id", "Estimate", readonly=True)

    @api.model
    def default_get(self, field_names):
        values = super().default_get(field_names)
        if "solution_id" in field_names and not values.get("solution_id"):
            solutions = self.env["buying.solution"].search([], limit=2)
            values["solution_id"] = solutions.id if len(solutions) == 1 else False
        return values

    @api.depends("solution_id")
    @api.depends_context("lang")
    def _compute_group_name(self):
        for wizard in self:
            wizard.group_name = self.env._(
                "%(solution)s for %(account)s",
                solution=wizard.solution_id.name or "…",
                account=self.env._("(name of the account)"),
            )

    @api.depends("group_count", "member_count")
    @api.depends_context("lang")
    def _compute_headline(self):
        for wizard in self:
            wizard.headline = self.env._(
                "%(groups)s new groups with %(members)s members in all",
                groups=wizard.group_count,
                members=wizard.member_count,
            )

    def action_estimate(self):
        """Button: count what confirming would do."""
        self.ensure_one()
        job = self._get_job()
        accounts = self.env["res.partner"].search(job._get_account_domain())
        Group = self.env["buying.group"]
        existing = (
            Group.sudo()
            .with_context(active_test=False)
            .search([("solution_id", "=", self.solution_id.id), ("partner_id", "in", accounts.ids)])
        )
        fresh = accounts - existing.partner_id.with_env(self.env)
        people_of = Group._get_people_by_account(self.solution_id, fresh)
        template = self.solution_id.template_id
        role_of = template._get_roles_by_person({pid for people in people_of.values() for pid in people})
        counts, empty = dict.fromkeys(template.line_ids.sorted("sequence").role_id, 0), 0
        for people in people_of.values():
            roles = [role_of[pid] for pid in people if pid in role_of]
            empty += not roles
            for role in roles:
                counts[role] += 1
        self.write(
            {
                "state": "estimate",
                "group_count": len(fresh),
                "member_count": sum(counts.values()),
                "line_ids": [Command.clear()]
                + [
                    Command.create({"kind": "member", "name": role.name, "count": count})
                    for role, count in counts.items()
                ]
                + [Command.create(vals) for vals in self._get_left_out(job, existing, empty)],
            }
        )
        return self._reopen()

    def _get_left_out(self, job, existing, empty):
        """Accounts that get no group and why, and groups that would have nobody in them; only those the user may see.

        :return: values for lines
        :rtype: list[dict]
        """
        Partner = self.env["res.partner"]
        domain = job._get_audience_domain()
        companies = domain & Domain("is_company", "=", True)
        archived = Partner.with_context(active_test=False).search_count(companies & Domain("active", "=", False))
        rows = [
            (self.env._("They have a group for this solution already."), len(existing.filtered("active"))),
            (
                self.env._("They have an archived group for this solution."),
                len(existing.filtered(lambda g: not g.active)),
            ),
            (self.env._("They have no name."), Partner.search_count(companies & Domain("name", "in", [False, ""]))),
            (self.env._("They are archived."), archived),
            (
                self.env._("They are our own companies."),
                Partner.search_count(companies & Domain("ref_company_ids", "!=", False)),
            ),
        ]
        lines = [{"kind": "left_out", "name": name, "count": count} for name, count in rows if count]
        if empty:
            name = self.env._("Groups without any member, because no contact matches a rule.")
            lines.append({"kind": "empty", "name": name, "count": empty})
        return lines

    def _get_job(self):
        """The job that confirming would make, not yet in the database.

        :raise UserError: the filter is invalid
        """
        check_domain(self.env, "res.partner", self.domain)
        return self.env["buying.group.job"].new(self._get_job_values())

    def _get_job_values(self):
        return {
            "solution_id": self.solution_id.id,
            "account_list_id": self.account_list_id.id,
            "domain": self.domain,
            "user_id": self.env.uid,
        }

    def action_back(self):
        """Button: choose anew."""
        self.state = "choose"
        return self._reopen()

    def action_confirm(self):
        """Button: make the job, unless there is the same already, and run it."""
        self.ensure_one()
        if self.state != "estimate":
            raise UserError(self.env._("Look at the estimate before you confirm."))
        values = self._get_job_values()
        Job = self.env["buying.group.job"]
        job = Job.search([(name, "=", value) for name, value in values.items()], limit=1) or Job.create(values)
        return job.action_run()

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Create Buying Groups"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
