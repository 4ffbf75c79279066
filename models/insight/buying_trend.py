# How the activity of accounts and people changed from one period to the next.
from odoo import api, fields, models
from odoo.tools import SQL

TREND_DAYS = 90
# change in percent from which an account counts as … (Adobe Journey Optimizer B2B Edition, surging accounts)
BANDS = [(-10, "negative"), (10, "neutral"), (50, "positive"), (75, "surging")]


class BuyingTrend(models.AbstractModel):
    """Compares the points of the last days with those of as many days before. Points are those of engagement scores:
    activities per person, type and day (UTC), at most the score model's daily cap, times the weight of the type.
    """

    _name = "buying.trend"
    _description = "Trend of Engagement"

    @api.model
    def _get_points(self, people_of, days=TREND_DAYS):
        """Points of each owner in the last ``days`` days and in as many days before; one statement.

        :param dict people_of: ``{owner id: ids of people}``
        :return: ``{owner id: (points, points before)}``
        :rtype: dict
        """
        owners = [(owner_id, person_id) for owner_id, people in people_of.items() for person_id in people]
        points = dict.fromkeys(people_of, (0, 0))
        model = self.env["engagement.score.model"].sudo()._get_active()
        if not owners or not model:
            return points
        now = fields.Datetime.now()
        Activity = self.env["engagement.activity"]
        readable = Activity._search(
            [
                ("partner_id", "in", list({person_id for _owner, person_id in owners})),
                ("date", ">", fields.Datetime.subtract(now, days=2 * days)),
                ("date", "<=", now),
                ("is_automatic", "=", False),
            ]
        )
        Activity.flush_model()
        self.env.cr.execute(
            SQL(
                """
            SELECT owner.owner_id,
                   COALESCE(SUM(daily.points) FILTER (WHERE daily.is_new), 0)::int,
                   COALESCE(SUM(daily.points) FILTER (WHERE NOT daily.is_new), 0)::int
              FROM unnest(%(owner_ids)s::int[], %(people_ids)s::int[]) AS owner(owner_id, partner_id)
              JOIN (SELECT activity.partner_id, activity.date > %(since)s AS is_new,
                           LEAST(COUNT(*), %(cap)s) * MAX(line.weight) AS points
                      FROM engagement_activity activity
                      JOIN engagement_score_model_line line
                        ON line.type_id = activity.type_id AND line.model_id = %(model)s AND line.weight > 0
                     WHERE activity.id IN %(readable)s
                  GROUP BY activity.partner_id, activity.type_id, activity.date::date, activity.date > %(since)s
                   ) daily ON daily.partner_id = owner.partner_id
          GROUP BY owner.owner_id
            """,
                owner_ids=[owner_id for owner_id, _person in owners],
                people_ids=[person_id for _owner, person_id in owners],
                since=fields.Datetime.subtract(now, days=days),
                cap=model.daily_cap,
                model=model.id,
                readable=readable.subselect(),
            )
        )
        return points | {owner_id: (new, old) for owner_id, new, old in self.env.cr.fetchall()}

    @api.model
    def _get_change(self, new, old):
        """The change in whole percent; ``None`` where there was nothing before."""
        return int((new - old) * 100 / old + (0.5 if new >= old else -0.5)) if old else None

    @api.model
    def _get_change_band(self, change):
        """``negative`` below -10 %, ``neutral`` to 10, ``positive`` to 50, ``surging`` to 75, ``high`` above."""
        if change is None:
            return "neutral"
        if change < BANDS[0][0]:
            return "negative"
        return next((name for limit, name in BANDS[1:] if change <= limit), "high")
