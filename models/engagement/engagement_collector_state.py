# What each source of activities last delivered.
from odoo import api, fields, models


class EngagementCollectorState(models.Model):
    """How far a source was read, and what came of it. Written by :class:`engagement.collector` only."""

    _name = "engagement.collector.state"
    _description = "Engagement Source"
    _order = "code"
    _rec_name = "name"

    code = fields.Char("Technical Name", required=True, readonly=True)
    name = fields.Char("Source", compute="_compute_name")
    watermark = fields.Datetime("Read Until", readonly=True, help="Later changes are read by the next run.")
    last_run = fields.Datetime(readonly=True)
    last_count = fields.Integer("Collected", readonly=True, help="Activities recorded by the last run.")
    total_count = fields.Integer("Collected in All", readonly=True)
    last_error = fields.Text(readonly=True)

    _code_unique = models.Constraint("UNIQUE(code)", "This source is known already.")

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_name(self):
        sources = self.env["engagement.collector"]._get_sources()
        for state in self:
            state.name = sources[state.code]["name"] if state.code in sources else state.code
