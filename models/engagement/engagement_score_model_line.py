# The weight of one activity type in a score model.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.numbers import check_range

MAX_WEIGHT = 1000
# Names of usual weights, as in the activity weighting of Adobe Journey Optimizer B2B Edition. Roles have others.
BANDS = [
    ("0", "No weight"),
    ("30", "Trivial"),
    ("40", "Minor"),
    ("60", "Normal"),
    ("90", "Important"),
    ("100", "Vital"),
]


class EngagementScoreModelLine(models.Model):
    """What one activity of a type is worth. A weight of 0 means that activities of this type are ignored.

    Weights are whole numbers: sums of them are exact, so that the same activities always give the same score.
    """

    _name = "engagement.score.model.line"
    _description = "Weight of an Activity Type"
    _order = "model_id, weight desc, id"
    _rec_name = "type_id"

    model_id = fields.Many2one("engagement.score.model", required=True, index=True, ondelete="cascade")
    state = fields.Selection(related="model_id.state")
    type_id = fields.Many2one(
        "engagement.activity.type", "Activity Type", required=True, index=True, ondelete="restrict"
    )
    channel = fields.Selection(related="type_id.channel")
    weight = fields.Integer(default=60, required=True, help="What one activity is worth; 0: ignored.")
    band = fields.Selection(
        BANDS,
        "Importance",
        compute="_compute_band",
        inverse="_inverse_band",
        help="A usual weight. Empty if the weight is none of them.",
    )

    _type_unique = models.Constraint("UNIQUE(model_id, type_id)", "This model weighs the activity type already.")
    _weight_positive = models.Constraint("CHECK(weight BETWEEN 0 AND 1000)", "A weight is between 0 and 1,000.")

    @api.depends("weight")
    def _compute_band(self):
        known = dict(BANDS)
        for line in self:
            line.band = str(line.weight) if str(line.weight) in known else False

    def _inverse_band(self):
        for line in self:
            if line.band:
                line.weight = int(line.band)

    @api.onchange("band")
    def _onchange_band(self):
        if self.band:
            self.weight = int(self.band)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_weight(vals)
        lines = super().create(vals_list)
        lines._refuse_unless_draft(lines.model_id)
        return lines

    def _check_weight(self, vals):
        """:raise UserError: the weight is no whole number, or out of bounds"""
        check_range(self.env, vals, "weight", self.env._("A weight"), 0, MAX_WEIGHT)

    def write(self, vals):
        self._check_weight(vals)
        self._refuse_unless_draft(self.model_id | self.model_id.browse(vals.get("model_id")))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_frozen(self):
        self._refuse_unless_draft(self.model_id)

    def _refuse_unless_draft(self, score_models):
        """:raise UserError: one of these models is in use, or was"""
        if not self.env.su and any(score_model.state != "draft" for score_model in score_models):
            raise UserError(self.env._("Only drafts can be changed. Duplicate the score model and change the copy."))
