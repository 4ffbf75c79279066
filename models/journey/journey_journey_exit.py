# Who leaves a journey before its end: exit rules, and the goal.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.domains import check_domain, parse_domain


class JourneyJourney(models.Model):
    """Exit rules and goal (Dynamics 365 Customer Insights – Journeys, exit and goal): both are checked for everybody
    inside at each tick, and once more for a batch right before it takes its next step.

    * An exit rule takes a participant out as ``exited``; the reason says which rule.
    * Whoever reaches the goal has got what the journey is for: ``goal_at`` is set, and, unless ``goal_leaves`` is off,
      the participant is out as ``completed``, since nothing is left to be done. If the goal and an exit rule hold at
      once, the goal counts. What happens after the end of a participant's journey does not count.
    * ``goal_reached_date`` is set once, when the target is met: so many participants, or such a share of all who
      entered. It does not end the journey.

    Managers may change these rules while the journey is live; they hold for everybody inside from then on.
    """

    _inherit = "journey.journey"

    exit_domain = fields.Char(
        "Leave When", tracking=True, help="Participants that match leave at once. Empty means nobody."
    )
    exit_type_ids = fields.Many2many(
        "engagement.activity.type",
        "journey_journey_exit_type_rel",
        "journey_id",
        "type_id",
        "Leave on Activities",
        help="Whoever does one of these after entering leaves at once.",
    )
    exit_on_unsubscribe = fields.Boolean(
        "Leave on Unsubscribing",
        help="Whoever is on the blacklist leaves at once; a buying group, when all of its members with an address are.",
    )
    goal_domain = fields.Char("Goal", tracking=True, help="Participants that match have reached the goal.")
    goal_type_ids = fields.Many2many(
        "engagement.activity.type",
        "journey_journey_goal_type_rel",
        "journey_id",
        "type_id",
        "Goal Activities",
        help="Whoever does one of these after entering has reached the goal.",
    )
    goal_leaves = fields.Boolean("Leave at the Goal", default=True)
    goal_target_type = fields.Selection(
        [("count", "Participants"), ("percent", "Percent of Who Entered")], "Target In", default="count", required=True
    )
    goal_target = fields.Integer("Target", help="When so many have reached the goal, the journey has; 0 for no target.")
    goal_reached_date = fields.Datetime("Target Reached On", readonly=True, copy=False)
    goal_count = fields.Integer("Reached the Goal", compute="_compute_goal_figures")
    goal_percent = fields.Float("Share at the Goal (%)", compute="_compute_goal_figures")
    exited_count = fields.Integer("Left Early", compute="_compute_goal_figures")
    has_goal = fields.Boolean(compute="_compute_has_goal")
    # everything up to this activity was looked at by the exit rules and the goal
    exit_watermark = fields.Integer(readonly=True, copy=False)

    _goal_target_check = models.Constraint("CHECK(goal_target >= 0)", "The target of a goal cannot be negative.")

    @api.depends("participant_ids.state", "participant_ids.goal_at")
    def _compute_goal_figures(self):
        rows = self.env["journey.participant"]._read_group(
            [("journey_id", "in", self.ids)], ["journey_id", "state"], ["__count", "goal_at:count"]
        )
        figures = {}
        for journey, state, count, reached in rows:
            entered, exited, at_goal = figures.get(journey.id, (0, 0, 0))
            figures[journey.id] = (entered + count, exited + count * (state == "exited"), at_goal + reached)
        for journey in self:
            entered, journey.exited_count, journey.goal_count = figures.get(journey.id, (0, 0, 0))
            journey.goal_percent = 100 * journey.goal_count / entered if entered else 0

    @api.depends("goal_domain", "goal_type_ids")
    def _compute_has_goal(self):
        for journey in self:
            journey.has_goal = bool(journey.goal_type_ids) or journey.goal_domain not in (False, "", "[]")

    @api.constrains("exit_domain", "goal_domain", "model_id")
    def _check_exit_domains(self):
        for journey in self:
            for text in (journey.exit_domain, journey.goal_domain):
                check_domain(self.env, journey.model_name, text)

    @api.constrains("goal_target", "goal_target_type")
    def _check_goal_target(self):
        for journey in self:
            if journey.goal_target < 0:
                raise UserError(self.env._("The target of a goal cannot be negative."))
            if journey.goal_target_type == "percent" and journey.goal_target > 100:
                raise UserError(self.env._("The target of a goal is 100 percent at most."))

    def write(self, vals):
        noted = {"published_at", "paused_at", "goal_reached_date", "entry_watermark", "exit_watermark"}
        noted.add("date_watermark")
        if noted & vals.keys() and not self.env.su:
            raise UserError(self.env._("What the engine noted about a journey cannot be changed by hand."))
        rules = {"exit_domain", "exit_type_ids", "exit_on_unsubscribe", "goal_domain", "goal_type_ids", "goal_leaves"}
        rules |= {"reentry", "reentry_delay", "reentry_unit", "reentry_limit", "goal_target", "goal_target_type"}
        if rules & vals.keys() and not self.env.su and any(journey.state != "draft" for journey in self):
            self._check_manager()
        if {"exit_type_ids", "goal_type_ids"} & vals.keys():
            vals = vals | {"exit_watermark": 0}  # an activity of a type that did not matter may be long ago
        return super().write(vals)

    def _get_publish_errors(self):
        errors = super()._get_publish_errors()
        try:
            self._get_leave_rules()
        except UserError as error:
            errors.append(str(error))
        if self.goal_target and not (self._get_rule_domain(self.goal_domain) or self.goal_type_ids):
            errors.append(self.env._("The goal has a target, but nothing says when a participant reaches it."))
        return errors

    def _get_rule_domain(self, text):
        """The domain of a rule; ``None`` if it is empty, since a rule that says nothing takes nobody out.

        :raise UserError: it is invalid
        """
        domain = parse_domain(self.env, self.model_name, text)
        return None if domain.is_true() else domain

    def _get_leave_rules(self):
        """What lets participants leave, most important first.

        :return: list of ``(what, rule)``: ``what`` is ``goal`` or ``exit``; ``rule`` is a domain on the journey's
            model, or activity types of which one must have happened since entry
        """
        self.ensure_one()
        rules = [("goal", self._get_rule_domain(self.goal_domain)), ("goal", self.goal_type_ids)]
        rules += [("exit", self._get_rule_domain(self.exit_domain)), ("exit", self.exit_type_ids)]
        if self.exit_on_unsubscribe:
            rules.append(("unsubscribe", self._get_unsubscribed_domain()))
        if (self.goal_type_ids or self.exit_type_ids) and self._get_persons() is None:
            raise UserError(self._get_no_contact_error())
        return [(what, rule) for what, rule in rules if rule is not None and (isinstance(rule, Domain) or rule)]

    def _get_unsubscribed_domain(self):
        """Records that want no mail.

        :raise UserError: the model knows no addresses
        """
        if self.model_name == "buying.group":
            return Domain("member_ids", "any", [("partner_id.is_blacklisted", "=", True)]) & ~Domain(
                "member_ids",
                "any",
                [("partner_id.is_blacklisted", "=", False), ("partner_id.email_normalized", "!=", False)],
            )
        model_fields = self.env[self.model_name]._fields
        if "is_blacklisted" in model_fields:
            domain = Domain("is_blacklisted", "=", True)
        elif self._has_partner():
            domain = Domain("partner_id.is_blacklisted", "=", True)
        else:
            raise UserError(
                self.env._("%(model)s have no email address, so they cannot unsubscribe.", model=self.model_id.name)
            )
        if self.model_name == "mailing.contact":
            # whoever left all lists has unsubscribed, too
            domain |= Domain("subscription_ids", "any", [("opt_out", "=", True)]) & ~Domain(
                "subscription_ids", "any", [("opt_out", "=", False)]
            )
        return domain

    def action_view_goal(self):
        """Button: who reached the goal."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.journey_participant_action")
        return action | {"domain": [("journey_id", "=", self.id), ("goal_at", "!=", False)]}
