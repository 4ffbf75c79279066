# Versions of a journey: frozen graphs.
from itertools import pairwise

from odoo import api, fields, models
from odoo.exceptions import UserError


class JourneyVersion(models.Model):
    """A graph of steps. Participants stay on the version they entered.

    States:

    * ``draft``: may be edited.
    * ``live``: frozen by publishing; new entries come to it.
    * ``replaced``: a later version is live; those inside go on here.
    """

    _name = "journey.version"
    _description = "Journey Version"
    _order = "journey_id, number desc"

    journey_id = fields.Many2one("journey.journey", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="journey_id.company_id", store=True)
    number = fields.Integer(default=1, required=True)
    state = fields.Selection(
        [("draft", "Draft"), ("live", "Live"), ("replaced", "Replaced")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    node_ids = fields.One2many("journey.node", "version_id", "Steps")
    edge_ids = fields.One2many("journey.edge", "version_id", "Connections")

    _number_unique = models.Constraint("UNIQUE(journey_id, number)", "A journey has one version of each number.")

    @api.depends("journey_id.name", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._(
                "%(journey)s, version %(number)s", journey=version.journey_id.name, number=version.number
            )

    def _get_start_node(self):
        """The first node: the one that no edge enters.

        :rtype: journey.node
        """
        self.ensure_one()
        return (self.node_ids - self.edge_ids.target_id)[:1]

    def _check_draft(self):
        """:raise UserError: a version is frozen

        Takes a share lock, so that no edit slips into a version that is being published.
        """
        if self.ids:
            self.env.cr.execute("SELECT FROM journey_version WHERE id IN %s FOR SHARE", [tuple(self.ids)])
        frozen = self.filtered(lambda version: version.state != "draft")
        if frozen:
            raise UserError(
                self.env._(
                    "%(journeys)s: the steps of a published journey cannot be changed.",
                    journeys=", ".join(frozen.journey_id.mapped("name")),
                )
            )

    def _freeze(self):
        """Publishing: from now on the graph stays as it is."""
        self.env.cr.execute("SELECT FROM journey_version WHERE id IN %s FOR UPDATE", [tuple(self.ids)])
        for node in self.node_ids:
            node._get_kind()._on_publish(node)
        self.sudo().state = "live"

    def _get_graph_errors(self):
        """What is wrong with the graph, node by node.

        :rtype: list[str]
        """
        self.ensure_one()
        errors = []
        starts = self.node_ids - self.edge_ids.target_id
        if not starts:
            errors.append(self.env._("No step comes first: each one follows another."))
        elif len(starts) > 1:
            errors.append(
                self.env._(
                    "These steps have nothing before them, but only one can come first: %(steps)s",
                    steps=", ".join(starts.mapped("name")),
                )
            )
        for node in self.node_ids:
            errors += [f"{node.name}: {error}" for error in node._get_kind()._get_errors(node)]
            errors += [f"{node.name}: {error}" for error in node._get_edge_errors()]
        if starts and self._has_unpaused_cycle():
            errors.append(self.env._("Steps form a circle without any wait in it."))
        return errors

    def _has_unpaused_cycle(self):
        """Whether a circle leads only through nodes that move on at once."""
        following = {
            node: node.out_edge_ids.target_id.filtered(lambda target: not target._get_kind()._pauses)
            for node in self.node_ids
            if not node._get_kind()._pauses
        }
        done, path = set(), set()

        def visit(node):
            if node in path:
                return True
            if node in done:
                return False
            path.add(node)
            found = any(visit(target) for target in following.get(node, ()))
            path.discard(node)
            done.add(node)
            return found

        return any(visit(node) for node in following)

    def _connect_in_order(self):
        """Connect each node that has no exit, and may have one, to the node after it."""
        for version in self:
            version._check_draft()
            nodes = version.node_ids.sorted(lambda node: (node.sequence, node.id))
            for node, following in pairwise(nodes):
                if not node.out_edge_ids and node._get_kind()._outcomes and not following.in_edge_ids:
                    node._get_kind()._connect(node, following)

    def _copy_graph_to(self, version):
        """Copy nodes and edges into a draft version of the same or another journey."""
        self.ensure_one()
        copies = {node: node.copy({"version_id": version.id}) for node in self.node_ids}
        self.env["journey.edge"].create(
            [
                {
                    "source_id": copies[edge.source_id].id,
                    "target_id": copies[edge.target_id].id,
                    **edge._get_graph_values(),
                }
                for edge in self.edge_ids
            ]
        )
