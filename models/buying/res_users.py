# What users want to hear about buying groups.
from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    buying_group_notices = fields.Selection(
        [("mine", "All of my accounts, and those I follow"), ("followed", "Only those I follow")],
        "Tell Me About Buying Groups",
        default="mine",
        help="Which buying groups you are told about: when a group is complete, when a member or a required role is "
        "lost, and when a sales alert is answered.",
    )

    @property
    def SELF_READABLE_FIELDS(self):
        return super().SELF_READABLE_FIELDS + ["buying_group_notices"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return super().SELF_WRITEABLE_FIELDS + ["buying_group_notices"]
