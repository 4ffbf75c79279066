# What tests of scores share.
from datetime import timedelta

from odoo import fields

from .common import BuyingJourneyCase


class EngagementScoreCase(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["engagement.activity"].search([]).unlink()  # scores compare with everybody: count only our own
        cls.Type = cls.env["engagement.activity.type"]
        cls.Model = cls.env["engagement.score.model"]
        cls.active = cls.env.ref("crm_buying_journey.engagement_score_model_default")
        cls.now = fields.Datetime.now()
        cls.yesterday = cls.now - timedelta(days=1)

    @classmethod
    def happen(cls, person, code, times=1, date=None):
        """The person did this so many times at that moment."""
        vals = {"type_id": cls.Type._get_by_code(code).id, "partner_id": person.id, "date": date or cls.yesterday}
        return cls.env["engagement.activity"].create([vals] * times)

    def assertScores(self, *expected):
        for record, score in expected:
            record.invalidate_recordset()
            field = "engagement" if record._name != "res.partner" else "engagement_score"
            self.assertAlmostEqual(record[field], score, 9, record.display_name)
