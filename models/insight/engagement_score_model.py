# The nightly computation ends with what people are interested in.
from odoo import models


class EngagementScoreModel(models.Model):
    _inherit = "engagement.score.model"

    def compute_scores(self, ids=None):
        result = super().compute_scores(ids)
        self.env["buying.intent"].sudo()._compute_all()
        return result
