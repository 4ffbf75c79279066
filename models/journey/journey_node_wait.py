# Steps that wait for a date of the record.
from odoo import fields, models


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
