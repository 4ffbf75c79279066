# Journeys: an audience, a graph of steps, and their life cycle.
from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import clean_context, format_datetime

from ...tools.domains import check_domain, count_records

PRIVILEGED_GROUPS = ("base.group_system", "base.group_erp_manager")


class JourneyJourney(models.Model):
    """A journey moves records of one model through a graph of steps.

    States:

    * ``draft``: being built on ``draft_version_id``; nobody enters.
    * ``live``: set by :meth:`action_publish` or :meth:`action_resume`; the audience enters, participants move. A draft
      version may be made beside the live one by :meth:`action_edit`.
    * ``paused``: set by :meth:`action_pause`; nobody enters or moves, ``pause_mode`` says whether waiting times run on.
      No limit of days.
    * ``closed``: set by :meth:`action_close`; nobody enters, those inside go on. There is no way back.
    * ``finished``: set by the engine when a closed or ended journey has nobody inside any more.
    * ``aborted``: set by :meth:`action_abort`; everybody leaves at once. There is no way back.

    The audience and every step are evaluated with the rights of the responsible user.
    """

    _name = "journey.journey"
    _description = "Journey"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    name = fields.Char(required=True, tracking=True)
    description = fields.Text()
    active = fields.Boolean(default=True)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("live", "Live"),
            ("paused", "Paused"),
            ("closed", "Closed to New Entries"),
            ("aborted", "Aborted"),
            ("finished", "Finished"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        default=lambda self: self.env.user,
        required=True,
        tracking=True,
        help="The journey sees and does what this user may see and do.",
    )
    model_id = fields.Many2one(
        "ir.model",
        "Participants",
        required=True,
        ondelete="cascade",
        domain=lambda self: [("id", "in", self._get_allowed_models().ids)],
        default=lambda self: self.env["ir.model"]._get("buying.group"),
    )
    model_name = fields.Char("Participant Model", related="model_id.model")
    domain = fields.Char("Audience", default="[]", tracking=True, help="Which records enter the journey.")
    solution_id = fields.Many2one(
        "buying.solution",
        ondelete="restrict",
        help="Narrows the audience: only buying groups of this solution, or the members of its groups.",
    )
    audience_count = fields.Integer("Matching Records", compute="_compute_audience_count")
    date_start = fields.Datetime("Start", help="Nobody enters before.")
    date_end = fields.Datetime("End", help="Nobody enters from then on; those inside go on.")
    version_ids = fields.One2many("journey.version", "journey_id", "Versions")
    current_version_id = fields.Many2one("journey.version", "Live Version", readonly=True, copy=False)
    draft_version_id = fields.Many2one("journey.version", readonly=True, copy=False)
    shown_version_id = fields.Many2one("journey.version", compute="_compute_shown_version_id", store=True)
    node_ids = fields.One2many(related="shown_version_id.node_ids", string="Steps")
    participant_ids = fields.One2many("journey.participant", "journey_id", "Participants of the Journey")
    participant_count = fields.Integer("Entered", compute="_compute_participant_counts")
    active_count = fields.Integer("Inside Now", compute="_compute_participant_counts")
    completed_count = fields.Integer("Completed", compute="_compute_participant_counts")
    failed_count = fields.Integer("Failed", compute="_compute_participant_counts")
    cron_warning = fields.Char(compute="_compute_cron_warning")

    @api.model
    def _get_allowed_models(self):
        """Models whose records can take part: those that mailings can target, and buying groups."""
        return (
            self.env["ir.model"]
            .sudo()
            .search(
                [
                    "|",
                    ("is_mailing_enabled", "=", True),
                    ("model", "=", "buying.group"),
                    ("model", "not in", ["mailing.list"]),
                ]
            )
        )

    @api.depends("draft_version_id", "current_version_id")
    def _compute_shown_version_id(self):
        for journey in self:
            journey.shown_version_id = journey.draft_version_id or journey.current_version_id

    @api.depends("domain", "model_id", "solution_id", "account_list_id")
    def _compute_audience_count(self):
        for journey in self:
            journey.audience_count = 0
            if journey.model_id and self.env[journey.model_name].has_access("read"):
                try:
                    journey.audience_count = count_records(self.env[journey.model_name], journey._get_audience_domain())
                except UserError:
                    continue  # the form shows the broken domain; saving says what is wrong with it

    def _compute_participant_counts(self):
        counts = {
            (journey.id, state): count
            for journey, state, count in self.env["journey.participant"]._read_group(
                [("journey_id", "in", self.ids)], ["journey_id", "state"], ["__count"]
            )
        }
        for journey in self:
            of_state = {
                state: counts.get((journey.id, state), 0) for state in ("active", "completed", "exited", "failed")
            }
            journey.participant_count = sum(of_state.values())
            journey.active_count = of_state["active"]
            journey.completed_count = of_state["completed"]
            journey.failed_count = of_state["failed"]

    def _compute_cron_warning(self):
        """Why nobody moves though the journey runs: nobody responsible, or a scheduled action that is off or late."""
        engine_warning = self.env["journey.engine"]._get_cron_warning()
        running = self.filtered(lambda journey: journey.state in ("live", "closed"))
        late_since = self.env["journey.engine"]._get_late_since(running)
        for journey in self:
            journey.cron_warning = False
            if journey not in running:
                continue
            user = journey.sudo().user_id
            if not user.active and user.id != SUPERUSER_ID:
                journey.cron_warning = self.env._(
                    "The journey stands still: its responsible user is archived. Choose another one."
                )
            elif engine_warning:
                journey.cron_warning = engine_warning
            elif since := late_since.get(journey.id):
                journey.cron_warning = self.env._(
                    "Participants have waited for their next step since %(date)s: the scheduled action that moves them "
                    "is late, or has more to do than it manages.",
                    date=format_datetime(self.env, since),
                )

    @api.constrains("domain", "model_id")
    def _check_domain(self):
        for journey in self:
            check_domain(self.env, journey.model_name, journey.domain)

    @api.constrains("model_id")
    def _check_model(self):
        allowed = self._get_allowed_models()
        for journey in self:
            if journey.model_id not in allowed:
                raise UserError(self.env._("%(model)s cannot take part in a journey.", model=journey.model_id.name))

    @api.constrains("date_start", "date_end")
    def _check_dates(self):
        for journey in self:
            if journey.date_start and journey.date_end and journey.date_end <= journey.date_start:
                raise UserError(self.env._("The end of a journey must lie after its start."))

    def _check_responsible(self):
        """Steps run with the responsible's rights: nobody may borrow more than their own.

        No constraint, since the host runs those with system rights.

        :raise UserError: the current user may not make these users responsible
        """
        me = self.env.user
        if self.env.su or me.has_group("base.group_system"):
            return
        for journey in self.filtered(lambda journey: journey.user_id != me):
            if not me.has_group("crm_buying_journey.group_manager"):
                raise UserError(self.env._("Only managers may make somebody else responsible for a journey."))
            journey._check_no_escalation()

    def _check_company(self):
        """:raise UserError: a journey belongs to a company that the current user does not work in"""
        if not self.env.su and self.company_id - self.env.user.company_ids:
            raise UserError(self.env._("Choose one of your own companies."))

    def _check_no_escalation(self):
        """:raise UserError: the responsible may administer, or read the participants, while the current user may not"""
        for journey in self:
            if not self.env[journey.model_name].has_access("read"):
                raise UserError(self.env._("You may not read %(model)s yourself.", model=journey.model_id.name))
            if any(
                journey.user_id.has_group(group) and not self.env.user.has_group(group) for group in PRIVILEGED_GROUPS
            ):
                raise UserError(
                    self.env._(
                        "%(user)s has administration rights that you lack. "
                        "Choose another responsible user for %(journey)s.",
                        user=journey.user_id.name,
                        journey=journey.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            # only the buttons change these, whatever values or defaults say
            vals |= {"state": "draft", "current_version_id": False, "draft_version_id": False}
        journeys = super().create(vals_list)
        # no default of the context: it could bring steps, which nobody would check
        Version = self.env["journey.version"].sudo().with_context(clean_context(self.env.context))
        versions = Version.create([{"journey_id": journey.id} for journey in journeys])
        for journey, version in zip(journeys.sudo(), versions, strict=True):
            journey.draft_version_id = version
        journeys._check_responsible()
        journeys._check_company()
        return journeys

    def _get_frozen_fields(self):
        """Fields that only a draft changes."""
        return {"model_id", "domain", "solution_id", "account_list_id", "date_start", "company_id"}

    def write(self, vals):
        frozen = self._get_frozen_fields() & vals.keys()
        if "state" in vals and not self.env.su:
            raise UserError(self.env._("Use the buttons to change the state of a journey."))
        if frozen and not self.env.su and any(journey.state != "draft" for journey in self):
            raise UserError(
                self.env._("The audience of a published journey cannot be changed. Duplicate the journey instead.")
            )
        if "model_id" in vals and self.node_ids.filtered("mailing_id"):
            raise UserError(self.env._("Remove the mail steps before you change what takes part in the journey."))
        if {"current_version_id", "draft_version_id", "shown_version_id"} & vals.keys() and not self.env.su:
            raise UserError(self.env._("Publishing decides which version of a journey is live."))
        # an end date closes a journey
        if {"user_id", "date_end", "pause_mode"} & vals.keys() and any(journey.state != "draft" for journey in self):
            self._check_manager()
        if "active" in vals and not vals["active"] and (running := self._get_running()):
            # an archived one would let nobody in, and go on writing mails unseen
            raise UserError(
                self.env._(
                    "%(journeys)s cannot be archived while running. Abort it first.",
                    journeys=", ".join(running.mapped("name")),
                )
            )
        result = super().write(vals)
        if "user_id" in vals:
            self._check_responsible()
        if "company_id" in vals:
            self._check_company()
        return result

    def copy(self, default=None):
        copies = super().copy(default)
        for journey, copied in zip(self, copies, strict=True):
            journey.shown_version_id._copy_graph_to(copied.draft_version_id)
        return copies

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        for journey, vals in zip(self, vals_list, strict=True):
            if "user_id" not in (default or {}):
                vals["user_id"] = self.env.uid  # whoever copies a journey answers for the copy
            if "name" not in (default or {}):
                vals["name"] = self.env._("%(name)s (copy)", name=journey.name)
        return vals_list

    def _get_running(self):
        return self.filtered(lambda journey: journey.state in ("live", "paused", "closed"))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_running(self):
        if running := self._get_running():
            raise UserError(
                self.env._(
                    "%(journeys)s cannot be deleted while running. Abort it first.",
                    journeys=", ".join(running.mapped("name")),
                )
            )

    def unlink(self):
        """Drafts of mails go with their journey; mails that were sent stay, for their figures."""
        nodes = self.version_ids.node_ids
        mailings = nodes.mailing_id.filtered(lambda mailing: mailing.state == "draft")
        actions = nodes._get_owned_actions()
        result = super().unlink()
        mailings.exists().unlink()
        actions.exists().unlink()
        return result

    # Audience -----------------------------------------------------------------------------------------------------

    def _as_responsible(self):
        """This journey in the environment of its responsible user and company.

        :rtype: journey.journey
        """
        self.ensure_one()
        user = self.sudo().user_id
        company = self.sudo().company_id or user.company_id
        env = self.env(
            user=user,
            su=False,
            context={
                "lang": user.lang,
                "tz": user.tz,
                "allowed_company_ids": [company.id] if company in user.company_ids else user.company_id.ids,
            },
        )
        return self.with_env(env)

    # Views --------------------------------------------------------------------------------------------------------

    def action_view_participants(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.journey_participant_action")
        domain = [("journey_id", "=", self.id)]
        if state := self.env.context.get("participant_state"):
            domain += [("state", "=", state)]
        return action | {"domain": domain}

    def action_view_audience(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Audience"),
            "res_model": self.model_name,
            "view_mode": "list,form",
            "domain": list(self._get_audience_domain()),
        }
