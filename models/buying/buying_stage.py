# One stage of a stage model.
from odoo import api, fields, models


class BuyingStage(models.Model):
    """A stage in which a buying group can stand, and the stages that may follow it.

    A group without a stage may take an entry stage only. The destination says what it means to arrive: nothing
    special, success, or failure; a failure may be left again (somebody answers after all), a success may not.
    While its model is live, a stage keeps everything but its place and folding.
    """

    _name = "buying.stage"
    _description = "Buying Group Stage"
    _order = "model_id, sequence, id"

    model_id = fields.Many2one("buying.stage.model", "Stage Model", required=True, index=True, ondelete="cascade")
    state = fields.Selection(related="model_id.state")
    company_id = fields.Many2one(related="model_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    name = fields.Char("Stage", required=True)
    description = fields.Text()
    is_entry = fields.Boolean("Entry Stage", help="A group that has no stage yet may begin here.")
    destination = fields.Selection(
        [("none", "None"), ("success", "Success"), ("failure", "Failure")],
        default="none",
        required=True,
        help="Whether arriving here means success or failure. A model has exactly one success stage.",
    )
    allowed_stage_ids = fields.Many2many(
        "buying.stage",
        "buying_stage_transition_rel",
        "from_stage_id",
        "to_stage_id",
        "Allowed Transitions",
        domain="[('model_id', '=', model_id), ('id', '!=', id)]",
        help="The stages that may follow this one.",
    )
    fold = fields.Boolean("Folded", help="The column of this stage is folded in the kanban view.")

    @api.model_create_multi
    def create(self, vals_list):
        stages = super().create(vals_list)
        stages.model_id._check_draft()
        return stages

    def write(self, vals):
        self.check_access("write")
        if vals.keys() - {"sequence", "fold"}:
            target = self.env["buying.stage.model"].browse(vals.get("model_id") or False)
            (self.model_id | target)._check_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_live(self):
        self.model_id._check_draft()
