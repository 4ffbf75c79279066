# What the list of steps says about each one: what leads to it, and what is wrong with it.
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class JourneyNode(models.Model):
    _inherit = "journey.node"

    reached_by = fields.Char(
        "Comes After", compute="_compute_reached_by", help="Which steps, and which of their paths."
    )
    problem = fields.Char(compute="_compute_problem", help="What keeps the journey from being published.")

    @api.depends("in_edge_ids.source_id.name", "in_edge_ids.outcome", "in_edge_ids.name")
    def _compute_reached_by(self):
        labels = dict(self.env["journey.edge"]._fields["outcome"]._description_selection(self.env))
        for node in self:
            node.reached_by = ", ".join(
                edge.source_id.name
                if edge.outcome == "next"
                else f"{edge.source_id.name}: {edge.name or labels[edge.outcome]}"
                for edge in node.in_edge_ids
            )

    def _compute_problem(self):
        """Only steps of drafts can be mended."""
        for node in self:
            node.problem = False
            if node.version_state == "draft" and node.kind and node._origin:
                try:
                    errors = node._get_kind()._get_errors(node) + node._get_edge_errors()
                except (UserError, AccessError) as error:
                    errors = [str(error)]
                node.problem = " ".join(errors)
