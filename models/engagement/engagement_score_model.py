# Score models: how much each kind of activity counts, and how scores are computed from it.
import logging
import time

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.numbers import check_range

_logger = logging.getLogger(__name__)

CRON_ATTEMPTS = 5
MAX_WINDOW_DAYS = 365
MAX_DAILY_CAP = 10000


class EngagementScoreModel(models.Model):
    """How much each kind of activity counts for the engagement of people and buying groups.

    States:

    * ``draft``: being built; the only state that can be edited. New and duplicated models start here.
    * ``active``: scores follow this model; exactly one is active. Set by :meth:`action_activate`.
    * ``archived``: was active once; set by activating another one. To return to it, duplicate and activate it.

    Drafts and archived models can be deleted, the active one cannot.
    How scores are computed: see :mod:`.engagement_score_computation`.
    """

    _name = "engagement.score.model"
    _description = "Score Model"
    _order = "write_date desc, id desc"

    name = fields.Char(required=True)
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active"), ("archived", "Archived")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
    )
    window_days = fields.Integer(
        "Days Looked Back",
        default=30,
        required=True,
        help="Only activities of this many days before the computation count: older engagement fades.",
    )
    daily_cap = fields.Integer(
        default=20,
        required=True,
        help="Of one person and type, at most this many activities a day (UTC) count.",
    )
    line_ids = fields.One2many("engagement.score.model.line", "model_id", "Weights", copy=True)
    # what the last computation scaled by: newcomers and explanations need it
    last_run = fields.Datetime("Last Computed", readonly=True, copy=False)
    last_activity_id = fields.Integer("Last Activity Considered", readonly=True, copy=False)
    last_max_points = fields.Float("Most Points of a Person", readonly=True, copy=False)
    last_max_weight = fields.Integer("Largest Weight That Occurred", readonly=True, copy=False)
    last_max_group = fields.Float("Largest Sum of a Group", readonly=True, copy=False)
    last_person_count = fields.Integer("People with a Score", readonly=True, copy=False)
    last_group_count = fields.Integer("Groups with a Score", readonly=True, copy=False)
    last_seconds = fields.Float("Duration (Seconds)", readonly=True, copy=False)

    _name_unique = models.UniqueIndex("(lower(name))", "A score model with this name exists already.")
    _one_active = models.UniqueIndex("(state) WHERE state = 'active'", "Only one score model can be active.")
    _window_positive = models.Constraint(
        "CHECK(window_days BETWEEN 1 AND 365)", "The window is between 1 and 365 days long."
    )
    _cap_positive = models.Constraint("CHECK(daily_cap BETWEEN 1 AND 10000)", "The daily cap is between 1 and 10,000.")

    @api.model
    def default_get(self, field_names):
        # neither the context nor somebody's own defaults say what was computed
        return super().default_get([name for name in field_names if not name.startswith("last_")])

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        taken = set(self.search([]).mapped("name"))
        for score_model, vals in zip(self, vals_list, strict=True):
            if "name" not in (default or {}):
                vals["name"] = self.env._("%(name)s (copy)", name=score_model.name)
                number = 2
                while vals["name"] in taken:
                    vals["name"] = self.env._("%(name)s (copy %(number)s)", name=score_model.name, number=number)
                    number += 1
                taken.add(vals["name"])
        return vals_list

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_limits(vals)
        if not self.env.su:
            # explicit, since a default in the context would come back otherwise
            vals_list = [self._without_results(vals) | {"state": "draft"} for vals in vals_list]
        return super().create(vals_list)

    def _without_results(self, vals):
        return {name: value for name, value in vals.items() if not name.startswith("last_")}

    def _check_limits(self, vals):
        """:raise UserError: a number is none, or out of bounds"""
        check_range(self.env, vals, "window_days", self.env._("The number of days looked back"), 1, MAX_WINDOW_DAYS)
        check_range(self.env, vals, "daily_cap", self.env._("The daily cap"), 1, MAX_DAILY_CAP)

    def write(self, vals):
        self._check_limits(vals)
        if not self.env.su:
            if "state" in vals or vals != self._without_results(vals):
                raise UserError(self.env._("State and results of a score model follow from activating and computing."))
            if any(score_model.state != "draft" for score_model in self):
                raise UserError(
                    self.env._("Only drafts can be changed. Duplicate the score model and change the copy.")
                )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_active(self):
        if any(score_model.state == "active" for score_model in self):
            raise UserError(self.env._("The active score model cannot be deleted. Activate another one first."))

    def action_activate(self):
        """Button: let scores follow this draft from the next computation on; the active model is archived.

        :raise UserError: this is no draft, or none of its types has a weight
        """
        self.ensure_one()
        self.check_access("write")
        if self.state != "draft":
            raise UserError(self.env._("Only a draft can be activated. Duplicate %(name)s first.", name=self.name))
        if not any(line.weight for line in self.line_ids):
            raise UserError(self.env._("%(name)s ignores everything. Give at least one type a weight.", name=self.name))
        previous = self.sudo().search([("state", "=", "active")])
        # newcomers are scaled by the last computation until the next one
        results = previous[:1].read([name for name in self._fields if name.startswith("last_")], load=None)
        previous.state = "archived"
        previous.flush_recordset()
        self.sudo().write({"state": "active"} | {k: v for k, v in (results or [{}])[0].items() if k != "id"})
        return True

    def action_duplicate(self):
        """Button: make a draft with the same weights and show it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.copy().id,
            "views": [(False, "form")],
        }

    def action_compute(self):
        """Button: collect what happened and compute all scores now."""
        self.check_access("write")
        self.env["engagement.collector"].sudo().collect()
        counts = self.compute_scores()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "Scores computed: %(people)s people and %(groups)s groups are engaged.",
                    people=counts["people"],
                    groups=counts["groups"],
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    @api.model
    def _get_active(self):
        """The model that scores follow; empty if there is none."""
        return self.sudo().search([("state", "=", "active")], limit=1)

    @api.model
    def compute_scores(self, ids=None):
        """Compute the scores of all people and buying groups by the active model, now.

        Can be called on the model or on any of its records; ``ids`` is what remote callers pass and is ignored.
        The number of SQL statements does not depend on the number of people.

        :return: how many people and groups have a score above 0: ``{"people": …, "groups": …}``
        :rtype: dict
        :raise UserError: no score model is active
        :raise AccessError: the user is no manager
        """
        self.browse().check_access("write")
        active = self._get_active()
        if not active:
            raise UserError(self.env._("No score model is active. Activate one under Configuration, Score Models."))
        started = time.monotonic()
        counts = self.env["engagement.score.computation"].sudo()._run(active)
        active.last_seconds = time.monotonic() - started
        return counts

    @api.model
    def _cron_compute(self):
        """Nightly: collect what happened, then compute the scores."""
        self.env["engagement.collector"].collect()
        self.env["ir.cron"]._commit_progress(remaining=1)
        for attempt in range(1, CRON_ATTEMPTS + 1):
            try:
                self.compute_scores()
                break
            except SerializationFailure:
                # somebody saved one of the many contacts in the meantime: start afresh from what they saved
                self.env.cr.rollback()
                self.env.invalidate_all()
                if attempt == CRON_ATTEMPTS:
                    raise
                _logger.info("Engagement scores: contacts were changed meanwhile, attempt %s follows", attempt + 1)
        self.env["ir.cron"]._commit_progress(processed=1)
