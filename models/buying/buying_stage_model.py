# Stage models: the controlled way of a buying group from first interest to purchase.
import psycopg2

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

# how often a model that met somebody else's change is tried again in one night
ATTEMPTS = 5


class BuyingStageModel(models.Model):
    """The stages of a purchase and which stage may follow which.

    States:

    * ``draft``: set at creation; everything may be changed, stages removed, and the model deleted.
    * ``live``: set by :meth:`action_publish`; solutions may use the model. Its graph stays as it is, names included,
      since groups stand in its stages and reports name them; only the order and the folding of stages, which merely
      concern the display, and the automatic rules (by managers) may change. It can be archived, and deleted as long as
      no solution uses it. There is no way back to draft; duplicate it instead.

    Source of the rules: Adobe Journey Optimizer B2B Edition, buying group stages. Beyond it: several models, stages
    that can be removed from a draft, and automatic rules.
    """

    _name = "buying.stage.model"
    _description = "Stage Model"
    _inherit = ["mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    description = fields.Text()
    active = fields.Boolean(default=True)
    state = fields.Selection(
        [("draft", "Draft"), ("live", "Live")], default="draft", required=True, readonly=True, copy=False, tracking=True
    )
    company_id = fields.Many2one("res.company", help="Leave empty to share the stages among all companies.")
    stage_ids = fields.One2many("buying.stage", "model_id", "Stages", copy=False)
    rule_ids = fields.One2many("buying.stage.rule", "model_id", "Automatic Rules", copy=False)
    solution_ids = fields.One2many("buying.solution", "stage_model_id", "Solutions", copy=False)
    stage_count = fields.Integer("Number of Stages", compute="_compute_stage_count")
    can_edit_rules = fields.Boolean(compute="_compute_can_edit_rules")

    _name_unique = models.UniqueIndex("(lower(name))", "A stage model with this name exists already.")

    @api.depends("stage_ids")
    def _compute_stage_count(self):
        counts = dict(self.env["buying.stage"]._read_group([("model_id", "in", self.ids)], ["model_id"], ["__count"]))
        for model in self:
            model.stage_count = counts.get(model._origin, 0)

    @api.depends("state")
    @api.depends_context("uid")
    def _compute_can_edit_rules(self):
        manager = self.env.user.has_group("crm_buying_journey.group_manager")
        for model in self:
            model.can_edit_rules = manager or model.state != "live"

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        for model, vals in zip(self, vals_list, strict=True):
            if "name" not in (default or {}):
                vals["name"] = self.env._("%(name)s (copy)", name=model.name)
        return vals_list

    def copy(self, default=None):
        """The copy is a draft whose stages lead to each other, not to those of the original."""
        copies = super().copy(default)
        if "stage_ids" in (default or {}):
            return copies
        for model, duplicate in zip(self, copies, strict=True):
            stages = model.stage_ids
            new_stages = stages.create(
                [
                    vals | {"model_id": duplicate.id, "allowed_stage_ids": False}
                    for vals in stages.with_context(active_test=False).copy_data()
                ]
            )
            new_of = dict(zip(stages, new_stages, strict=True))
            for stage, new_stage in new_of.items():
                targets = [new_of[target].id for target in stage.allowed_stage_ids if target in new_of]
                new_stage.allowed_stage_ids = [Command.set(targets)]
            rules = model.with_context(active_test=False).rule_ids
            rules.create(
                [
                    vals
                    | {
                        "model_id": duplicate.id,
                        "from_stage_id": new_of[rule.from_stage_id].id if rule.from_stage_id else False,
                        "to_stage_id": new_of[rule.to_stage_id].id,
                    }
                    for rule, vals in zip(rules, rules.copy_data(), strict=True)
                ]
            )
        return copies

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["state"] = "draft"  # only publishing makes a model live, whatever values or defaults say
        return super().create(vals_list)

    def write(self, vals):
        self.check_access("write")
        if "state" in vals and not self.env.su:
            raise UserError(self.env._("Publish the stage model to make it live."))
        if {"name", "description", "company_id"} & vals.keys():
            self._check_draft()
        return super().write(vals)

    def _check_draft(self):
        """:raise UserError: one of these models is live"""
        live = self.filtered(lambda model: model.state == "live")
        if live and not self.env.su:
            raise UserError(
                self.env._(
                    "%(models)s: a live stage model stays as it is. Duplicate it to change the copy.",
                    models=", ".join(live.mapped("name")),
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        users = self.env["buying.solution"].with_context(active_test=False)
        for model in self:
            domain = Domain("stage_model_id", "=", model.id)
            hidden = users.sudo().search(domain)
            if not hidden:
                continue
            visible = users.search(domain)
            names = visible.mapped("name")
            if count := len(hidden) - len(visible):
                names.append(self.env._("%(count)s solutions that you may not see", count=count))
            raise UserError(
                self.env._(
                    "%(model)s cannot be deleted, because it is used by %(users)s. Archive it instead.",
                    model=model.name,
                    users=", ".join(names),
                )
            )

    # Publishing ---------------------------------------------------------------------------------------------------

    def action_publish(self):
        """Make draft models live, so that solutions can use them.

        A model with automatic rules is published by a manager, as only managers let rules loose on groups.

        :return: ``True``
        :raise UserError: lists everything that is wrong, model by model
        """
        drafts = self.filtered(lambda model: model.state == "draft")
        drafts.check_access("write")
        if drafts.rule_ids and not self.env.su:
            self._check_manager(self.env._("Only managers may publish a stage model with automatic rules."))
        errors = [error for model in drafts for error in model._get_publish_errors()]
        if errors:
            raise UserError(self.env._("The stage model cannot be published yet:") + "\n- " + "\n- ".join(errors))
        drafts.sudo().write({"state": "live"})  # nobody may write the state but this method
        return True

    def _check_manager(self, message):
        """:raise AccessError: the current user is no manager; says ``message``"""
        if not self.env.su and not self.env.user.has_group("crm_buying_journey.group_manager"):
            raise AccessError(message)

    def _get_publish_errors(self):
        """Everything that keeps this model from going live.

        :rtype: list[str]
        """
        self.ensure_one()
        # a transition to a stage that the user may not see is an error too
        stages = self.sudo().with_env(self.env(su=True)).stage_ids
        if not stages:
            return [self.env._("%(model)s has no stage. Add at least two.", model=self.name)]
        errors = []
        if not any(stage.is_entry for stage in stages):
            errors.append(
                self.env._("%(model)s has no entry stage. Mark the stages at which a group may begin.", model=self.name)
            )
        success = stages.filtered(lambda stage: stage.destination == "success")
        if not success:
            errors.append(self.env._("%(model)s has no success stage. Mark exactly one.", model=self.name))
        elif len(success) > 1:
            errors.append(
                self.env._(
                    "%(model)s has %(count)s success stages (%(stages)s). Exactly one is allowed.",
                    model=self.name,
                    count=len(success),
                    stages=", ".join(success.mapped("name")),
                )
            )
        names = set()
        for stage in stages:
            name = " ".join(stage.name.split()).lower()
            if not name:
                errors.append(self.env._("A stage has no name."))
            elif name in names:
                errors.append(self.env._("Two stages are called %(stage)s.", stage=stage.name))
            names.add(name)
        reached = self._get_reachable(stages)
        for stage in stages:
            errors += self._get_stage_errors(stage, stages)
            if reached and stage not in reached:
                errors.append(self.env._("No way leads from an entry stage to %(stage)s.", stage=stage.name))
        for rule in self.rule_ids:
            errors += rule._get_errors()
        return errors

    def _get_stage_errors(self, stage, stages):
        """What is wrong with the ways out of one stage.

        :rtype: list[str]
        """
        errors = []
        targets = stage.allowed_stage_ids
        if stage in targets:
            errors.append(self.env._("%(stage)s leads to itself.", stage=stage.name))
        if targets - stages:
            errors.append(self.env._("%(stage)s leads to a stage of another stage model.", stage=stage.name))
        ways_out = (targets & stages) - stage
        if stage.destination == "none" and not ways_out:
            errors.append(
                self.env._(
                    "No stage follows %(stage)s. Choose the stages it may lead to, or make it a success or failure.",
                    stage=stage.name,
                )
            )
        if stage.destination == "success" and targets:
            errors.append(self.env._("%(stage)s is the success stage: no other stage may follow it.", stage=stage.name))
        return errors

    def _get_reachable(self, stages):
        """The stages to which a way leads from an entry stage; the entry stages are among them.

        :rtype: buying.stage
        """
        reached = fresh = stages.filtered("is_entry")
        while fresh:
            fresh = (fresh.allowed_stage_ids & stages) - reached
            reached |= fresh
        return reached

    # Automatic rules ----------------------------------------------------------------------------------------------

    def apply_rules(self):
        """Move the groups of live models by their automatic rules, at most one step each, as nightly jobs do.

        Per group the first rule, in their order, that matches wins; all rules look at the groups as they were before.
        The rules are evaluated with system rights, since a stage belongs to the group and not to who looks at it; they
        only ever see groups whose solution uses this model, hence only of the model's company. So only managers, who
        make the rules, may start them. A rule that cannot be evaluated is skipped and says why (``last_error``).
        The number of statements depends on the number of rules, and grows with the groups by the hundred only.

        :return: the groups that moved, archived ones never
        :rtype: buying.group
        :raise AccessError: the current user is no manager
        """
        self._check_manager(self.env._("Only managers may apply the automatic rules of stages."))
        self.check_access("read")
        moved = self.env["buying.group"]
        for model in self.filtered(lambda model: model.state == "live"):
            todo, taken = {}, set()
            for rule in model.sudo().rule_ids.sorted(lambda rule: (rule.sequence, rule.id)):
                ids = [group_id for group_id in rule._find_group_ids() if group_id not in taken]
                taken.update(ids)
                todo.setdefault(rule.to_stage_id, []).extend(ids)
            for stage, ids in todo.items():
                moved |= self.env["buying.group"].sudo().browse(ids)._move_to_stage(stage, "system").with_env(self.env)
        return moved

    def action_apply_rules(self):
        """Button: apply the rules now and say how many groups moved."""
        moved = self.apply_rules()
        broken = self.rule_ids.filtered("last_error")
        message = self.env._("No group moves now.")
        if moved:
            message = self.env._("%(count)s groups moved.", count=len(moved))
        if broken:
            message += " " + self.env._(
                "These rules could not be applied: %(rules)s.", rules=", ".join(broken.mapped("display_name"))
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if broken else "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    @api.model
    def _cron_apply_rules(self):
        """Nightly: every model on its own, so that trouble with one holds up nobody else's."""
        models_with_rules = self.search([("state", "=", "live"), ("rule_ids", "!=", False)])
        self.env["ir.cron"]._commit_progress(remaining=len(models_with_rules))
        for model in models_with_rules:
            model._apply_rules_at_night()
            if not self.env["ir.cron"]._commit_progress(processed=1):
                break

    def _apply_rules_at_night(self):
        """Apply the rules of one model. What fails is noted on the rules and never in the way of other models."""
        attempt = 1
        while True:
            try:
                with self.env.cr.savepoint():
                    self.exists().apply_rules()
                return
            except Exception as error:
                problem = str(error)
                is_conflict = isinstance(error, psycopg2.errors.TransactionRollbackError)
            if is_conflict:
                # the transaction saw the world before somebody else's change, so only a new one can succeed
                self.env.cr.rollback()
                problem = self.env._("Somebody changed the groups at the same time. The next night tries again.")
            self.env.invalidate_all()
            if not is_conflict or attempt == ATTEMPTS:
                self.exists().rule_ids.last_error = problem
                return
            attempt += 1
