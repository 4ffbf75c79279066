# Timelines lead to the mails of a step.
from odoo import fields, models


class JourneyTrace(models.Model):
    _inherit = "journey.trace"

    mailing_id = fields.Many2one(related="node_id.mailing_id", string="Mail")

    def action_view_mails(self):
        """Button: what became of each mail that this visit of the step made."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Mails of %(step)s", step=self.node_id.name),
            "res_model": "mailing.trace",
            "view_mode": "list,form",
            "domain": [
                ("journey_participant_id", "=", self.participant_id.id),
                ("journey_visit", "=", self.visit),
            ],
        }
