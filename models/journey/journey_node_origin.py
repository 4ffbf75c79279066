# What makes a step the same step in each version of its journey.
from uuid import uuid4

from odoo import api, fields, models
from odoo.tools import SQL


class JourneyNode(models.Model):
    _inherit = "journey.node"

    origin_key = fields.Char(
        default=lambda self: uuid4().hex,
        required=True,
        readonly=True,
        copy=True,
        index=True,
        help="The same in each version of a journey. Random paths are drawn from it, so that a new version changes "
        "nobody's path. A copy in another journey has a key of its own.",
    )

    def _init_column(self, column_name):
        if column_name == "origin_key":  # the default would be drawn once for all rows that exist
            self.env.cr.execute(
                SQL("UPDATE journey_node SET origin_key = replace(gen_random_uuid()::text, '-', '')"),
            )
            return None
        return super()._init_column(column_name)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not vals.get("origin_key"):
                vals["origin_key"] = uuid4().hex
        return super().create(vals_list)

    def _get_same_steps(self):
        """This step in all versions of its journey.

        :rtype: journey.node
        """
        self.ensure_one()
        return self.search([("journey_id", "=", self.journey_id.id), ("origin_key", "=", self.origin_key)])

    def copy_data(self, default=None):
        """Only a copy for another version of the same journey is the same step."""
        vals_list = super().copy_data(default=default)
        for node, vals in zip(self, vals_list, strict=True):
            version = self.env["journey.version"].browse(vals.get("version_id"))
            if version == node.version_id or version.journey_id != node.journey_id:
                vals["origin_key"] = uuid4().hex
        return vals_list
