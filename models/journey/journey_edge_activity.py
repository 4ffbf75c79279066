# Conditions of a path: what the record is, and what its people did or did not do.
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.domain_text import domain_to_text
from ...tools.domains import check_domain, parse_domain

MAX_DAYS = 3650


class JourneyEdge(models.Model):
    """A path has a condition on the record, one on activities, or both, which must hold then.

    The window of an activity condition is counted back from the moment the step is reached, or begins with the entry
    into the journey. (Adobe Journey Optimizer B2B Edition counts days back from the entry; what is recent matters.)
    """

    _inherit = "journey.edge"

    activity_type_ids = fields.Many2many(
        "engagement.activity.type",
        "journey_edge_activity_type_rel",
        "edge_id",
        "type_id",
        "Activities",
        # without its activities, a path would be open to everybody
        ondelete="restrict",
        help="Any of these counts. After a step that listens: which of its activities lead here.",
    )
    activity_did = fields.Selection([("did", "Happened"), ("did_not", "Did Not Happen")], default="did", required=True)
    activity_window = fields.Selection(
        [("entry", "Since Entry"), ("days", "In the Last Days")], default="entry", required=True
    )
    activity_days = fields.Integer("Days", default=30)
    activity_count = fields.Integer("At Least", default=1, help="How many times it must have happened.")
    condition_model = fields.Char(compute="_compute_condition_model")
    allowed_outcomes = fields.Json(compute="_compute_allowed_outcomes")
    condition_summary = fields.Char(compute="_compute_condition_summary")

    @api.depends("source_id.kind", "source_id.model_name")
    def _compute_condition_model(self):
        for edge in self:
            node = edge.source_id
            edge.condition_model = node._get_kind()._get_condition_model(node) if node.kind else False

    @api.depends("source_id.kind")
    @api.depends_context("journey_node_kind")
    def _compute_allowed_outcomes(self):
        """A new path on the form does not know its step yet; the form says of which kind it is."""
        kinds = {kind for kind, _label in self.env["journey.node"]._selection_kind()}
        for edge in self:
            kind = edge.source_id.kind or self.env.context.get("journey_node_kind")
            outcomes = self.env[f"journey.kind.{kind}"]._outcomes if kind in kinds else ()
            edge.allowed_outcomes = [*outcomes, "error"] if outcomes else []

    @api.depends("domain", "activity_type_ids", "activity_did", "activity_window", "activity_days", "activity_count")
    @api.depends_context("lang")
    def _compute_condition_summary(self):
        for edge in self:
            edge.condition_summary = edge._get_condition_text()

    @api.constrains("domain", "source_id", "outcome")
    def _check_condition(self):
        for edge in self:
            if edge.domain and edge.domain.strip() not in ("", "[]"):
                check_domain(self.env, edge.condition_model, edge.domain)

    @api.constrains("activity_days", "activity_count")
    def _check_activity(self):
        for edge in self:
            if edge.activity_count < 1:
                raise UserError(self.env._("An activity must happen at least once to count; correct the path."))
            if not 1 <= edge.activity_days <= MAX_DAYS:
                raise UserError(
                    self.env._("Enter 1 to %(most)s days to look back on a path's activities.", most=MAX_DAYS)
                )

    def _get_graph_values(self):
        """What a copy of this edge has in common with it: everything but its ends."""
        return super()._get_graph_values() | {
            "activity_type_ids": [fields.Command.set(self.activity_type_ids.ids)],
            "activity_did": self.activity_did,
            "activity_window": self.activity_window,
            "activity_days": self.activity_days,
            "activity_count": self.activity_count,
        }

    def _get_condition_domain(self):
        """:raise UserError: the condition is invalid"""
        self.ensure_one()
        return parse_domain(self.env, self.condition_model, self.domain)

    def _has_condition(self):
        """Whether this path is not open to everybody."""
        self.ensure_one()
        return bool(self.activity_type_ids) or (self.domain or "").strip() not in ("", "[]")

    def _get_since(self, entered_at, now):
        """From when on activities count for somebody who entered at this time (naive UTC)."""
        self.ensure_one()
        return entered_at if self.activity_window == "entry" else now - timedelta(days=self.activity_days)

    def _get_condition_text(self):
        """The condition in words, as the trace quotes it, with the names that the current user may read."""
        self.ensure_one()
        parts = []
        if self._has_condition() and (self.domain or "").strip() not in ("", "[]"):
            try:
                parts.append(domain_to_text(self.env, self.condition_model, self._get_condition_domain()))
            except UserError:
                parts.append(self.domain.strip())  # the step says what is wrong with it
        if self.activity_type_ids:
            # four whole sentences: languages order these words differently
            values = {
                "activities": ", ".join(self.activity_type_ids.mapped("name")),
                "count": self.activity_count,
                "days": self.activity_days,
            }
            did, window = self.activity_did == "did", self.activity_window
            if did and window == "entry":
                parts.append(self.env._("%(activities)s at least %(count)s times since entry", **values))
            elif did:
                parts.append(self.env._("%(activities)s at least %(count)s times in the last %(days)s days", **values))
            elif window == "entry":
                parts.append(self.env._("%(activities)s not %(count)s times since entry", **values))
            else:
                parts.append(self.env._("%(activities)s not %(count)s times in the last %(days)s days", **values))
        return "; ".join(parts)

    def _get_label(self):
        """The path's label, or where it leads."""
        self.ensure_one()
        return self.name or self.target_id.name

    def _get_condition_errors(self):
        """What is wrong with this path, seen by the journey's responsible user.

        :rtype: list[str]
        """
        self.ensure_one()
        responsible = self.source_id.journey_id._as_responsible()
        try:
            domain = self._get_condition_domain()
            check_domain(self.env, self.condition_model, self.domain)
            responsible.env[self.condition_model].search(Domain(domain), limit=1)
            if self.activity_type_ids:
                responsible.env["engagement.activity"].check_access("read")
        except UserError as error:
            return [self.env._("Path %(path)s: %(error)s", path=self._get_label(), error=error)]
        return []
