# Where a new step goes, as the dialog for it asks: behind which step, by which way out, or on which path.
from odoo import api, fields, models
from odoo.exceptions import UserError

PLACES = [
    ("next", "As the Next Step"),
    ("branch", "On a New Path"),
    ("edge", "On a Path"),
    ("default", "For the Rest"),
    ("timeout", "When Nothing Happens in Time"),
    ("error", "When the Step Fails"),
]
PLACE_FIELDS = ("after_id", "place", "on_edge_id")


class JourneyNode(models.Model):
    """A step may be made with ``after_id``, ``place`` and ``on_edge_id``, which say where it goes; without any of them
    it is made without connections."""

    _inherit = "journey.node"

    after_id = fields.Many2one(
        "journey.node",
        "Step Before",
        store=False,
        copy=False,
        help="The step that the new one follows; none: it comes first.",
    )
    place = fields.Selection(
        PLACES,
        store=False,
        copy=False,
        help="By which way out of the other step the new one is reached.",
    )
    on_edge_id = fields.Many2one(
        "journey.edge",
        "Existing Path",
        store=False,
        copy=False,
        domain="[('source_id', '=', after_id), ('outcome', '=', 'branch')]",
    )
    allowed_places = fields.Json(compute="_compute_allowed_places")
    allowed_kinds = fields.Json(compute="_compute_allowed_kinds")

    @api.depends("after_id")
    def _compute_allowed_places(self):
        for node in self:
            node.allowed_places = node.after_id._get_places() if node.after_id else ["next"]

    def _get_places(self):
        """Values of ``place`` behind this step.

        :rtype: list[str]
        """
        self.ensure_one()
        places = list(self._get_allowed_outcomes())
        if "branch" in self.out_edge_ids.mapped("outcome"):
            places.append("edge")
        return places

    @api.depends("after_id", "place", "on_edge_id", "version_id")
    def _compute_allowed_kinds(self):
        """Nothing can follow an end, so none is offered where something follows; paths for people hold mails and
        actions only. Whoever makes steps otherwise is told by the checks of :meth:`journey.version.add_step`."""
        everything = [kind for kind, _label in self._selection_kind()]
        for node in self:
            node.allowed_kinds = everything
            version = node.version_id or node.after_id.version_id
            if node._origin or not version:
                continue
            try:
                place = version._get_place(*node._read_place())
            except UserError:
                continue
            node.allowed_kinds = version._get_kinds_for(place)

    @api.onchange("after_id")
    def _onchange_after_id(self):
        if not self.after_id or self.place not in self.allowed_places:
            # a split is more often given one more path than a step for the rest
            self.place = (
                ("branch" if self.after_id.kind in ("split", "variant") else self.after_id._get_main_outcome())
                if self.after_id
                else False
            )
        self.on_edge_id = False

    @api.onchange("place", "after_id")
    def _onchange_place(self):
        if self.place == "edge" and self.on_edge_id.source_id != self.after_id:
            self.on_edge_id = self.after_id.out_edge_ids.filtered(lambda edge: edge.outcome == "branch")[:1]._origin
        if self.kind and self.kind not in self.allowed_kinds:
            self.kind = False

    def _read_place(self):
        """:return: arguments for :meth:`journey.version._get_place`"""
        if self.place == "edge":
            return None, None, self.on_edge_id._origin
        return self.after_id._origin, self.place, None

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [dict(vals) for vals in vals_list]
        places = [{name: vals.pop(name) for name in PLACE_FIELDS if name in vals} for vals in vals_list]
        if not any(places):
            return super().create(vals_list)
        nodes = self.browse()
        for vals, place in zip(vals_list, places, strict=True):
            version = self.env["journey.version"].browse(
                vals.get("version_id") or self.env.context.get("default_version_id")
            )
            if not place or not version:
                nodes |= super().create([vals])
                continue
            on_edge = place.get("on_edge_id") if place.get("place") == "edge" else None
            if place.get("place") == "edge" and not on_edge:
                raise UserError(self.env._("Choose the path that the new step goes on."))
            nodes |= version.add_step(
                vals,
                after=None if on_edge else place.get("after_id"),
                outcome=None if on_edge else place.get("place"),
                edge=on_edge,
            )
        return nodes
