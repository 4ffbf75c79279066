# Automatic rules: which groups move to the next stage by themselves.
import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ...tools.domains import check_domain, count_records, parse_domain
from .buying_group_member import RANK


class BuyingStageRule(models.Model):
    """Moves the groups in one stage (or in none) that match a condition to another stage, every night.

    The reference product has no such gates; its stages move through journeys only. Rules are no part of the frozen
    graph: managers may change them while the model is live. They never undo what a person or a journey decided (see
    :meth:`buying.group.set_stage`). Who writes a condition must be allowed to read all fields it names, since it is
    evaluated with system rights later.
    """

    _name = "buying.stage.rule"
    _description = "Automatic Stage Rule"
    _order = "model_id, sequence, id"

    model_id = fields.Many2one("buying.stage.model", "Stage Model", required=True, index=True, ondelete="cascade")
    state = fields.Selection(related="model_id.state")
    company_id = fields.Many2one(related="model_id.company_id", store=True)
    sequence = fields.Integer("Priority", default=10, help="The first rule that matches a group wins.")
    active = fields.Boolean(default=True)
    from_stage_id = fields.Many2one(
        "buying.stage",
        "From",
        index=True,
        ondelete="cascade",
        domain="[('model_id', '=', model_id)]",
        help="Leave empty for groups that have no stage yet.",
    )
    to_stage_id = fields.Many2one(
        "buying.stage", "To", required=True, index=True, ondelete="cascade", domain="[('model_id', '=', model_id)]"
    )
    domain = fields.Char("Condition", default="[]", help="Which groups move. Without a condition, all of them do.")
    match_count = fields.Integer(
        "Matching Groups",
        compute="_compute_match_count",
        help="Groups that this rule would move now, among those that you may see.",
    )
    last_error = fields.Text(readonly=True, copy=False, help="Why the rule could not be applied the last time.")

    @api.depends("from_stage_id.name", "to_stage_id.name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for rule in self:
            rule.display_name = self.env._(
                "%(from_stage)s → %(to_stage)s",
                from_stage=rule.from_stage_id.name or self.env._("No stage"),
                to_stage=rule.to_stage_id.name or "",
            )

    @api.depends("from_stage_id", "to_stage_id", "domain", "model_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_match_count(self):
        for rule in self:
            rule.match_count = 0
            if rule.to_stage_id:
                try:
                    rule.match_count = count_records(self.env["buying.group"], rule._get_group_domain())
                except UserError:
                    continue  # the form shows the broken condition; saving and publishing say what is wrong with it

    @api.constrains("model_id", "from_stage_id", "to_stage_id")
    def _check_stages(self):
        for rule in self:
            if (rule.from_stage_id | rule.to_stage_id).model_id != rule.model_id:
                raise UserError(
                    self.env._(
                        "%(rule)s: both stages must belong to the stage model %(model)s.",
                        rule=rule.display_name,
                        model=rule.model_id.name,
                    )
                )
            if rule.model_id.state == "live" and (error := rule._get_way_error()):
                raise UserError(error)

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create([vals | {"last_error": False} for vals in vals_list])
        rules._check_may_change()
        rules._check_condition()
        return rules

    def write(self, vals):
        if "last_error" in vals and not self.env.su:
            raise UserError(self.env._("The last error is written by the rule itself."))
        self.check_access("write")
        self._check_may_change()
        result = super().write(vals)
        if "model_id" in vals:
            self._check_may_change()
        if "domain" in vals:
            self._check_condition()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_live(self):
        self._check_may_change()

    def _check_may_change(self):
        """:raise AccessError: a model is live and the current user no manager"""
        if any(model.state == "live" for model in self.model_id):
            self.model_id._check_manager(
                self.env._("Only managers may change the automatic rules of a live stage model.")
            )

    def _check_condition(self):
        """No constraint, since the host runs those with system rights, and whose rights count here is the writer's.

        :raise UserError: a condition is invalid, or names what the current user may not read
        """
        for rule in self:
            try:
                check_domain(self.env, "buying.group", rule.domain)
                self.env["buying.group"].search(parse_domain(self.env, "buying.group", rule.domain), limit=1)
            except AccessError:
                raise
            except UserError as error:
                raise UserError(
                    self.env._("The rule %(rule)s cannot be used. %(error)s", rule=rule.display_name, error=str(error))
                ) from error

    def _get_way_error(self):
        """Why the model's graph forbids this step, in words, or ``False``"""
        self.ensure_one()
        if not self.from_stage_id and not self.to_stage_id.is_entry:
            return self.env._(
                "%(rule)s: a group without a stage can only begin at an entry stage.", rule=self.display_name
            )
        if self.from_stage_id and self.to_stage_id not in self.from_stage_id.allowed_stage_ids:
            return self.env._("%(rule)s: the stages do not allow this transition.", rule=self.display_name)
        return False

    def _get_errors(self):
        """Everything that keeps this rule's model from going live because of this rule.

        :rtype: list[str]
        """
        self.ensure_one()
        errors = [error] if (error := self._get_way_error()) else []
        try:
            self._check_condition()
        except UserError as error:
            errors.append(str(error))
        return errors

    def _get_group_domain(self):
        """Domain on ``buying.group`` of the groups that this rule would move now.

        :raise UserError: the condition is no valid domain
        """
        self.ensure_one()
        to_stage = self.to_stage_id._origin.id
        # what somebody of higher rank decided is not undone: such groups do not match at all
        undone = Domain.OR(
            Domain(field_name, "=", to_stage)
            for source, field_name in self.env["buying.group"]._get_left_stage_fields().items()
            if RANK[source] > RANK["system"]
        )
        return (
            parse_domain(self.env, "buying.group", self.domain)
            & Domain("solution_id.stage_model_id", "=", self.model_id._origin.id)
            & Domain("stage_id", "=", self.from_stage_id._origin.id or False)
            & ~undone
        )

    def _find_group_ids(self):
        """Ids of the groups that this rule would move now; none if the condition is broken, which is noted then.

        :rtype: list[int]
        """
        self.ensure_one()
        Group = self.env["buying.group"]
        if self.company_id:
            Group = Group.with_context(allowed_company_ids=self.company_id.ids)
        self.env.flush_all()
        try:
            with self.env.cr.savepoint(flush=False):
                ids = Group.search(self._get_group_domain(), order="id").ids
        except (UserError, ValueError, psycopg2.DataError, psycopg2.ProgrammingError) as error:
            self.sudo().last_error = str(error)
            return []
        if self.last_error:
            self.sudo().last_error = False
        return ids
