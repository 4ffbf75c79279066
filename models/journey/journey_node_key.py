# The key of a step: what tells that two versions of a journey hold the same step.
from uuid import uuid4

from odoo import fields, models


class JourneyNode(models.Model):
    _inherit = "journey.node"

    key = fields.Char(
        default=lambda self: uuid4().hex,
        required=True,
        readonly=True,
        copy=False,
        index=True,
        help="The same for a step in all versions of its journey; participants move to a new version by it.",
    )

    def _init_column(self, column_name):
        """Steps that were made before there were keys each get one of their own."""
        if column_name == "key":
            self.env.cr.execute("UPDATE journey_node SET key = md5(random()::text || id) WHERE key IS NULL")
            return None
        return super()._init_column(column_name)

    def copy_data(self, default=None):
        """A copy in another version of the same journey is the same step; any other copy is a new one."""
        vals_list = super().copy_data(default=default)
        for node, vals in zip(self, vals_list, strict=True):
            version = self.env["journey.version"].browse(vals.get("version_id"))
            if version != node.version_id and version.journey_id == node.journey_id:
                vals["key"] = node.key
        return vals_list
