# Steps that wait for a date of the record.
from odoo import api, fields, models


class JourneyNode(models.Model):
    _inherit = "journey.node"

    wait_type = fields.Selection(selection_add=[("field", "A Date of the Record")])
    wait_field_id = fields.Many2one(
        "ir.model.fields",
        "Date Field",
        domain="[('model', '=', model_name), ('ttype', 'in', ('date', 'datetime'))]",
        ondelete="set null",
        help="Wait until this date of the participant's record. Whoever has none goes on at once.",
    )
    wait_offset_value = fields.Integer("Offset")
    wait_offset_unit = fields.Selection(
        [("minutes", "Minutes"), ("hours", "Hours"), ("days", "Days"), ("weeks", "Weeks"), ("months", "Months")],
        default="days",
    )
    wait_offset_direction = fields.Selection([("before", "Before"), ("after", "After")], default="after")

    @api.depends(
        "wait_field_id",
        "wait_offset_value",
        "wait_offset_unit",
        "wait_offset_direction",
        "until_weekdays",
        "until_time",
        "until_tz",
        "activity_type_ids.name",
        "timeout_type",
        "timeout_value",
        "timeout_unit",
        "timeout_date",
        "out_edge_ids.name",
        "out_edge_ids.outcome",
        "out_edge_ids.percent",
        "out_edge_ids.target_id.name",
    )
    def _compute_summary(self):
        return super()._compute_summary()
