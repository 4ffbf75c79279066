# The history of scores.
from odoo import api, fields, models
from odoo.tools import SQL


class EngagementScore(models.Model):
    """The score of a person or a group on one day (UTC): the last one computed that day.

    A day has a row if the subject had a score or lost it that day; without a row the score was 0.
    Kept as long as the parameter ``crm_buying_journey.engagement_history_days`` says (days; 400 unless set).
    """

    _name = "engagement.score"
    _description = "Engagement Score of a Day"
    _order = "date desc, id desc"
    _log_access = False
    _rec_name = "date"

    date = fields.Date(required=True, index=True, readonly=True)
    partner_id = fields.Many2one("res.partner", "Person", ondelete="cascade", readonly=True)
    group_id = fields.Many2one("buying.group", "Buying Group", ondelete="cascade", readonly=True)
    score = fields.Float(readonly=True, aggregator="avg")

    # also what the upsert of a second computation on the same day relies on
    _person_day_unique = models.UniqueIndex("(partner_id, date) WHERE partner_id IS NOT NULL")
    _group_day_unique = models.UniqueIndex("(group_id, date) WHERE group_id IS NOT NULL")

    @api.autovacuum
    def _gc_history(self):
        days = self.env["ir.config_parameter"].sudo().get_param("crm_buying_journey.engagement_history_days")
        days = int(days) if str(days or "").isdecimal() else 400
        self.env.cr.execute(
            "DELETE FROM engagement_score WHERE date < %s",
            [fields.Date.subtract(fields.Datetime.now().date(), days=days)],
        )

    @api.model
    def _get_scores_on(self, field_name, ids, date):
        """What the scores were on a day, by one query.

        :param str field_name: ``partner_id`` or ``group_id``
        :return: ``{id: score}``; nobody who had no score
        :rtype: dict
        """
        rows = self.sudo().search_fetch([(field_name, "in", ids), ("date", "=", date)], [field_name, "score"])
        return {row[field_name].id: row.score for row in rows}

    def _merge_history(self, column, gone, stays):
        """One score a day: the highest of the records that become one.

        :param str column: ``partner_id`` or ``group_id``
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
            DELETE FROM engagement_score
             WHERE id IN (
                   SELECT id FROM (
                       SELECT id, row_number() OVER (PARTITION BY date ORDER BY score DESC, id) AS place
                         FROM engagement_score WHERE %(column)s = ANY(%(ids)s)) ranked
                    WHERE place > 1)
            """,
                column=SQL.identifier(column),
                ids=(gone + stays).ids,
            )
        )
        self.invalidate_model()
