# Creation jobs: build and maintain the groups of one solution for an audience of accounts.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.domains import check_domain, parse_domain


class BuyingGroupJob(models.Model):
    """A group for each account of an audience, for one solution.

    Run by hand or every night. Accounts that join the audience get a group; groups that exist are maintained if the
    solution says so. Everything happens with the rights of the job's responsible user.
    """

    _name = "buying.group.job"
    _description = "Buying Group Creation Job"
    _inherit = ["mail.thread"]
    _order = "id desc"

    name = fields.Char(compute="_compute_name")
    active = fields.Boolean(default=True)
    solution_id = fields.Many2one("buying.solution", required=True, index=True, ondelete="restrict", tracking=True)
    company_id = fields.Many2one(related="solution_id.company_id", store=True)
    domain = fields.Char(
        "Accounts",
        default="[('ref_company_ids', '=', False)]",
        tracking=True,
        help="Which companies get a buying group.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        default=lambda self: self.env.user,
        required=True,
        tracking=True,
        help="The job sees and does what this user may see and do.",
    )
    account_count = fields.Integer("Matching Accounts", compute="_compute_account_count")
    last_run = fields.Datetime(readonly=True, copy=False)
    last_created_count = fields.Integer("Groups Created", readonly=True, copy=False, help="In the last run.")
    last_updated_count = fields.Integer("Memberships Changed", readonly=True, copy=False, help="In the last run.")
    last_error = fields.Text(readonly=True, copy=False)

    @api.depends("solution_id.name")
    @api.depends_context("lang")
    def _compute_name(self):
        for job in self:
            job.name = self.env._("Buying groups for %(solution)s", solution=job.solution_id.name or "")

    @api.depends("domain")
    def _compute_account_count(self):
        for job in self:
            try:
                job.account_count = self.env["res.partner"].search_count(job._get_account_domain())
            except UserError:
                job.account_count = 0

    @api.constrains("domain")
    def _check_domain(self):
        for job in self:
            check_domain(self.env, "res.partner", job.domain)

    @api.model_create_multi
    def create(self, vals_list):
        jobs = super().create(vals_list)
        jobs._check_responsible()
        return jobs

    def write(self, vals):
        result = super().write(vals)
        if {"user_id", "domain", "solution_id"} & vals.keys():
            self._check_responsible()
        return result

    def _check_responsible(self):
        """Nobody borrows somebody else's rights, neither by naming them nor by changing what their job does.

        No constraint, since the host runs those with system rights.

        :raise UserError: these jobs run with rights that are not the current user's
        """
        if self.env.su or self.env.user.has_group("base.group_system"):
            return
        if self.user_id - self.env.user:
            raise UserError(
                self.env._(
                    "Only a system administrator may make a job run with somebody else's rights. "
                    "Make yourself responsible for it to change it."
                )
            )

    def _get_account_domain(self):
        """Domain of the companies in the audience; a company without a name is no account.

        :raise UserError: the domain is invalid
        """
        self.ensure_one()
        return (
            parse_domain(self.env, "res.partner", self.domain)
            & Domain("is_company", "=", True)
            & Domain("name", "!=", False)
        )

    def run(self):
        """Build the missing groups of these jobs and maintain those they may, now.

        :return: the groups made
        :rtype: buying.group
        :raise UserError: a domain is invalid, or the job is running already
        """
        created = self.env["buying.group"]
        self.check_access("write")
        for job in self:
            if not job.sudo().try_lock_for_update():
                raise UserError(self.env._("This job is running already. Please wait until it is done."))
            as_user = job.with_user(job.user_id).with_context(allowed_company_ids=job._get_company_ids())
            created |= as_user._run_one().with_env(self.env)
        return created

    def _get_company_ids(self):
        """The companies in which this job works, whoever starts it: its solution's, or all of the responsible's."""
        self.ensure_one()
        user = self.user_id.sudo()
        return self.company_id.ids or (user.company_id | user.company_ids).ids

    def _run_one(self):
        """One run of one job in the environment of its responsible."""
        self.ensure_one()
        Group = self.env["buying.group"].with_context(active_test=False)
        accounts = self.env["res.partner"].search(self._get_account_domain())
        existing = Group.sudo().search([("solution_id", "=", self.solution_id.id), ("partner_id", "in", accounts.ids)])
        missing = accounts - existing.partner_id.with_env(self.env)
        groups = Group.create([{"solution_id": self.solution_id.id, "partner_id": account.id} for account in missing])
        maintained = groups
        if self.solution_id.update_groups:
            maintained |= Group.search([("id", "in", existing.ids), ("active", "=", True)])
        changed = maintained.update_members()
        self.sudo().write(
            {
                "last_run": fields.Datetime.now(),
                "last_created_count": len(groups),
                "last_updated_count": changed,
                "last_error": False,
            }
        )
        return groups

    def action_run(self):
        """Button: run now and show the groups that were made."""
        groups = self.run()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.buying_group_action")
        if groups:
            return action | {"domain": [("id", "in", groups.ids)]}
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("Every account of the audience has its group already."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    @api.model
    def _cron_run(self):
        """Nightly: every job on its own, so that a broken one stops nobody else's."""
        jobs = self.search([])
        self.env["ir.cron"]._commit_progress(remaining=len(jobs))
        for job in jobs:
            try:
                with self.env.cr.savepoint():
                    job.run()
            except Exception as error:
                self.env.invalidate_all()
                job.last_error = str(error)
            if not self.env["ir.cron"]._commit_progress(processed=1):
                break
