# Leads: the buying group behind an opportunity.
from odoo import fields, models


class CrmLead(models.Model):
    _inherit = "crm.lead"

    buying_group_id = fields.Many2one(
        "buying.group", index="btree_not_null", ondelete="set null", help="The people who decide on this opportunity."
    )
