# Creation jobs: build and maintain the groups of one solution for an audience of accounts.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.domains import check_domain, count_records, parse_domain

# what a run notes down, and nobody else
FOLLOWING = {
    "state",
    "phase",
    "by_hand",
    "cursor_id",
    "done_count",
    "total_count",
    "company_id",
    "last_run",
    "last_created_count",
    "last_updated_count",
    "last_error",
}


class BuyingGroupJob(models.Model):
    """A group for each account of an audience, for one solution.

    Run by hand or every night. Accounts that join the audience get a group; groups that exist are maintained if the
    solution says so. Everything happens with the rights of the job's responsible user.

    States:

    * ``idle``: nothing to do until the night. Set at creation, and at the end of a run, be it good or bad.
    * ``queued``: waits for the scheduled action. Set by :meth:`action_start`, and every night.
    * ``running``: being worked on, batch by batch; ``phase`` and ``cursor_id`` tell how far. Set by the first batch. A
      crash leaves it so, and the scheduled action goes on from there.
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
        default="[('is_company', '=', True)]",
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
    account_list_id = fields.Many2one(
        "buying.account.list",
        domain="[('state', '=', 'live')]",
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
        help="Only accounts of this list; the filter narrows it further.",
    )
    account_count = fields.Integer("Matching Accounts", compute="_compute_account_count")
    state = fields.Selection(
        [("idle", "Idle"), ("queued", "Waiting to Start"), ("running", "Running")],
        default="idle",
        required=True,
        readonly=True,
        copy=False,
        index=True,
    )
    phase = fields.Selection([("create", "Making Groups"), ("members", "Finding Members")], readonly=True, copy=False)
    by_hand = fields.Boolean("Started by Hand", readonly=True, copy=False)
    cursor_id = fields.Integer("Worked Up To", readonly=True, copy=False)
    done_count = fields.Integer("Done", readonly=True, copy=False)
    total_count = fields.Integer("To Do", readonly=True, copy=False)
    progress = fields.Float("Progress (%)", compute="_compute_progress")
    last_run = fields.Datetime(readonly=True, copy=False)
    last_created_count = fields.Integer("Groups Created", readonly=True, copy=False, help="In the last run.")
    last_updated_count = fields.Integer("Memberships Changed", readonly=True, copy=False, help="In the last run.")
    last_error = fields.Text(readonly=True, copy=False)

    @api.depends("solution_id.name")
    @api.depends_context("lang")
    def _compute_name(self):
        for job in self:
            job.name = self.env._("Buying groups for %(solution)s", solution=job.solution_id.name or "")

    @api.depends("done_count", "total_count", "state")
    def _compute_progress(self):
        for job in self:
            job.progress = min(100, 100 * job.done_count / job.total_count) if job.total_count else 0

    @api.depends("domain", "account_list_id")
    def _compute_account_count(self):
        for job in self:
            try:
                job.account_count = count_records(self.env["res.partner"], job._get_account_domain())
            except UserError:
                job.account_count = 0

    @api.constrains("domain")
    def _check_domain(self):
        for job in self:
            check_domain(self.env, "res.partner", job.domain)

    @api.constrains("account_list_id")
    def _check_account_list(self):
        for job in self:
            if job.account_list_id.state == "draft":
                raise UserError(
                    self.env._("%(name)s is a draft. Publish it before a job uses it.", name=job.account_list_id.name)
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["state"] = "idle"  # only starting a job starts it, whatever values or defaults say
        jobs = super().create(vals_list)
        jobs._check_responsible()
        return jobs

    def write(self, vals):
        if not self.env.su and FOLLOWING & vals.keys():
            raise UserError(self.env._("How far a job is follows from its run. Start it instead."))
        result = super().write(vals)
        if {"user_id", "domain", "solution_id", "account_list_id"} & vals.keys():
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

    def _get_audience_domain(self):
        """Domain of the partners that the filter and the list name, be they accounts or not.

        :raise UserError: the domain is invalid
        """
        self.ensure_one()
        domain = parse_domain(self.env, "res.partner", self.domain)
        if self.account_list_id:
            domain &= self.account_list_id._get_account_domain()
        return domain

    def _get_account_domain(self):
        """Domain of the companies in the audience. A company without a name is no account, nor is one of our own.

        :raise UserError: the domain is invalid
        """
        return (
            self._get_audience_domain()
            & Domain("is_company", "=", True)
            & Domain("name", "!=", False)
            & Domain("ref_company_ids", "=", False)
        )

    def _get_company_ids(self):
        """The companies in which this job works, whoever starts it: its solution's, or all of the responsible's."""
        self.ensure_one()
        user = self.user_id.sudo()
        return self.company_id.ids or (user.company_id | user.company_ids).ids
