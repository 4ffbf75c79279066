# The engine's second pass: exit rules and goals, at each tick for everybody and for a batch before its next step.
import logging
import time
from datetime import timedelta

from odoo import SUPERUSER_ID, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .journey_engine import RUNNING

_logger = logging.getLogger(__name__)


class JourneyEngine(models.AbstractModel):
    _inherit = "journey.engine"

    def _leave(self):
        result = super()._leave()
        has_rules = Domain.OR(
            [
                [("exit_domain", "not in", (False, "[]"))],
                [("goal_domain", "not in", (False, "[]"))],
                [("exit_type_ids", "!=", False)],
                [("goal_type_ids", "!=", False)],
                [("exit_on_unsubscribe", "=", True)],
            ]
        )
        journeys = self.env["journey.journey"].search([("state", "in", RUNNING), *has_rules])
        for journey in journeys.filtered(lambda journey: journey.user_id.active or journey.user_id.id == SUPERUSER_ID):
            resting = self._is_resting(journey, "leave")
            start = time.perf_counter()
            try:
                with self._unless_taken():
                    self._let_leave(journey, events_only=resting)
                    if journey.exit_type_ids or journey.goal_type_ids:
                        self._move_watermark(journey, "exit_watermark")
                    if not resting:
                        self._rest(journey, "leave", time.perf_counter() - start)
            except Exception as error:  # one broken rule must not stop the other journeys
                self._check_connection()
                _logger.info("The exit rules of journey %s cannot be checked: %s", journey.id, error)
                message = str(error)
                with self._unless_taken():
                    self._tell_owner(
                        journey, lambda env, m=message: env._("The exit rules cannot be checked: %(error)s", error=m)
                    )
            self._commit()
        with self._unless_taken():
            self._check_goals(journeys)
        self._commit()
        return result

    def _let_leave(self, journey, participants=None, events_only=False):
        """Take out whom an exit rule or the goal takes out, and note who reached the goal: one statement.

        :param participants: look only at these; everybody inside if left out
        :param bool events_only: look only at what happened lately, which costs little, not at filters, which have to
            be evaluated for everybody
        :return: those who left
        :rtype: journey.participant
        """
        Participant = self.env["journey.participant"]
        rules = journey._as_responsible()._get_leave_rules()
        if events_only:
            rules = [(what, rule) for what, rule in rules if not isinstance(rule, Domain)]
        if not rules:
            return Participant
        # without leaving, the goal is noted once; those who have noted it are looked at for the exit rules alone
        if not journey.goal_leaves:
            reached = [rule for what, rule in rules if what == "goal"]
            rules = [(what, rule) for what, rule in rules if what != "goal"]
            if reached:
                self._take_out(journey, [("goal", rule) for rule in reached], participants, stays=True)
        return Participant.browse(self._take_out(journey, rules, participants)) if rules else Participant

    def _take_out(self, journey, rules, participants, stays=False):
        """:return: the ids of the participants whom a rule concerns and whom no other worker holds"""
        now = fields.Datetime.now()
        model = journey.model_name
        self.env[model].flush_model()
        texts = self._get_leave_texts(journey)
        if participants is not None:
            participants.fetch(["res_id"])
        concerned = [self._get_concerned(journey, rule, participants) for _what, rule in rules]
        self.env["journey.participant"].flush_model()
        whys = [self._get_why(what, rule, texts) for what, rule in rules]
        narrow = SQL("AND participant.id = ANY(%s)", participants.ids) if participants is not None else SQL()
        if stays:
            narrow = SQL("%s AND participant.goal_at IS NULL", narrow)
        change = SQL("goal_at = CASE WHEN outcome.is_goal THEN %s ELSE participant.goal_at END", now)
        if not stays:
            change = SQL(
                "%s, state = outcome.state, exit_reason = outcome.reason, left_at = %s, due_at = NULL,"
                " waiting_since = NULL",
                change,
                now,
            )
        self.env.cr.execute(
            SQL(
                """
            WITH found AS MATERIALIZED (
                %(found)s
            ), locked AS (
                SELECT participant.id, found.rule
                  FROM journey_participant participant
                  JOIN (SELECT id, MIN(rule) AS rule FROM found GROUP BY id) found ON found.id = participant.id
                 WHERE participant.state = 'active'
         FOR NO KEY UPDATE OF participant SKIP LOCKED
            )
            UPDATE journey_participant participant
               SET %(change)s, write_date = %(now)s, write_uid = %(uid)s
              FROM locked
              JOIN (VALUES %(outcomes)s) AS outcome(rule, is_goal, state, reason) ON outcome.rule = locked.rule
             WHERE participant.id = locked.id
         RETURNING participant.id
            """,
                # from the records that match to those inside, rule by rule: who does not match costs little
                found=SQL(" UNION ALL ").join(
                    SQL(
                        """
                    SELECT participant.id, %s AS rule
                      FROM journey_participant participant %s
                     WHERE participant.journey_id = %s AND participant.res_model = %s AND participant.state = 'active'
                       %s AND %s
                        """,
                        number,
                        join,
                        journey.id,
                        model,
                        narrow,
                        condition,
                    )
                    for number, (join, condition) in enumerate(concerned)
                ),
                change=change,
                now=now,
                uid=self.env.uid,
                outcomes=SQL(", ").join(
                    SQL("(%s, %s, %s::varchar, %s::varchar)", number, *why) for number, why in enumerate(whys)
                ),
            )
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        self.env["journey.participant"].invalidate_model()
        journey.invalidate_recordset(["goal_count", "goal_percent", "exited_count"])
        if ids and not stays:
            # the step that they waited at ends with them
            self.env.cr.execute(
                """
                UPDATE journey_trace trace
                   SET state = 'skipped', reason = participant.exit_reason, date = %s
                  FROM journey_participant participant
                 WHERE participant.id = trace.participant_id AND participant.visit = trace.visit
                   AND participant.id = ANY(%s) AND trace.state = 'waiting'
                """,
                [now, ids],
            )
            self.env["journey.trace"].invalidate_model()
            self.env["journey.participant"].browse(ids)._on_taken_out()
        return ids

    def _get_concerned(self, journey, rule, participants):
        """Whom a rule concerns, read with the rights of the responsible user: a join with ``participant``, maybe empty,
        and a condition."""
        responsible = journey._as_responsible()
        if isinstance(rule, Domain):
            if participants is not None:  # a batch must not cost a look at every record of the model
                rule &= Domain("id", "in", participants.mapped("res_id"))
            # who unsubscribes leaves, also where archived records take part
            active_test = not responsible._asks_for_archived()
            query = responsible.env[journey.model_name].with_context(active_test=active_test)._search(rule)
            self.env.flush_all()
            return SQL(), SQL("participant.res_id IN %s", query.subselect())
        # what happened in the very second of publishing counts as well; nobody entered before it
        since = (journey.published_at or journey.create_date) - timedelta(seconds=1)
        happened = responsible._get_happened(rule, journey.exit_watermark, since)
        return (
            SQL("JOIN (%s) happened ON happened.res_id = participant.res_id", happened),
            SQL("happened.date >= participant.entered_at"),
        )

    def _get_leave_texts(self, journey):
        """Reasons, in the language of the responsible user."""
        env = journey._as_responsible().env
        return {
            "goal": env._("Reached the goal"),
            "goal activity": env._("Reached the goal by an activity"),
            "exit": env._("Matched the exit rule"),
            "exit activity": env._("Did what ends the journey"),
            "unsubscribe": env._("Unsubscribed from mails"),
        }

    def _get_why(self, what, rule, texts):
        """``(is_goal, state, reason)`` of those whom a rule concerns"""
        is_goal = what == "goal"
        text = texts[what] if isinstance(rule, Domain) else texts[f"{what} activity"]
        return is_goal, "completed" if is_goal else "exited", text

    def _check_goals(self, journeys):
        """Note when journeys reach their target, with one query for all."""
        journeys.invalidate_recordset(["goal_count", "goal_percent"])
        open_goals = journeys.filtered(
            lambda journey: (
                journey.goal_target and not journey.goal_reached_date and not self._is_resting(journey, "goal")
            )
        )
        start = time.perf_counter()

        def is_reached(journey):
            value = journey.goal_count if journey.goal_target_type == "count" else journey.goal_percent
            return value >= journey.goal_target

        if reached := open_goals.filtered(is_reached):
            self._lock(reached).goal_reached_date = fields.Datetime.now()
        for journey in open_goals:
            self._rest(journey, "goal", time.perf_counter() - start)
