# Solution interests: what we sell.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.domains import check_own_company
from ...tools.names import check_name, name_of_copy, names_for


class BuyingSolution(models.Model):
    """Solution interest: something we sell, to a group of people in each account.

    A solution has exactly one live role template, which never changes afterwards (Adobe Journey Optimizer B2B
    Edition, solution interests): people would otherwise lose or change roles behind the back of sales.
    """

    _name = "buying.solution"
    _description = "Solution Interest"
    _inherit = ["mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    description = fields.Text()
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Leave empty to share the solution among all companies.")
    template_id = fields.Many2one(
        "buying.role.template",
        "Role Template",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('state', '=', 'live')]",
        help="Cannot be changed afterwards.",
    )
    stage_model_id = fields.Many2one(
        "buying.stage.model",
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
        domain="[('state', '=', 'live'), '|', ('company_id', '=', False), ('company_id', '=', company_id)]",
        help="The stages that the groups of this solution pass through. Without one, they have no stages.",
    )
    update_groups = fields.Boolean(
        "Update Existing Groups",
        tracking=True,
        help="The nightly jobs also add and remove members of the groups that exist already.",
    )
    group_ids = fields.One2many("buying.group", "solution_id", "Buying Groups")
    job_ids = fields.One2many("buying.group.job", "solution_id", "Creation Jobs")
    group_count = fields.Integer("Number of Groups", compute="_compute_counts")
    job_count = fields.Integer("Number of Jobs", compute="_compute_counts")

    _name_unique = models.UniqueIndex("(lower(name))", "A solution with this name exists already.")

    @api.depends("group_ids", "job_ids")
    def _compute_counts(self):
        groups = dict(
            self.env["buying.group"]._read_group([("solution_id", "in", self.ids)], ["solution_id"], ["__count"])
        )
        jobs = dict(
            self.env["buying.group.job"]._read_group([("solution_id", "in", self.ids)], ["solution_id"], ["__count"])
        )
        for solution in self:
            solution.group_count = groups.get(solution, 0)
            solution.job_count = jobs.get(solution, 0)

    @api.constrains("template_id")
    def _check_template_live(self):
        for solution in self:
            if solution.template_id.state != "live":
                raise UserError(
                    self.env._(
                        "%(template)s is a draft. Publish it before a solution uses it.",
                        template=solution.template_id.name,
                    )
                )

    @api.constrains("stage_model_id", "company_id")
    def _check_stage_model(self):
        for solution in self:
            model = solution.stage_model_id
            if model and model.state != "live":
                raise UserError(
                    self.env._("%(model)s is a draft. Publish it before a solution uses it.", model=model.name)
                )
            if model.company_id and model.company_id != solution.company_id:
                raise UserError(
                    self.env._(
                        "The stages of %(model)s belong to %(company)s. Only solutions of that company can use them.",
                        model=model.name,
                        company=model.company_id.name,
                    )
                )

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        for solution, vals in zip(self, vals_list, strict=True):
            if "name" not in (default or {}):
                vals["name"] = name_of_copy(solution)
        return vals_list

    @api.constrains("name")
    def _check_name(self):
        check_name(self)

    @api.constrains("company_id")
    def _check_accounts(self):
        for solution in self.filtered("company_id"):
            foreign = self.env["buying.group"].search_count(
                [
                    ("solution_id", "=", solution.id),
                    ("partner_id.company_id", "not in", [False, solution.company_id.id]),
                    ("active", "in", (True, False)),
                ],
                limit=1,
            )
            if foreign:
                raise UserError(
                    self.env._("%(solution)s has buying groups in accounts of another company.", solution=solution.name)
                )

    @api.model_create_multi
    def create(self, vals_list):
        solutions = super().create(vals_list)
        check_own_company(solutions)
        return solutions

    def write(self, vals):
        if "template_id" in vals and any(solution.template_id.id != vals["template_id"] for solution in self):
            raise UserError(
                self.env._("The role template of a solution cannot be changed. Make a new solution instead.")
            )
        result = super().write(vals)
        if "company_id" in vals:
            check_own_company(self)
        if "stage_model_id" in vals:
            # groups that the user may not see have stages, too
            self.env["buying.group"].sudo().with_context(active_test=False).search(
                [("solution_id", "in", self.ids), ("stage_id", "!=", False)]
            )._follow_stage_model()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for solution in self.sudo():
            users = solution._get_users(self.env)
            if users:
                raise UserError(
                    self.env._(
                        "%(solution)s cannot be deleted, because it is used by %(users)s. Archive it instead.",
                        solution=solution.name,
                        users=", ".join(users),
                    )
                )

    def _get_users(self, env):
        """What uses this solution, in words, for the message that refuses its deletion.

        :param env: environment of the user who reads the message
        :rtype: list[str]
        """
        self.ensure_one()
        users = []
        if groups := self.with_context(active_test=False).group_ids:
            users.append(self.env._("%(count)s buying groups", count=len(groups)))
        return users + names_for(env, self.with_context(active_test=False).job_ids)

    def action_view_groups(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.buying_group_action")
        return action | {"domain": [("solution_id", "in", self.ids)], "context": {"default_solution_id": self.id}}

    def action_view_jobs(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.buying_group_job_action")
        return action | {"domain": [("solution_id", "in", self.ids)], "context": {"default_solution_id": self.id}}
