# What the list of steps says about each one: how deep it lies, what leads to it, where it leads, what is wrong with it.
from itertools import pairwise

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class JourneyNode(models.Model):
    _inherit = "journey.node"

    depth = fields.Integer(compute="_compute_outline", help="On how many paths of splits within each other it lies.")
    path_label = fields.Char(compute="_compute_outline", help="The path that begins with this step.")
    reached_by = fields.Char("Comes After", compute="_compute_outline", help="Which steps, and which of their paths.")
    goes_on_at = fields.Char(compute="_compute_outline", help="Where it leads, if that is not the step below.")
    problem = fields.Char(compute="_compute_problem", help="What keeps the journey from being published.")

    @api.depends(
        "sequence",
        "in_edge_ids.source_id.name",
        "in_edge_ids.outcome",
        "in_edge_ids.name",
        "out_edge_ids.target_id.name",
        "out_edge_ids.outcome",
        "out_edge_ids.name",
    )
    @api.depends_context("lang")
    def _compute_outline(self):
        labels = dict(self.env["journey.edge"]._fields["outcome"]._description_selection(self.env))

        def name_of(edge):
            if edge.outcome == "branch":
                return edge.name or edge.condition_summary or labels[edge.outcome]
            return edge.name or labels[edge.outcome]

        for version in self.version_id:
            order = version._origin._get_order()
            depths = self._get_depths(order)
            below = dict(pairwise(order))
            rows_above = {row_below: row for row, row_below in below.items()}
            for node in self.filtered(lambda node, version=version: node.version_id == version):
                entering, above = node.in_edge_ids, rows_above.get(node._origin)
                node.depth = depths.get(node._origin, 0)
                node.path_label = name_of(entering) if len(entering) == 1 and entering.outcome != "next" else False
                if node.path_label and entering.outcome in ("timeout", "error") and entering.source_id._origin != above:
                    # it may stand far below the step that it leaves
                    node.path_label = f"{entering.source_id.name}: {node.path_label}"
                node.reached_by = ", ".join(
                    edge.source_id.name if edge.outcome == "next" else f"{edge.source_id.name}: {name_of(edge)}"
                    for edge in entering
                )
                row_below = below.get(node._origin)
                elsewhere = node.out_edge_ids.filtered(
                    lambda edge, row_below=row_below: (
                        edge.target_id._origin != row_below
                        and (edge.outcome == "next" or len(edge.target_id.in_edge_ids) > 1)
                    )
                )
                if node.kind == "people_split":  # what follows stands below the paths for people
                    elsewhere = elsewhere.filtered(lambda edge: edge.outcome != "next")
                node.goes_on_at = (
                    ", ".join(
                        edge.target_id.name if edge.outcome == "next" else f"{name_of(edge)}: {edge.target_id.name}"
                        for edge in elsewhere
                    )
                    or False
                )
        for node in self.filtered(lambda node: not node.version_id):
            node.depth, node.path_label, node.reached_by, node.goes_on_at = 0, False, False, False

    def _get_depths(self, order):
        """How deep each step of a version lies: one deeper on each path of a split, back at the split's depth where
        paths meet.

        :param list order: the steps as read
        :return: ``{node: depth}``
        :rtype: dict
        """
        places = {node: place for place, node in enumerate(order)}
        above, depths = {}, {}  # the nearest step through which all ways from the start to a node lead
        for node in order:
            # ways back from below do not count
            entering = node.in_edge_ids.filtered(
                lambda edge, node=node: places.get(edge.source_id, len(order)) < places[node]
            )
            sources = list(entering.source_id)
            if len(entering) == 1:
                above[node] = sources[0]
                depths[node] = depths[sources[0]] + (entering.outcome != "next")
                continue
            meet = sources[0] if sources else None
            for source in sources[1:]:
                other = source
                while meet and other and meet != other:
                    if places[meet] > places[other]:
                        meet = above.get(meet)
                    else:
                        other = above.get(other)
                meet = meet if meet == other else None
            above[node] = meet
            depths[node] = depths[meet] if meet else 0
        return depths

    def _compute_problem(self):
        """Only steps of drafts can be mended."""
        for node in self:
            node.problem = False
            if node.version_state == "draft" and node.kind and node._origin:
                try:
                    errors = node._get_kind()._get_errors(node) + node._get_shape_errors()
                except (UserError, AccessError) as error:
                    errors = [str(error)]
                node.problem = " ".join(errors)
