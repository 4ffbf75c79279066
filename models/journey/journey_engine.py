# The engine: three set-based passes over everything that is due.
import logging
from datetime import timedelta

from psycopg2 import errors as pg_errors

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.modules import module
from odoo.tools import SQL

from .kinds.journey_kind import Later, Leave, Move

_logger = logging.getLogger(__name__)

BATCH_SIZE = 500
MAX_ATTEMPTS = 3
RETRY_DELAYS = (timedelta(minutes=5), timedelta(minutes=30))
RETRYABLE = (pg_errors.SerializationFailure, pg_errors.DeadlockDetected, pg_errors.LockNotAvailable)
RUNNING = ("live", "closed")


class JourneyEngine(models.AbstractModel):
    """Moves participants. One transaction claims a batch, lets the node's kind process it, writes the traces, moves
    the tokens and puts the mails into the outbox; so a crash at any instant loses and doubles nothing.

    Several workers may tick at once: a claim skips the rows of the others (``FOR UPDATE SKIP LOCKED``).
    """
    _name = "journey.engine"
    _description = "Journey Engine"

    @api.model
    def tick(self, limit=None):
        """Do everything that is due now: let the audiences in, let leavers out, move the tokens.

        Commits after each batch, except while tests run. Called by a scheduled action; may be called by hand.

        :param int limit: stop after about this many participant-steps; ``None`` for no limit
        :return: the number of participant-steps done
        :rtype: int
        """
        if not self.env.su:
            self.env["journey.journey"].check_access("write")
        engine = self.with_user(SUPERUSER_ID)
        engine._enrol()
        engine._leave()
        steps = engine._advance(limit)
        engine._finish()
        engine._trigger_next()
        engine._commit()
        return steps

    @api.model
    def _cron_tick(self):
        self.tick()

    # Pass 1: enrol ------------------------------------------------------------------------------------------------

    def _enrol(self):
        """Let in who is in the audience of a live journey and was never inside: one statement per journey."""
        now = fields.Datetime.now()
        journeys = self.env["journey.journey"].search([
            ("state", "=", "live"),
            "|", ("date_start", "=", False), ("date_start", "<=", now),
            "|", ("date_end", "=", False), ("date_end", ">", now),
        ])
        for journey in journeys:
            try:
                with self.env.cr.savepoint():
                    self._enrol_one(journey, now)
            except RETRYABLE:
                if module.current_test:
                    raise
                self.env.cr.rollback()  # somebody else is at it; the next tick comes soon
            except Exception as error:  # one broken audience must not stop the other journeys
                _logger.info("Journey %s cannot let its audience in: %s", journey.id, error)
                self._tell_owner(journey, self.env._("The audience cannot enter: %(error)s", error=error))
            self._commit()

    def _enrol_one(self, journey, now):
        """:return: how many records entered"""
        start = journey.current_version_id._get_start_node()
        responsible = journey._as_responsible()
        query = responsible.env[journey.model_name]._search(responsible._get_audience_domain())
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """
            INSERT INTO journey_participant (
                journey_id, company_id, version_id, node_id, res_model, res_id, entry, visit, attempts,
                state, due_at, entered_at, create_uid, create_date, write_uid, write_date)
            SELECT %(journey)s, %(company)s, %(version)s, %(node)s, %(model)s, audience.id, 1, 1, 0,
                   'active', %(now)s, %(now)s, %(uid)s, %(now)s, %(uid)s, %(now)s
              FROM %(table)s audience
             WHERE audience.id IN %(query)s
               AND NOT EXISTS (
                   SELECT FROM journey_participant earlier
                    WHERE earlier.res_model = %(model)s AND earlier.res_id = audience.id
                      AND earlier.journey_id = %(journey)s)
          ORDER BY audience.id
                ON CONFLICT DO NOTHING
            """,
            journey=journey.id, company=journey.company_id.id or None, version=journey.current_version_id.id,
            node=start.id, model=journey.model_name, now=now, uid=self.env.uid,
            table=SQL.identifier(self.env[journey.model_name]._table), query=query.subselect()))
        self.env["journey.participant"].invalidate_model()
        return self.env.cr.rowcount

    # Pass 2: leave ------------------------------------------------------------------------------------------------

    def _leave(self):
        """Let out those whose journey was aborted while their batch was being processed."""
        aborted = self.env["journey.journey"].search([("state", "=", "aborted"), ("participant_ids.state", "=", "active")])
        if aborted:
            self.env["journey.participant"]._leave_all(aborted, self.env._("The journey was aborted."))
        self._commit()

    # Pass 3: advance ----------------------------------------------------------------------------------------------

    def _advance(self, limit=None):
        """Move every token that is due, node by node, batch by batch.

        :return: the number of participant-steps done
        """
        steps = 0
        while True:
            nodes = self._get_due_nodes()
            progress = 0
            for node in nodes:
                size = BATCH_SIZE if limit is None else min(BATCH_SIZE, limit - steps)
                if size <= 0:
                    return steps
                done = self._advance_batch(node, size)
                steps += done
                progress += done
                if not self._commit(done):
                    self._trigger()  # the time of this run is out: go on in the next one
                    return steps
            if not progress:
                return steps

    def _get_due_nodes(self):
        """Nodes of running journeys on which a token is due now."""
        self.env["journey.participant"].flush_model()
        self.env["journey.journey"].flush_model(["state"])
        self.env.cr.execute("""
            SELECT node.id
              FROM journey_node node
              JOIN journey_journey journey ON journey.id = node.journey_id AND journey.state IN %s
             WHERE EXISTS (
                   SELECT FROM journey_participant participant
                    WHERE participant.node_id = node.id AND participant.state = 'active' AND participant.due_at <= %s)
          ORDER BY node.id
        """, [RUNNING, fields.Datetime.now()])
        return self.env["journey.node"].browse(row[0] for row in self.env.cr.fetchall())

    def _claim(self, node, size):
        """Lock up to ``size`` due tokens of a node that no other worker holds."""
        self.env.cr.execute("""
            SELECT participant.id
              FROM journey_participant participant
             WHERE participant.node_id = %s AND participant.state = 'active' AND participant.due_at <= %s
          ORDER BY participant.due_at, participant.id
             LIMIT %s
        FOR NO KEY UPDATE SKIP LOCKED
        """, [node.id, fields.Datetime.now(), size])
        return self.env["journey.participant"].browse(row[0] for row in self.env.cr.fetchall())

    def _advance_batch(self, node, size):
        """Claim, process and move one batch; the caller commits it.

        :return: how many tokens were handled
        """
        try:
            participants = self._claim(node, size)
            if not participants:
                return 0
            responsible = node.journey_id._as_responsible()
            results, errors = self._process(node.with_env(responsible.env).sudo(), participants)
            self._write_results(node, participants, results, errors)
            return len(participants)
        except RETRYABLE as error:
            # another worker changed a row between our snapshot and our lock: nothing is lost, take it again later
            if module.current_test:
                raise
            _logger.info("Batch of step %s is taken again: %s", node.id, error)
            self.env.cr.rollback()
            return 0

    def _process(self, node, participants):
        """Let the kind process a batch; if it fails, halve it until the culprit stands alone.

        :return: ``({participant id: result}, {participant id: error text})``
        """
        try:
            with self.env.cr.savepoint():
                results = node._get_kind()._process(node, participants)
                self.env.flush_all()
            return results, {}
        except RETRYABLE:
            raise
        except Exception as error:
            self.env.invalidate_all()
            if len(participants) == 1:
                _logger.info("Step %s failed for participant %s", node.id, participants.id, exc_info=True)
                return {}, {participants.id: str(error) or type(error).__name__}
        middle = len(participants) // 2
        results, errors = self._process(node, participants[:middle])
        more_results, more_errors = self._process(node, participants[middle:])
        return results | more_results, errors | more_errors

    def _write_results(self, node, participants, results, errors):
        """Write the traces and move the tokens of a processed batch."""
        now = fields.Datetime.now()
        edges = {edge.outcome: edge.target_id.id for edge in node.out_edge_ids}
        traces, moves, final = [], {}, []
        for participant in participants:
            result = results.get(participant.id)
            if participant.id in errors:
                result = self._get_failure(participant, errors[participant.id], now, edges)
                if participant.attempts + 1 >= MAX_ATTEMPTS:
                    final.append(result.reason)
            elif result is None:
                raise UserError(self.env._("The step %(step)s forgot a participant.", step=node.name))
            attempts = participant.attempts + (participant.id in errors)
            if isinstance(result, Later):
                traces.append((participant.id, participant.visit, "waiting", None, result.reason, attempts, None))
                moves.setdefault(("later", result.at), []).append(participant.id)
                continue
            traces.append((participant.id, participant.visit, result.state, result.outcome, result.reason, attempts, now))
            if isinstance(result, Leave):
                moves.setdefault((result.participant_state, result.reason), []).append(participant.id)
            elif edges.get(result.outcome):
                moves.setdefault(("node", edges[result.outcome]), []).append(participant.id)
            else:
                moves.setdefault(("completed", None), []).append(participant.id)
        self._write_traces(node, traces, now)
        self._move_tokens(moves, set(errors), now)
        if final:
            self._tell_owner(node.journey_id, self.env._("%(step)s failed: %(error)s", step=node.name, error=final[0]))

    def _get_failure(self, participant, error, now, edges):
        """What follows a failed attempt: again later, the error path, or out."""
        if participant.attempts + 1 < MAX_ATTEMPTS:
            return Later(
                now + RETRY_DELAYS[participant.attempts],
                self.env._("Failed and will be tried again: %(error)s", error=error))
        if edges.get("error"):
            return Move("error", state="failed", reason=error)
        return Leave(error, state="failed", participant_state="failed")

    def _write_traces(self, node, traces, now):
        """Insert the traces of a batch, or end those that were waiting, in one statement."""
        self.env.cr.execute(SQL(
            """
            INSERT INTO journey_trace (
                participant_id, visit, state, outcome, reason, attempts, date, journey_id, node_id, started_at,
                create_uid, create_date, write_uid, write_date)
            SELECT row.*, %(journey)s, %(node)s, %(now)s, %(uid)s, %(now)s, %(uid)s, %(now)s
              FROM (VALUES %(rows)s) AS row(participant_id, visit, state, outcome, reason, attempts, date)
                ON CONFLICT (participant_id, visit) DO UPDATE
               SET state = EXCLUDED.state, outcome = EXCLUDED.outcome, reason = EXCLUDED.reason,
                   attempts = EXCLUDED.attempts, date = EXCLUDED.date, write_date = EXCLUDED.write_date
            """,
            journey=node.journey_id.id, node=node.id, now=now, uid=self.env.uid,
            rows=SQL(", ").join(
                SQL("(%s, %s, %s, %s::varchar, %s::varchar, %s, %s::timestamp)", *trace) for trace in traces)))
        self.env["journey.trace"].invalidate_model()

    def _move_tokens(self, moves, failed_ids, now):
        """One statement per target."""
        for (move, value), ids in moves.items():
            if move == "later":
                change = SQL(
                    "due_at = %s, waiting_since = CASE WHEN id = ANY(%s) THEN waiting_since ELSE COALESCE(waiting_since, %s) END,"
                    " attempts = attempts + CASE WHEN id = ANY(%s) THEN 1 ELSE 0 END",
                    value, list(failed_ids), now, list(failed_ids))
            elif move == "node":
                change = SQL("node_id = %s, visit = visit + 1, due_at = %s, waiting_since = NULL, attempts = 0", value, now)
            else:
                change = SQL(
                    "state = %s, exit_reason = %s, left_at = %s, due_at = NULL, waiting_since = NULL", move, value, now)
            self.env.cr.execute(SQL(
                "UPDATE journey_participant SET %s, write_date = %s, write_uid = %s WHERE id IN %s",
                change, now, self.env.uid, tuple(ids)))
        self.env["journey.participant"].invalidate_model()

    # Around -------------------------------------------------------------------------------------------------------

    def _finish(self):
        """Closed journeys, and ended ones, are finished when nobody is inside any more."""
        self.env["journey.participant"].flush_model()
        candidates = self.env["journey.journey"].search([
            "|", ("state", "=", "closed"), "&", ("state", "=", "live"), ("date_end", "<=", fields.Datetime.now())])
        if candidates:
            inside = self.env["journey.participant"]._read_group(
                [("journey_id", "in", candidates.ids), ("state", "=", "active")], ["journey_id"])
            (candidates - self.env["journey.journey"].union(*(journey for (journey,) in inside))).write({"state": "finished"})

    def _tell_owner(self, journey, note):
        """One to-do for the responsible user, not one per participant: an open one is left as it is."""
        summary = self.env._("Journey needs attention")
        warning = self.env.ref("mail.mail_activity_data_warning", raise_if_not_found=False)
        known = journey.activity_ids.filtered(
            lambda activity: activity.activity_type_id == warning and activity.user_id == journey.user_id)
        if not known:
            journey.activity_schedule(
                "mail.mail_activity_data_warning", summary=summary, note=note, user_id=journey.user_id.id)

    def _trigger(self, at=None):
        """Wake the scheduled action now, or at these times."""
        cron = self.env.ref("crm_buying_journey.ir_cron_journey_engine", raise_if_not_found=False)
        if cron:
            cron.sudo()._trigger(at if at else None)

    def _trigger_next(self):
        """Wake the scheduled action when the next token is due, unless it wakes before."""
        self.env["journey.participant"].flush_model()
        self.env.cr.execute("""
            SELECT MIN(participant.due_at)
              FROM journey_participant participant
              JOIN journey_journey journey ON journey.id = participant.journey_id AND journey.state IN %s
             WHERE participant.state = 'active' AND participant.due_at > %s
        """, [RUNNING, fields.Datetime.now()])
        next_due = self.env.cr.fetchone()[0]
        cron = self.env.ref("crm_buying_journey.ir_cron_journey_engine", raise_if_not_found=False)
        if next_due and cron and not self.env["ir.cron.trigger"].sudo().search_count(
                [("cron_id", "=", cron.id), ("call_at", ">", fields.Datetime.now()), ("call_at", "<=", next_due)], limit=1):
            self._trigger([next_due])

    def _commit(self, processed=0):
        """Make a batch final, except while tests run.

        :return: the seconds left in this run; 0 when it should stop
        :rtype: float
        """
        if module.current_test:
            self.env.flush_all()
            return float("inf")
        return self.env["ir.cron"]._commit_progress(processed)
