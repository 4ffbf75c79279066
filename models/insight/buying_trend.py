# How the activity of accounts and people changed from one period to the next.
from odoo import api, fields, models
from odoo.tools import SQL

TREND_DAYS = 90
# change in percent from which an account counts as … (Adobe Journey Optimizer B2B Edition, surging accounts)
BANDS = [(-10, "negative"), (10, "neutral"), (50, "positive"), (75, "surging")]
# An account that had so many points and lost more than 10 % of them is at risk. Adobe speaks of a decrease after high
# engagement without a number; ours is worth two events attended, or four mails opened, in 90 days.
RISK_POINTS = 120


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
        # weights of activities show in every score, so whoever sees scores may reckon with them
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

    @api.model
    def _get_account_points_sql(self, days=TREND_DAYS):
        """Points of each account in the last ``days`` days and in as many days before: ``account_id, points, before``.

        They are those of the people that :meth:`res.partner._get_account_people` finds, with the rights of the current
        user. Accounts where nobody did anything are left out. It goes from those who did something up to their
        accounts, since most people did nothing.

        :return: a statement; ``None`` if no score model says what activities are worth
        """
        model = self.env["engagement.score.model"].sudo()._get_active()
        if not model:
            return None
        now = fields.Datetime.now()
        Activity, Partner = self.env["engagement.activity"], self.env["res.partner"]
        readable = Activity._search(
            [("date", ">", fields.Datetime.subtract(now, days=2 * days)), ("date", "<=", now)]
            + [("is_automatic", "=", False)]
        )
        people = Partner._search([("is_company", "=", False)])
        Activity.flush_model()
        Partner.flush_model(["parent_id", "is_company", "active", "affiliated_account_ids"])
        return SQL(
            """
            WITH RECURSIVE daily AS (
                SELECT activity.partner_id, activity.date > %(since)s AS is_new,
                       LEAST(COUNT(*), %(cap)s) * MAX(line.weight) AS points
                  FROM engagement_activity activity
                  JOIN engagement_score_model_line line
                    ON line.type_id = activity.type_id AND line.model_id = %(model)s AND line.weight > 0
                 WHERE activity.id IN %(readable)s
              GROUP BY activity.partner_id, activity.type_id, activity.date::date, activity.date > %(since)s
            ), person AS (
                SELECT partner_id, COALESCE(SUM(points) FILTER (WHERE is_new), 0) AS points,
                       COALESCE(SUM(points) FILTER (WHERE NOT is_new), 0) AS before
                  FROM daily WHERE partner_id IN %(people)s GROUP BY partner_id
            ), above AS (
                SELECT person.partner_id AS person_id, partner.parent_id AS account_id
                  FROM person JOIN res_partner partner ON partner.id = person.partner_id
                 WHERE partner.parent_id IS NOT NULL
                 UNION
                -- a company between that is archived parts the people below it from the account, as it does elsewhere
                SELECT above.person_id, company.parent_id
                  FROM above JOIN res_partner company ON company.id = above.account_id
                 WHERE company.parent_id IS NOT NULL AND company.active
            ), belongs AS (
                SELECT person_id, account_id FROM above
                 UNION
                SELECT affiliated.partner_id, affiliated.account_id
                  FROM res_partner_affiliated_account_rel affiliated
                  JOIN person ON person.partner_id = affiliated.partner_id
            )
            SELECT belongs.account_id, SUM(person.points)::int AS points, SUM(person.before)::int AS before
              FROM belongs JOIN person ON person.partner_id = belongs.person_id
          GROUP BY belongs.account_id
            """,
            since=fields.Datetime.subtract(now, days=days),
            cap=model.daily_cap,
            model=model.id,
            readable=readable.subselect(),
            people=people.subselect(),
        )

    @api.model
    def _get_trend_sql(self):
        """Which of :meth:`_get_trends` an account with ``points`` and ``before`` is in, as an expression.

        The change is compared in whole percent, rounded half away from zero, as it is shown.
        """
        change = SQL("trunc((points - before) * 100.0 / before + CASE WHEN points >= before THEN 0.5 ELSE -0.5 END)")
        negative, neutral, positive, surging = (limit for limit, _name in BANDS)
        return SQL(
            """
            CASE WHEN before = 0 THEN 'new'
                 WHEN %(change)s < %(negative)s THEN CASE WHEN before >= %(risk)s THEN 'risk' ELSE 'negative' END
                 WHEN %(change)s <= %(neutral)s THEN 'neutral'
                 WHEN %(change)s <= %(positive)s THEN 'positive'
                 WHEN %(change)s <= %(surging)s THEN 'surging'
                 ELSE 'high' END
            """,
            change=change,
            risk=RISK_POINTS,
            negative=negative,
            neutral=neutral,
            positive=positive,
            surging=surging,
        )

    @api.model
    def _get_trends(self):
        """``[(name, label)]``, from those that lose interest to those that gain most."""
        return [
            ("risk", self.env._("At risk")),
            ("negative", self.env._("Falling")),
            ("neutral", self.env._("Steady")),
            ("positive", self.env._("Rising")),
            ("surging", self.env._("Surging")),
            ("high", self.env._("Surging strongly")),
            ("new", self.env._("Nothing before")),
        ]
