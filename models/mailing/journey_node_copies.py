# Steps of a journey: whom the step's mail copies can be seen and chosen in the step itself.
from odoo import fields, models


class JourneyNode(models.Model):
    _inherit = "journey.node"

    cc_slot_ids = fields.One2many(related="mailing_id.cc_slot_ids", readonly=False)
    cc_enabled = fields.Boolean(compute="_compute_cc_enabled")

    def _compute_cc_enabled(self):
        self.cc_enabled = self.env["mailing.mailing"]._is_cc_enabled()
