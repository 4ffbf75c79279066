# Traces: what each step did for each participant.
from odoo import api, fields, models


class JourneyTrace(models.Model):
    """What one node did for one participant in one visit; there is at most one per visit.

    States:

    * ``waiting``: the step waits, or will be tried again; ``date`` is set when it ends.
    * ``done``: the step was carried out.
    * ``skipped``: there was nothing to do for this participant; ``reason`` says why. The participant moved on.
    * ``failed``: the step failed for good after its retries; ``reason`` says why.
    """

    _name = "journey.trace"
    _description = "Journey Trace"
    _order = "participant_id, visit desc"
    _rec_name = "node_id"

    # no index of its own: the one of the constraint below begins with it
    participant_id = fields.Many2one("journey.participant", required=True, ondelete="cascade")
    journey_id = fields.Many2one("journey.journey", required=True, index=True, ondelete="cascade")
    node_id = fields.Many2one("journey.node", "Step", required=True, index=True, ondelete="cascade")
    visit = fields.Integer(required=True)
    state = fields.Selection(
        [("waiting", "Waiting"), ("done", "Done"), ("skipped", "Skipped"), ("failed", "Failed")], required=True
    )
    outcome = fields.Char(help="Which way out was taken.")
    # an id of journey.edge without a foreign key, which would cost at each of millions of traces: connections of a
    # frozen version are deleted with their whole journey only
    path_id = fields.Integer(help="Of several paths with the same outcome, the one that was taken.")
    outcome_name = fields.Char("Way Out", compute="_compute_outcome_name")
    reason = fields.Char(help="Why the step was skipped or failed, what it waits for, or what else there is to tell.")
    attempts = fields.Integer(default=0)
    started_at = fields.Datetime("Started")
    date = fields.Datetime("Ended")

    # exactly once: a second worker cannot write the same visit again
    _visit_unique = models.Constraint("UNIQUE(participant_id, visit)", "A step is carried out once per visit.")

    @api.depends("outcome", "path_id")
    @api.depends_context("lang")
    def _compute_outcome_name(self):
        """The path's label, where there are several; else what the way out is called."""
        labels = dict(self.env["journey.edge"]._fields["outcome"]._description_selection(self.env))
        paths = self.env["journey.edge"].search([("id", "in", [key for key in set(self.mapped("path_id")) if key])])
        names = {edge.id: edge._get_label() for edge in paths}
        for trace in self:
            trace.outcome_name = names.get(trace.path_id) or labels.get(trace.outcome, trace.outcome)
