# Nodes: the steps of a journey.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.derived import without_derived, without_derived_defaults

# these follow from the version; otherwise a step could run for another journey, with its responsible user's rights
DERIVED = {"journey_id", "company_id"}


class JourneyNode(models.Model):
    """A step. What it does is up to its kind, an abstract model ``journey.kind.<kind>``; see there."""

    _name = "journey.node"
    _description = "Journey Step"
    _order = "version_id, sequence, id"

    version_id = fields.Many2one("journey.version", required=True, index=True, ondelete="cascade")
    journey_id = fields.Many2one(related="version_id.journey_id", store=True, index=True)
    company_id = fields.Many2one(related="version_id.company_id", store=True)
    version_state = fields.Selection(related="version_id.state")
    model_name = fields.Char(related="journey_id.model_name")
    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(selection="_selection_kind", required=True)
    summary = fields.Char(compute="_compute_summary", help="What this step does, in one line.")
    out_edge_ids = fields.One2many("journey.edge", "source_id", "Leads to")
    in_edge_ids = fields.One2many("journey.edge", "target_id", "Reached from")
    next_id = fields.Many2one(
        "journey.node",
        "Next Step",
        compute="_compute_next_id",
        inverse="_inverse_next_id",
        domain="[('version_id', '=', version_id), ('id', '!=', id)]",
    )
    people = fields.Selection(
        [("participant", "The Participant"), ("people", "Its People")],
        default="participant",
        required=True,
        help="Its people are the members of a buying group, the contacts of an account, or the contact of a lead.",
    )
    # restrict: without its roles a step would write to everybody
    role_ids = fields.Many2many(
        "buying.role",
        "journey_node_role_rel",
        "node_id",
        "role_id",
        "Roles",
        ondelete="restrict",
        help="Only people in these roles; empty means all.",
    )
    # email
    mailing_id = fields.Many2one("mailing.mailing", "Mail", copy=False, ondelete="restrict")
    # wait
    wait_type = fields.Selection([("duration", "Duration"), ("date", "Until a Date")], default="duration")
    wait_value = fields.Integer("Duration", default=5)
    wait_unit = fields.Selection(
        [("minutes", "Minutes"), ("hours", "Hours"), ("days", "Days"), ("weeks", "Weeks"), ("months", "Months")],
        default="days",
    )
    wait_date = fields.Datetime("Until")
    # action
    action_server_id = fields.Many2one("ir.actions.server", "Server Action", copy=False, ondelete="restrict")
    # figures
    here_count = fields.Integer("Here Now", compute="_compute_counts")
    done_count = fields.Integer("Done", compute="_compute_counts")
    skipped_count = fields.Integer("Skipped", compute="_compute_counts", help="There was nothing to do for them.")
    failed_count = fields.Integer("Failures", compute="_compute_counts")

    @api.model
    def _selection_kind(self):
        """One entry per registered kind; another addon adds one by defining ``journey.kind.<name>``."""
        kinds = sorted(
            (self.env[name] for name in self.env.registry if name.startswith("journey.kind.")),
            key=lambda kind: (kind._sequence, kind._name),
        )
        return [(kind._name.removeprefix("journey.kind."), kind._get_label()) for kind in kinds]

    def _get_kind(self):
        """The abstract model that implements this node."""
        self.ensure_one()
        return self.env[f"journey.kind.{self.kind}"]

    @api.depends(
        "kind",
        "mailing_id.subject",
        "wait_type",
        "wait_value",
        "wait_unit",
        "wait_date",
        "action_server_id",
        "people",
        "role_ids",
    )
    @api.depends_context("lang")
    def _compute_summary(self):
        for node in self:
            node.summary = node._get_kind()._get_summary(node) if node.kind else False

    @api.depends("out_edge_ids.target_id", "out_edge_ids.outcome")
    def _compute_next_id(self):
        for node in self:
            node.next_id = node.out_edge_ids.filtered(lambda edge: edge.outcome == "next").target_id[:1]

    def _inverse_next_id(self):
        for node in self:
            edge = node.out_edge_ids.filtered(lambda edge: edge.outcome == "next")[:1]
            if not node.next_id:
                edge.unlink()
            elif edge:
                edge.target_id = node.next_id
            else:
                self.env["journey.edge"].create({"source_id": node.id, "target_id": node.next_id.id, "outcome": "next"})

    def _compute_counts(self):
        here = dict(
            self.env["journey.participant"]._read_group(
                [("node_id", "in", self.ids), ("state", "=", "active")], ["node_id"], ["__count"]
            )
        )
        traces = {
            (node.id, state): count
            for node, state, count in self.env["journey.trace"]._read_group(
                [("node_id", "in", self.ids)], ["node_id", "state"], ["__count"]
            )
        }
        for node in self:
            node.here_count = here.get(node, 0)
            node.done_count = traces.get((node.id, "done"), 0)
            node.skipped_count = traces.get((node.id, "skipped"), 0)
            node.failed_count = traces.get((node.id, "failed"), 0)

    def _adopt_mailing(self):
        """Make the mails that were given to these steps their own, and only theirs.

        :raise UserError: a mail belongs to another step, or was or is being sent as a mailing
        """
        for node in self.filtered("mailing_id"):
            mailing = node.mailing_id
            owner = mailing.sudo().journey_node_id
            if owner == node:
                continue
            if owner or mailing.state != "draft":
                raise UserError(self.env._("%(mail)s is not the mail of this step.", mail=mailing.sudo().subject))
            mailing.check_access("write")
            # the step finds its recipients itself; a copy of the mailing must not be addressed to everybody
            mailing.sudo().write({"journey_node_id": node.id, "mailing_domain": "[('id', '=', 0)]"})

    @api.model_create_multi
    def create(self, vals_list):
        steps = self.with_env(self.env(context=without_derived_defaults(self.env.context, DERIVED)))
        nodes = super(JourneyNode, steps).create([without_derived(vals, DERIVED) for vals in vals_list])
        nodes.version_id._check_draft()
        nodes.version_id._check_size()
        nodes._check_action()
        nodes._adopt_mailing()
        for node in nodes:
            node._get_kind()._on_create(node)
        return nodes

    def write(self, vals):
        vals = without_derived(vals, DERIVED)
        if not self.env.su:
            self.version_id._check_draft()
        if "version_id" in vals and any(node.version_id.id != vals["version_id"] for node in self):
            raise UserError(self.env._("A step stays in its journey. Copy the journey instead."))
        if "kind" in vals and any(node.kind != vals["kind"] for node in self):
            raise UserError(self.env._("The kind of a step cannot be changed. Delete it and add another one."))
        mailings = self.mailing_id
        result = super().write(vals)
        if "action_server_id" in vals:
            self._check_action()
        if "mailing_id" in vals:
            self._adopt_mailing()
            (mailings - self.mailing_id).filtered(lambda mailing: mailing.state == "draft").unlink()
        if "out_edge_ids" in vals:  # paths were added or put in another order on the form
            self.version_id._forget_graph()
            self.version_id._number_steps()
        return result

    def unlink(self):
        """Deleting a step connects what was before it with what came after it; of several ways out, the main one. Steps
        on its other paths that nothing else leads to go with it, so that none is left hanging."""
        self.version_id._check_draft()
        if not self.env.context.get("journey_paths_decided"):
            self._bridge()
            doomed = self._get_steps_only_they_lead_to()
            if doomed:
                return (self | doomed).with_context(journey_paths_decided=True).unlink()
        mailings = self.mailing_id
        actions = self._get_owned_actions()
        result = super().unlink()
        mailings.exists().filtered(lambda mailing: mailing.state == "draft").unlink()
        actions.unlink()
        return result

    def copy(self, default=None):
        copies = super().copy(default)
        for node, copied in zip(self, copies, strict=True):
            node._get_kind()._on_copy(node, copied)
        return copies

    def _get_shape_errors(self):
        """What is wrong with the connections of this node.

        :rtype: list[str]
        """
        self.ensure_one()
        outcomes = self._get_kind()._outcomes
        errors = []
        if not outcomes and self.out_edge_ids:
            errors.append(self.env._("Nothing can follow this step."))
        wrong = self.out_edge_ids.filtered(lambda edge: edge.outcome not in (*outcomes, "error"))
        if outcomes and wrong:
            errors.append(
                self.env._("The connection to %(step)s does not fit this kind of step.", step=wrong[:1].target_id.name)
            )
        return errors + self._get_kind()._get_shape_errors(self)

    def action_open_mailing(self):
        """Button: write the mail."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Mail"),
            "res_model": "mailing.mailing",
            "res_id": self.mailing_id.id,
            "view_mode": "form",
            "context": {"form_view_initial_mode": "edit"},
        }

    def action_open(self):
        """Button: this step in a dialog."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "journey.node",
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_view_here(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.journey_participant_action")
        return action | {"domain": [("node_id", "=", self.id), ("state", "=", "active")]}
