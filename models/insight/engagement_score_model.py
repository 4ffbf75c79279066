# The nightly computation ends with what people are interested in.
from odoo import models


class EngagementScoreModel(models.Model):
    _inherit = "engagement.score.model"

    def compute_scores(self, ids=None):
        result = super().compute_scores(ids)
        # whoever may compute scores computes what is made of the same activities, of everybody
        self.env["buying.intent"].sudo()._compute_all()
        self.env["buying.topic.word"].sudo()._compute_all()
        return result
