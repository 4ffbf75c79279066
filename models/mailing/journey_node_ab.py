# Steps of journeys: the A/B test of an email step's mail.
from odoo import fields, models


class JourneyNode(models.Model):
    _inherit = "journey.node"

    ab_test_id = fields.Many2one(related="mailing_id.ab_test_id", string="A/B Test")

    def action_open_ab_test(self):
        """Button: the A/B test of this step's mail; set up if there is none."""
        self.ensure_one()
        if self.mailing_id.ab_test_id:
            return self.mailing_id.action_open_ab_test()
        self.version_id._check_draft()
        return self.mailing_id.action_create_ab_test()
