# The engine's first pass: one statement lets a journey's audience in.
from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class JourneyEngine(models.AbstractModel):
    _inherit = "journey.engine"

    def _enrol_one(self, journey, now):
        """:return: how many records entered"""
        responsible = journey._as_responsible()
        count = sum(self._insert_entries(journey, now, *wave) for wave in responsible._get_waves(now))
        if journey.entry_type == "activity":
            self._move_watermark(journey, "entry_watermark")
        elif journey.entry_type == "date" and journey.date_watermark != responsible._get_today(now):
            journey.date_watermark = responsible._get_today(now)
        return count

    def _enrol_records(self, journey, now, ids):
        """Let these records in, as far as the responsible user may read them.

        :return: how many entered
        """
        if not journey.user_id.active and not journey.user_id._is_superuser():
            raise UserError(self.env._("The responsible user of %(journey)s is archived.", journey=journey.name))
        return self._insert_entries(journey, now, Domain("id", "in", ids))

    def _insert_entries(self, journey, now, domain, since=None, happened=None):
        """One statement: who is inside, or may not enter again, stays out.

        :param domain: on the journey's model, read with the rights of the responsible user
        :param since: a former entry at or after this time keeps a record out
        :param happened: query of ``(res_id, date)``; only who stands in it enters, and nothing done before the former
            entry ended counts
        :return: how many entered
        """
        start = journey.current_version_id._get_start_node()
        if not start:
            raise UserError(self.env._("The live version has no first step."))
        query = journey._as_responsible().env[journey.model_name]._search(domain)
        self.env.flush_all()
        again = self._get_reentry(journey, now, since, happened)
        self.env.cr.execute(
            SQL(
                """
            INSERT INTO journey_participant (
                journey_id, company_id, version_id, node_id, res_model, res_id, entry, visit, attempts,
                state, due_at, entered_at, create_uid, create_date, write_uid, write_date)
            SELECT %(journey)s, %(company)s, %(version)s, %(node)s, %(model)s, audience.id,
                   COALESCE(former.entry, 0) + 1, 1, 0, 'active', %(now)s, %(now)s, %(uid)s, %(now)s, %(uid)s, %(now)s
              FROM %(table)s audience
              %(happened)s
         LEFT JOIN LATERAL (
                   SELECT MAX(earlier.entry) AS entry, MAX(earlier.entered_at) AS entered_at,
                          MAX(earlier.left_at) AS left_at, BOOL_OR(earlier.state = 'active') AS inside
                     FROM journey_participant earlier
                    WHERE earlier.res_model = %(model)s AND earlier.res_id = audience.id
                      AND earlier.journey_id = %(journey)s) former ON %(join)s
             WHERE audience.id IN %(query)s AND %(again)s
          ORDER BY audience.id
                ON CONFLICT DO NOTHING
            """,
                journey=journey.id,
                company=journey.company_id.id or None,
                version=journey.current_version_id.id,
                node=start.id,
                model=journey.model_name,
                now=now,
                uid=self.env.uid,
                table=SQL.identifier(self.env[journey.model_name]._table),
                happened=SQL("JOIN (%s) happened ON happened.res_id = audience.id", happened) if happened else SQL(),
                # without re-entry the aggregate is not needed: an anti-join is what a large audience wants
                join=SQL("TRUE") if again else SQL("FALSE"),
                again=again
                or SQL(
                    """
                    NOT EXISTS (
                        SELECT FROM journey_participant earlier
                         WHERE earlier.res_model = %s AND earlier.res_id = audience.id AND earlier.journey_id = %s)
                    """,
                    journey.model_name,
                    journey.id,
                ),
                query=query.subselect(),
            ),
            log_exceptions=False,  # two workers meet every now and then: no error
        )
        count = self.env.cr.rowcount
        self.env["journey.participant"].invalidate_model()
        return count

    def _get_reentry(self, journey, now, since, happened):
        """Condition on ``former``, the former entries of a record; ``None`` if nobody enters twice."""
        yearly = journey.entry_type == "date" and journey.date_yearly and since
        if journey.reentry == "none" and not yearly:
            return None
        conditions = [SQL("NOT former.inside")]
        if journey.reentry_limit:
            conditions.append(SQL("former.entry < %s", journey.reentry_limit))
        if journey.reentry != "none" and not yearly:
            conditions.append(
                SQL(
                    "%s + make_interval(%s => %s) <= %s",
                    SQL("COALESCE(former.left_at, former.entered_at)")
                    if journey.reentry == "end"
                    else SQL("former.entered_at"),
                    SQL("hours") if journey.reentry_unit == "hours" else SQL("days"),
                    journey.reentry_delay,
                    # what somebody did too early stays too early
                    SQL("happened.date") if happened else now,
                )
            )
        if since:
            conditions.append(SQL("former.entered_at < %s", since))
        if happened:
            conditions.append(SQL("happened.date > COALESCE(former.left_at, former.entered_at)"))
        return SQL("(former.entry IS NULL OR (%s))", SQL(" AND ").join(conditions))

    def _move_watermark(self, journey, name):
        """Remember up to which activity a journey has looked. The last hour is looked at again, since a transaction
        that began earlier may still bring an activity with a lower number."""
        self.env.cr.execute(
            SQL(
                """
            UPDATE journey_journey SET %(name)s = seen.id
              FROM (SELECT MAX(id) AS id FROM engagement_activity
                     WHERE id > %(former)s AND create_date < now() AT TIME ZONE 'UTC' - interval '1 hour') seen
             WHERE journey_journey.id = %(journey)s AND seen.id > %(former)s
            """,
                name=SQL.identifier(name),
                former=journey[name],
                journey=journey.id,
            ),
            log_exceptions=False,  # two workers meet every now and then: no error
        )
        journey.invalidate_recordset([name])
