# A/B tests: leads that a mail brought back.
from odoo import api, models
from odoo.tools import SQL


class MailingAbTest(models.Model):
    _inherit = "mailing.ab.test"

    @api.model
    def _get_metrics(self):
        return super()._get_metrics() | {
            "reactivated": {
                "label": self.env._("Reactivated Leads"),
                "count": "delivered",
                "events": "reactivated",
            }
        }

    def _get_figure_queries(self):
        query = SQL(
            """
            SELECT arm.id, COUNT(DISTINCT lead.id)
              FROM mailing_ab_arm arm
              JOIN crm_lead lead ON lead.reactivation_mailing_id = arm.mailing_id
               AND lead.reactivated_date IS NOT NULL
             WHERE arm.test_id = ANY(%s)
          GROUP BY arm.id""",
            list(self.ids),
        )
        return [*super()._get_figure_queries(), (("reactivated",), query)]

    @api.model
    def _get_lift_outcomes(self):
        return super()._get_lift_outcomes() | {
            "reactivated": {
                "label": self.env._("Reactivated Leads"),
                "query": SQL("""
                    SELECT drawn.id, 1 FROM drawn JOIN crm_lead lead
                        ON drawn.res_model = 'crm.lead' AND lead.id = drawn.res_id
                       AND lead.reactivated_date >= drawn.date"""),
            }
        }
