# Rules that find interesting moments among what happens.
import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ....tools.domains import check_domain, check_own_company, parse_domain
from ....tools.numbers import check_range
from ..actions.interesting_moment import DESCRIPTION_SIZE, MOMENT_TYPES

# how far the rule has read, see engagement.moment.rule._run_one
MARKS = {"read_mark", "seen", "seen_xid", "seen_at", "last_run", "last_error"}
PLACEHOLDERS = ("subject", "count", "type", "account")
FOUND_DAYS = 30


class EngagementMomentRule(models.Model):
    """“At least so many of these activities within so many days” makes an interesting moment about the person who did
    them, or about the account whose people did.

    The moment is dated when the count was reached. For the same person or account the rule then rests for the
    cool-down, counted in both directions, so that neither a burst nor a late arrival makes a second one. What machines
    did does not count. A rule looks forward from when it was made, or made active again: what happened before counts
    for reaching the number, but makes no moment by itself. It sees all activities of its company, whoever wrote it; so
    who writes its filter must be allowed to read all it names.
    """

    _name = "engagement.moment.rule"
    _description = "Rule for Interesting Moments"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        default=lambda self: self.env.company,
        help="Only what happened to people and accounts of this company, or of none. Empty: of all companies.",
    )
    activity_type_ids = fields.Many2many(
        "engagement.activity.type",
        "engagement_moment_rule_type_rel",
        "rule_id",
        "type_id",
        "Activities",
        required=True,
        domain="[('code', '!=', 'interesting_moment')]",
    )
    domain = fields.Char("Filter", default="[]", help="Which of these activities count. Without a filter, all do.")
    times = fields.Integer("At Least", default=1, required=True, help="So many of these activities.")
    days = fields.Integer("Within (Days)", default=7, required=True)
    level = fields.Selection(
        [("person", "One person"), ("account", "All people of an account together")],
        "Done By",
        default="person",
        required=True,
    )
    moment_type = fields.Selection(MOMENT_TYPES, "Type of Moment", required=True, default="web")
    description = fields.Char(
        "Moment",
        required=True,
        translate=True,
        help="What sales should know, in up to 140 characters. {subject}, {type}, {count} and {account} stand for the "
        "subject and the kind of the last activity, the number of activities, and the account.",
    )
    cooldown_days = fields.Integer(
        "Cool-Down (Days)",
        default=7,
        required=True,
        help="So long after a moment the rule makes no other one about the same person or account. 0: each activity "
        "beyond the number makes one.",
    )
    hit_ids = fields.One2many("engagement.moment.hit", "rule_id", readonly=True)
    made_count = fields.Integer("Moments Made", compute="_compute_made", compute_sudo=True)
    last_made_date = fields.Datetime("Last Moment", compute="_compute_made", compute_sudo=True)
    found_count = fields.Integer(
        "Would Have Found",
        compute="_compute_found_count",
        help="How many moments the rule, as it is now, would have made of what you can see of the last 30 days.",
    )
    read_mark = fields.Integer(readonly=True, copy=False, help="The last activity that needs no second look.")
    seen = fields.Integer(readonly=True, copy=False)
    seen_xid = fields.Char(readonly=True, copy=False)
    seen_at = fields.Datetime(readonly=True, copy=False)
    last_run = fields.Datetime(readonly=True, copy=False)
    last_error = fields.Text(readonly=True, copy=False, help="Why the rule could not be applied the last time.")

    def _compute_made(self):
        rows = self.env["engagement.moment.hit"]._read_group(
            [("rule_id", "in", self.ids)], ["rule_id"], ["__count", "date:max"]
        )
        of_rule = {rule.id: (count, date) for rule, count, date in rows}
        for rule in self:
            rule.made_count, rule.last_made_date = of_rule.get(rule._origin.id, (0, False))

    @api.depends("activity_type_ids", "domain", "times", "days", "level", "cooldown_days", "company_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_found_count(self):
        for rule in self:
            try:
                rule._check_numbers({name: rule[name] for name in ("times", "days", "cooldown_days")})
                rule.found_count = rule._count_found(FOUND_DAYS)
            except UserError:
                rule.found_count = 0  # the form shows the broken filter; saving says what is wrong with it

    @api.constrains("description")
    def _check_description(self):
        for rule in self:
            text = rule.description or ""
            if len(text) > DESCRIPTION_SIZE:
                raise UserError(
                    self.env._(
                        "The moment has %(length)s characters. It can have up to %(limit)s: take away %(over)s.",
                        length=len(text),
                        limit=DESCRIPTION_SIZE,
                        over=len(text) - DESCRIPTION_SIZE,
                    )
                )
            unknown = [name for name in re.findall(r"\{([^{}]*)\}", text) if name not in PLACEHOLDERS]
            if unknown:
                raise UserError(
                    self.env._(
                        "{%(name)s} stands for nothing. Known are: %(names)s.",
                        name=unknown[0],
                        names=", ".join(f"{{{name}}}" for name in PLACEHOLDERS),
                    )
                )

    @api.constrains("activity_type_ids")
    def _check_activity_types(self):
        for rule in self:
            if not rule.activity_type_ids:
                raise UserError(self.env._("Choose the activities that %(rule)s looks at.", rule=rule.name))
            if "interesting_moment" in rule.activity_type_ids.mapped("code"):
                raise UserError(self.env._("A rule cannot look at interesting moments: it would find what it made."))

    def _check_numbers(self, vals):
        """:raise UserError: a number is none, or out of bounds"""
        check_range(self.env, vals, "times", self.env._("The number of activities"), 1, 1000)
        check_range(self.env, vals, "days", self.env._("The number of days"), 1, 365)
        check_range(self.env, vals, "cooldown_days", self.env._("The cool-down"), 0, 365)

    def _check_filter(self):
        """No constraint, since the host runs those with system rights, and whose rights count here is the writer's.

        :raise UserError: a filter is invalid
        :raise AccessError: it names what the current user may not read
        """
        for rule in self:
            check_domain(self.env, "engagement.activity", rule.domain)
            try:
                self.env["engagement.activity"].search(
                    parse_domain(self.env, "engagement.activity", rule.domain), limit=1
                )
            except AccessError as error:
                raise AccessError(
                    self.env._(
                        "The filter of %(rule)s names what you may not read. %(error)s",
                        rule=rule.name,
                        error=str(error),
                    )
                ) from error

    @api.model_create_multi
    def create(self, vals_list):
        newest = self._get_newest()
        vals_list = [
            {name: value for name, value in vals.items() if name not in MARKS} | {"read_mark": newest}
            for vals in vals_list
        ]
        for vals in vals_list:
            self._check_numbers(vals)
        rules = super().create(vals_list)
        check_own_company(rules)
        rules._check_filter()
        return rules

    @api.model
    def default_get(self, field_names):
        # neither the context nor somebody's own defaults say how far a rule has read
        return super().default_get([name for name in field_names if name not in MARKS])

    def write(self, vals):
        if MARKS & vals.keys() and not self.env.su:
            raise UserError(self.env._("How far a rule has read is noted by the rule itself."))
        self._check_numbers(vals)
        waking = self.filtered(lambda rule: not rule.active) if vals.get("active") else self.browse()
        result = super().write(vals)
        if waking:
            waking.sudo().write({"read_mark": self._get_newest(), "seen": False})
        if "company_id" in vals:
            check_own_company(self)
        if "domain" in vals:
            self._check_filter()
        return result

    @api.model
    def _get_newest(self):
        self.env["engagement.activity"].flush_model()
        self.env.cr.execute("SELECT COALESCE(MAX(id), 0) FROM engagement_activity")
        return self.env.cr.fetchone()[0]

    def action_view_moments(self):
        """Button: the moments that this rule made and that are still there."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.engagement_moment_action")
        return action | {
            "domain": [("moment_rule_id", "=", self.id)],
            "context": {"partner_display_name_hide_company": True},
        }
