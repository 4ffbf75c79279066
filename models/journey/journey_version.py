# Versions of a journey: frozen graphs.
from itertools import pairwise

from odoo import api, fields, models
from odoo.exceptions import UserError

MAX_NODES = 1000


class StepError(str):
    """The text of an error, and the step that leads to its cause."""

    def __new__(cls, text, node):
        """:param journey.node node: the step to look at"""
        error = super().__new__(cls, text)
        error.node = node
        return error


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
    takes_over = fields.Boolean(
        readonly=True, copy=False, help="Those inside older versions are still to move to this one."
    )
    node_ids = fields.One2many("journey.node", "version_id", "Steps")
    edge_ids = fields.One2many("journey.edge", "version_id", "Connections")

    _takes_over_idx = models.Index("(journey_id) WHERE takes_over")
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
        return self._get_starts()[:1]

    def _get_starts(self):
        return self.node_ids - self.edge_ids.target_id

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

    def _check_size(self):
        """:raise UserError: a version has too many steps"""
        for version in self:
            if len(version.node_ids) > MAX_NODES:
                raise UserError(self.env._("A journey has %(count)s steps at most.", count=MAX_NODES))

    def _freeze(self):
        """Publishing: from now on the graph stays as it is."""
        self.env.cr.execute("SELECT FROM journey_version WHERE id IN %s FOR UPDATE", [tuple(self.ids)])
        self._number_steps()
        for node in self.node_ids:
            node._get_kind()._on_publish(node)
        self.sudo().state = "live"

    def _get_graph_errors(self):
        """What keeps the graph from being published, each with its step.

        :rtype: list[StepError]
        """
        self.ensure_one()
        return [
            *self._get_start_errors(),
            *(
                StepError(f"{node.name}: {error}", node)
                for node in self.node_ids
                for error in node._get_kind()._get_errors(node) + node._get_shape_errors()
            ),
            *self._get_circle_errors(),
        ]

    def _get_shape_errors(self):
        """What is wrong with the connections, whatever the steps say: no edit may add anything to it.

        :rtype: list[StepError]
        """
        self.ensure_one()
        return [
            *self._get_start_errors(),
            *(StepError(f"{node.name}: {error}", node) for node in self.node_ids for error in node._get_shape_errors()),
            *self._get_circle_errors(),
        ]

    def _get_start_errors(self):
        starts = self._get_starts()
        if self.node_ids and not starts:
            return [StepError(self.env._("No step comes first: each one follows another."), self.node_ids[0])]
        if len(starts) > 1:
            message = self.env._(
                "These steps have nothing before them, but only one can come first: %(steps)s",
                steps=", ".join(starts.mapped("name")),
            )
            return [StepError(message, starts[1])]
        reached = starts._get_reachable(starts, starts.browse())
        return [
            StepError(
                self.env._("%(step)s: Nobody gets here; it follows its own followers only.", step=node.name), node
            )
            for node in (self.node_ids - reached)[:1]
        ]

    def _get_circle_errors(self):
        """A circle that leads only through steps that move on at once would go round for ever."""
        moving = dict.fromkeys(node for node in self.node_ids if not node._get_kind()._pauses)
        following = {node: [target for target in node.out_edge_ids.target_id if target in moving] for node in moving}
        before = {}
        for node, targets in following.items():
            for target in targets:
                before.setdefault(target, []).append(node)
        # what has nothing behind it is in no circle: take it away, then what has nothing behind it any more
        left = {node: len(targets) for node, targets in following.items()}
        ends = [node for node, count in left.items() if not count]
        while ends:
            for source in before.get(ends.pop(), ()):
                left[source] -= 1
                if not left[source]:
                    ends.append(source)
        return [
            StepError(self.env._("Steps form a circle without any wait in it."), node)
            for node in [node for node, count in left.items() if count][:1]
        ]

    def _connect_in_order(self):
        """Connect each node that has no exit, and may have one, to the node after it."""
        for version in self:
            version._check_draft()
            nodes = version.node_ids.sorted(lambda node: (node.sequence, node.id))
            for node, following in pairwise(nodes):
                if not node.out_edge_ids and node._get_kind()._outcomes and not following.in_edge_ids:
                    node._get_kind()._connect(node, following)
            version._number_steps()

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
