# From activities to scores, in a handful of SQL statements however many people there are.
from odoo import fields, models
from odoo.tools import SQL

# What counts of each person: activities of a weighted type, in the window, at most ``daily_cap`` per type and day.
# Employees, companies and archived contacts are nobody whom we want to win.
POINTS = """
    SELECT daily.partner_id, daily.type_id, line.weight,
           SUM(daily.n)::bigint AS n,
           SUM(LEAST(daily.n, %(cap)s))::bigint AS counted,
           COUNT(*) FILTER (WHERE daily.n > %(cap)s) AS capped_days,
           COUNT(*) AS days
      FROM (
            SELECT activity.partner_id, activity.type_id, activity.date::date AS day, COUNT(*) AS n
              FROM engagement_activity activity
             WHERE activity.date > %(since)s AND activity.date <= %(until)s AND activity.id <= %(last_id)s
               AND activity.is_automatic IS NOT TRUE AND activity.partner_id IS NOT NULL AND {people}
             GROUP BY 1, 2, 3
           ) daily
      JOIN engagement_score_model_line line
        ON line.type_id = daily.type_id AND line.model_id = %(model)s AND line.weight > 0
      JOIN res_partner person
        ON person.id = daily.partner_id AND person.active AND person.partner_share AND person.is_company IS NOT TRUE
     GROUP BY daily.partner_id, daily.type_id, line.weight
"""

# The sum of each group: role weight share x scores of the role's members. A share is the role's weight divided by
# the weights of the roles that have members here. Sorted, since a sum of floats depends on the order.
GROUP_SUMS = """
    SELECT part.group_id, SUM(part.weight * part.total ORDER BY part.role_id) / SUM(part.weight) AS total
      FROM (
            SELECT member.group_id, member.role_id, line.weight::int AS weight,
                   SUM(COALESCE(member.engagement, 0) ORDER BY member.id) AS total
              FROM buying_group_member member
              JOIN buying_group ON buying_group.id = member.group_id AND buying_group.active
              JOIN res_partner person ON person.id = member.partner_id AND person.active
              JOIN buying_solution solution ON solution.id = buying_group.solution_id
              JOIN buying_role_template_line line
                ON line.template_id = solution.template_id AND line.role_id = member.role_id
             WHERE member.state = 'in' AND {groups}
             GROUP BY member.group_id, member.role_id, line.weight
           ) part
     GROUP BY part.group_id
"""

# the same bands as buying.group._get_band
BAND = """
    CASE WHEN floor(fresh.score + 0.5) > 75 THEN '100' WHEN floor(fresh.score + 0.5) > 50 THEN '075'
         WHEN floor(fresh.score + 0.5) > 25 THEN '050' ELSE '025' END
"""


class EngagementScoreComputation(models.AbstractModel):
    """Engagement scores of people and groups, 0 to 100.

    Source: Adobe Journey Optimizer B2B Edition, engagement scores; where its pages leave the formula open, the
    following reading holds. With ``n`` the activities of a person, type and day (UTC, so that all time zones agree):

    * weights: ``w' = w / max(w)`` over the types that occurred in the window
    * person: ``points = sum over days and types of min(n, cap) * w'`` and
      ``score = 100 * sqrt(points) / max over all people of sqrt(points)``
    * role: ``share = weight / sum of weights`` over the roles that have members in this group
    * group: ``total = sum over members of score * share of the role`` and
      ``score = 100 * sqrt(total) / max over all groups of sqrt(total)``

    The window ends now and starts ``window_days`` times 24 hours ago. Scores compare with everybody in the database,
    whatever the company: a group of one company would not be 100 only because another company's are hidden.
    Employees (whoever has an internal user), companies and archived contacts or groups have no score.

    Since everybody is scaled by the same maximum, the largest weight cancels out: sums are kept in whole points
    (``min(n, cap) * w``), which are exact, and divided by it only where they are shown.
    """

    _name = "engagement.score.computation"
    _description = "Engagement Score Computation"

    def _get_parameters(self, score_model, until, last_id):
        """What the statements need.

        :param datetime until: naive UTC, the end of the window
        :param int last_id: later activities are left out
        """
        return {
            "model": score_model.id,
            "cap": score_model.daily_cap,
            "until": until,
            "since": fields.Datetime.subtract(until, days=score_model.window_days),
            "last_id": last_id,
            "now": fields.Datetime.now(),
            "today": until.date(),
            "uid": self.env.uid,
        }

    def _points_query(self, parameters, partner=None):
        """What each person did, per type; only one person's if ``partner`` is given."""
        people = "activity.partner_id = %(partner)s" if partner else "TRUE"
        return SQL(POINTS.format(people=people), **parameters, **({"partner": partner.id} if partner else {}))

    def _group_sums_query(self, groups=None):
        """The sum of each group; only of ``groups`` if given."""
        if groups is None:
            return SQL(GROUP_SUMS.format(groups="TRUE"))
        return SQL(GROUP_SUMS.format(groups="member.group_id = ANY(%(groups)s)"), groups=list(groups.ids))

    def _run(self, score_model):
        """All scores by this model, now.

        :rtype: dict
        """
        self.env.flush_all()
        cr = self.env.cr
        until = fields.Datetime.now()
        cr.execute("SELECT COALESCE(MAX(id), 0) FROM engagement_activity")
        parameters = self._get_parameters(score_model, until, cr.fetchone()[0])
        self._score_people(parameters)
        self._score_groups(parameters)
        self._write_history(parameters)
        cr.execute(
            SQL(
                """
            UPDATE engagement_score_model model
               SET last_run = %(until)s, last_activity_id = %(last_id)s,
                   last_max_points = people.points, last_max_weight = people.weight, last_person_count = people.n,
                   last_max_group = groups.total, last_group_count = groups.n
              FROM (SELECT COALESCE(MAX(points), 0) AS points, COALESCE(MAX(weight), 0) AS weight,
                           COUNT(*) FILTER (WHERE score > 0) AS n FROM bj_person_score) people,
                   (SELECT COALESCE(MAX(total), 0) AS total,
                           COUNT(*) FILTER (WHERE score > 0) AS n FROM bj_group_score) groups
             WHERE model.id = %(model)s
         RETURNING people.n, groups.n
            """,
                **parameters,
            )
        )
        people, groups = cr.fetchone()
        cr.execute("DROP TABLE bj_person_score, bj_group_score")
        self.env.invalidate_all(flush=False)
        self.env["engagement.activity"]._on_recorded({"engagement_changed"})
        return {"people": people, "groups": groups}

    def _score_people(self, parameters):
        """Scores of people, and of them as members; only rows that change are written."""
        cr = self.env.cr
        cr.execute(
            SQL(
                """
            CREATE TEMPORARY TABLE bj_person_score ON COMMIT DROP AS
            SELECT COALESCE(person.partner_id, former.id) AS id, person.points, person.weight,
                   COALESCE(100 * sqrt(person.points::float8 / MAX(person.points) OVER ()), 0) AS score
              FROM (
                    SELECT partner_id, SUM(counted * weight)::bigint AS points, MAX(weight) AS weight
                      FROM (%(points)s) points GROUP BY partner_id
                   ) person
              FULL JOIN (SELECT id FROM res_partner WHERE engagement_score > 0) former
                ON former.id = person.partner_id
            """,
                points=self._points_query(parameters),
            )
        )
        cr.execute("ANALYZE bj_person_score")
        cr.execute("""
            UPDATE res_partner SET engagement_score = fresh.score
              FROM bj_person_score fresh
             WHERE fresh.id = res_partner.id AND res_partner.engagement_score IS DISTINCT FROM fresh.score
        """)
        cr.execute("""
            UPDATE buying_group_member member SET engagement = COALESCE(person.engagement_score, 0)
              FROM res_partner person
             WHERE person.id = member.partner_id
               AND member.engagement IS DISTINCT FROM COALESCE(person.engagement_score, 0)
        """)

    def _score_groups(self, parameters):
        """Scores of groups; where the whole percent changes, an activity tells of it."""
        cr = self.env.cr
        cr.execute(
            SQL(
                """
            CREATE TEMPORARY TABLE bj_group_score ON COMMIT DROP AS
            SELECT buying_group.id, COALESCE(buying_group.engagement, 0) AS old, sums.total,
                   COALESCE(100 * sqrt(sums.total / NULLIF(MAX(sums.total) OVER (), 0)), 0) AS score
              FROM buying_group LEFT JOIN (%(sums)s) sums ON sums.group_id = buying_group.id
            """,
                sums=self._group_sums_query(),
            )
        )
        cr.execute("ANALYZE bj_group_score")
        cr.execute(self._update_groups_query(SQL("bj_group_score"), parameters))

    def _update_groups_query(self, fresh, parameters):
        """Statement that stores group scores from a table or query with ``id``, ``old`` and ``score``."""
        activity_type = self.env["engagement.activity.type"]._get_by_code("engagement_changed")
        return SQL(
            """
            WITH changed AS (
                UPDATE buying_group SET engagement = fresh.score, engagement_band = %(band)s
                  FROM %(fresh)s fresh
                 WHERE fresh.id = buying_group.id AND buying_group.engagement IS DISTINCT FROM fresh.score
             RETURNING buying_group.id, buying_group.partner_id, floor(fresh.old + 0.5)::int AS old,
                       floor(fresh.score + 0.5)::int AS new
            )
            INSERT INTO engagement_activity (type_id, account_id, group_id, date, old_value, new_value,
                                             create_uid, create_date, write_uid, write_date)
            SELECT %(type)s, partner_id, id, %(now)s, old, new, %(uid)s, %(now)s, %(uid)s, %(now)s
              FROM changed WHERE old != new
            """,
            **parameters | {"fresh": fresh, "type": activity_type.id, "band": SQL(BAND)},
        )

    def _write_history(self, parameters):
        """One row per day and subject: whoever has a score, or had one until today."""
        for column, table in (("partner_id", "bj_person_score"), ("group_id", "bj_group_score")):
            fell = SQL("TRUE") if column == "partner_id" else SQL("(score > 0 OR old > 0)")
            self.env.cr.execute(
                SQL(
                    """
                INSERT INTO engagement_score AS history (date, %(column)s, score)
                SELECT %(today)s, id, score FROM %(table)s WHERE %(fell)s
                ON CONFLICT (%(column)s, date) WHERE %(column)s IS NOT NULL
                DO UPDATE SET score = EXCLUDED.score WHERE history.score IS DISTINCT FROM EXCLUDED.score
                """,
                    column=SQL.identifier(column),
                    table=SQL.identifier(table),
                    today=parameters["today"],
                    fell=fell,
                )
            )

    def _score_groups_now(self, groups):
        """Scores of these groups from the scores of their members, scaled by the last computation's maximum.

        Cheap: two statements, for groups that are new or whose members changed. A group that exceeds the maximum has
        100 until the night scales all groups afresh.
        """
        groups = groups.sudo().exists()
        if not groups:
            return
        self.env.flush_all()
        active = self.env["engagement.score.model"]._get_active()
        fresh = SQL(
            """(
            SELECT buying_group.id, COALESCE(buying_group.engagement, 0) AS old,
                   COALESCE(100 * sqrt(sums.total / NULLIF(GREATEST(sums.total, %(max)s), 0)), 0) AS score
              FROM buying_group LEFT JOIN (%(sums)s) sums ON sums.group_id = buying_group.id
             WHERE buying_group.id = ANY(%(ids)s)
            )""",
            max=active.last_max_group or 0.0,
            sums=self._group_sums_query(groups),
            ids=list(groups.ids),
        )
        parameters = {"now": fields.Datetime.now(), "uid": self.env.uid}
        self.env.cr.execute(self._update_groups_query(fresh, parameters))
        groups.invalidate_recordset(["engagement", "engagement_band"], flush=False)
        if self.env.cr.rowcount:
            self.env["engagement.activity"]._on_recorded({"engagement_changed"})
