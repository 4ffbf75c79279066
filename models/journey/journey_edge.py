# Edges: which step follows which, and when.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.derived import without_derived, without_derived_defaults

# these follow from the step; otherwise a connection could slip into a published version under a draft's name
DERIVED = {"version_id", "company_id"}


class JourneyEdge(models.Model):
    """A connection from one node to another, taken for one outcome of the first."""

    _name = "journey.edge"
    _description = "Journey Connection"
    _order = "source_id, sequence, id"

    source_id = fields.Many2one("journey.node", "From", required=True, index=True, ondelete="cascade")
    target_id = fields.Many2one("journey.node", "To", required=True, index=True, ondelete="cascade")
    version_id = fields.Many2one(related="source_id.version_id", store=True, index=True)
    company_id = fields.Many2one(related="source_id.company_id", store=True)
    outcome = fields.Selection(
        [
            ("next", "Next"),
            ("branch", "Condition"),
            ("default", "Otherwise"),
            ("timeout", "Timeout"),
            ("error", "Error"),
        ],
        default="next",
        required=True,
    )
    sequence = fields.Integer(default=10)
    name = fields.Char("Label")
    domain = fields.Char("Condition", default="[]")
    percent = fields.Integer("Share (%)")

    # one way out per outcome; conditions and shares have several
    _single_outcome = models.UniqueIndex(
        "(source_id, outcome) WHERE outcome IN ('next', 'default', 'timeout', 'error')",
        "A step has one connection of this type already.",
    )

    @api.depends("source_id.name", "target_id.name")
    def _compute_display_name(self):
        for edge in self:
            edge.display_name = f"{edge.source_id.name} → {edge.target_id.name}"

    @api.constrains("source_id", "target_id")
    def _check_ends(self):
        for edge in self:
            if edge.source_id.version_id != edge.target_id.version_id:
                raise UserError(self.env._("A connection stays inside one version of a journey."))
            if edge.source_id == edge.target_id:
                raise UserError(self.env._("%(step)s cannot lead to itself.", step=edge.source_id.name))

    def _get_graph_values(self):
        """What a copy of this edge has in common with it: everything but its ends."""
        self.ensure_one()
        return {
            "outcome": self.outcome,
            "sequence": self.sequence,
            "name": self.name,
            "domain": self.domain,
            "percent": self.percent,
        }

    @api.model_create_multi
    def create(self, vals_list):
        """A connection without ``target_id`` leads to an end of its own, so that the paths of a split can be written
        before the steps on them."""
        ends = self._create_ends([vals for vals in vals_list if not vals.get("target_id") and vals.get("source_id")])
        vals_list = [
            vals if vals.get("target_id") or not vals.get("source_id") else vals | {"target_id": next(ends)}
            for vals in vals_list
        ]
        paths = self.with_env(self.env(context=without_derived_defaults(self.env.context, DERIVED)))
        edges = super(JourneyEdge, paths).create([without_derived(vals, DERIVED) for vals in vals_list])
        edges.source_id.version_id._check_draft()
        return edges

    def _create_ends(self, vals_list):
        """:return: an iterator over the ids of new end steps, one for each of these values"""
        sources = self.env["journey.node"].browse(vals["source_id"] for vals in vals_list)
        return iter(
            self.env["journey.node"]
            .create(
                [
                    {"version_id": source.version_id.id, "name": self.env._("End"), "kind": "end", "sequence": 0}
                    for source in sources
                ]
            )
            .ids
        )

    def write(self, vals):
        vals = without_derived(vals, DERIVED)
        if not self.env.su:
            self.source_id.version_id._check_draft()
        result = super().write(vals)
        if not self.env.su:
            self.source_id.version_id._check_draft()  # it may have been moved
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_frozen(self):
        self.version_id._check_draft()
