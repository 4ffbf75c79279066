# Wizard: move, copy, replace or delete a step of a draft.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.journey.journey_node_place import PLACES


class JourneyStepChange(models.TransientModel):
    """Asks what shall become of a step and where; the public methods of ``journey.node`` and ``journey.version`` do the
    work and the checks."""

    _name = "journey.step.change"
    _description = "Change a Step"

    node_id = fields.Many2one("journey.node", required=True, ondelete="cascade")
    version_id = fields.Many2one(related="node_id.version_id")
    operation = fields.Selection(
        [
            ("move", "Move"),
            ("copy", "Copy"),
            ("connect", "Lead to another step"),
            ("kind", "Replace by another kind"),
            ("delete", "Delete"),
        ],
        default="move",
        required=True,
    )
    with_following = fields.Boolean(
        "With What Follows",
        help="All steps that only this one leads to. A moved step takes the steps of its paths along.",
    )
    following_count = fields.Integer("Steps Concerned", compute="_compute_following_count")
    kind = fields.Selection(selection="_selection_kind", string="New Kind")
    target_id = fields.Many2one(
        "journey.node", "Lead To", ondelete="cascade", domain="[('version_id', '=', version_id), ('id', '!=', node_id)]"
    )
    way_out = fields.Selection(PLACES, compute="_compute_way_out", store=True, readonly=False)
    allowed_ways = fields.Json(compute="_compute_allowed_ways")
    way_edge_id = fields.Many2one(
        "journey.edge", "Path", ondelete="cascade", domain="[('source_id', '=', node_id), ('outcome', '=', 'branch')]"
    )
    after_id = fields.Many2one(
        "journey.node",
        "Step Before",
        ondelete="cascade",
        domain="[('version_id', '=', version_id), ('kind', '!=', 'end')]",
        help="The step to follow; none: it comes first.",
    )
    place = fields.Selection(PLACES, compute="_compute_place", store=True, readonly=False)
    allowed_places = fields.Json(compute="_compute_allowed_places")
    on_edge_id = fields.Many2one(
        "journey.edge",
        "On Path",
        ondelete="cascade",
        domain="[('source_id', '=', after_id), ('outcome', '=', 'branch')]",
    )

    @api.model
    def _selection_kind(self):
        return self.env["journey.node"]._selection_kind()

    @api.depends("node_id", "operation", "with_following")
    def _compute_following_count(self):
        for wizard in self:
            node = wizard.node_id
            if wizard.operation == "move":
                steps = node._get_block()[0]
            else:
                steps = node._get_with_following() if wizard.with_following else node
            wizard.following_count = len(steps)

    @api.depends("after_id")
    def _compute_allowed_places(self):
        for wizard in self:
            wizard.allowed_places = wizard.after_id._get_places() if wizard.after_id else ["next"]

    @api.depends("node_id")
    def _compute_allowed_ways(self):
        for wizard in self:
            wizard.allowed_ways = (wizard.node_id._get_places() if wizard.node_id else []) or ["next"]

    @api.depends("after_id")
    def _compute_place(self):
        for wizard in self:
            wizard.place = wizard.after_id._get_main_outcome() if wizard.after_id else False

    @api.depends("node_id")
    def _compute_way_out(self):
        for wizard in self:
            wizard.way_out = wizard.node_id._get_main_outcome() if wizard.node_id else False

    def action_confirm(self):
        """Button.

        :raise UserError: see the methods that are called
        """
        self.ensure_one()
        node = self.node_id
        if self.operation == "delete":
            node.delete_step(self.with_following)
        elif self.operation == "kind":
            if not self.kind:
                raise UserError(self.env._("Choose the new kind of the step."))
            node.change_kind(self.kind)
        elif self.operation == "connect":
            edge = self.way_edge_id if self.way_out == "edge" else None
            if self.way_out == "edge" and not edge:
                raise UserError(self.env._("Choose the path."))
            node.connect(self.target_id, None if edge else self.way_out, edge)
        else:
            edge = self.on_edge_id if self.place == "edge" else None
            if self.place == "edge" and not edge:
                raise UserError(self.env._("Choose the path."))
            where = {"edge": edge} if edge else {"after": self.after_id, "outcome": self.place}
            if self.operation == "move":
                node.move_step(**where)
            else:
                steps = node._get_with_following() if self.with_following else node
                node.version_id.copy_steps(steps, **where)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
