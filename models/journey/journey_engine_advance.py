# The engine's third pass: claim a batch of due tokens, let their step process it, write the traces, move the tokens.
import logging
import random
import time
from contextlib import contextmanager
from datetime import timedelta

from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import UserError
from odoo.modules import module
from odoo.tools import SQL

from .journey_engine import RETRYABLE, RUNNING
from .kinds.journey_kind import Later, Leave, Move

_logger = logging.getLogger(__name__)

BATCH_SIZE = 1000
# collisions with other workers in a row, after which this one leaves the work to them
MAX_COLLISIONS = 20
MAX_ATTEMPTS = 3
RETRY_DELAYS = (timedelta(minutes=5), timedelta(minutes=30))


class JourneyEngine(models.AbstractModel):
    _inherit = "journey.engine"

    def _advance(self, limit=None):
        """Move every token that is due, node by node, batch by batch.

        :return: the number of participant-steps done
        """
        steps = collisions = 0
        while True:
            nodes = self._get_due_nodes()
            progress = 0
            for node in nodes:
                size = min(BATCH_SIZE, node._get_kind()._batch_size)
                size = size if limit is None else min(size, limit - steps)
                if size <= 0:
                    return steps
                with self._alone_on(node) as alone:
                    done = self._advance_batch(node, size) if alone else 0
                    time_left = self._commit(done or 0)
                if done is None:
                    collisions += 1
                    if collisions < MAX_COLLISIONS:
                        time.sleep(random.uniform(0, 0.01))  # two workers must not collide in step
                        progress += 1
                    continue
                collisions = 0
                steps += done
                progress += done
                if not time_left:
                    self._trigger()  # the time of this run is out: go on in the next one
                    return steps
            if not progress:
                return steps

    def _get_due_nodes(self):
        """Nodes of running journeys on which a token is due now."""
        self.env["journey.participant"].flush_model()
        self.env["journey.journey"].flush_model(["state"])
        self.env.cr.execute(
            """
            SELECT node.id
              FROM journey_node node
              JOIN journey_journey journey ON journey.id = node.journey_id AND journey.state IN %s
              JOIN res_users responsible ON responsible.id = journey.user_id
               AND (responsible.active OR responsible.id = %s)
             WHERE EXISTS (
                   SELECT FROM journey_participant participant
                    WHERE participant.node_id = node.id AND participant.state = 'active' AND participant.due_at <= %s)
          ORDER BY node.id
        """,
            [RUNNING, SUPERUSER_ID, fields.Datetime.now()],
        )
        return self.env["journey.node"].browse(row[0] for row in self.env.cr.fetchall())

    def _claim(self, node, size):
        """Lock up to ``size`` due tokens of a node that no other worker holds."""
        self.env.cr.execute(
            """
            SELECT participant.id
              FROM journey_participant participant
             WHERE participant.node_id = %s AND participant.state = 'active' AND participant.due_at <= %s
               AND EXISTS (
                   SELECT FROM journey_journey journey
                    WHERE journey.id = participant.journey_id AND journey.state IN %s)
          ORDER BY participant.due_at, participant.id
             LIMIT %s
        FOR NO KEY UPDATE SKIP LOCKED
        """,
            [node.id, fields.Datetime.now(), RUNNING, size],
            log_exceptions=False,  # two workers meet every now and then: no error
        )
        return self.env["journey.participant"].browse(row[0] for row in self.env.cr.fetchall())

    @contextmanager
    def _alone_on(self, node):
        """Let one worker at a time process a kind of step whose records may meet, e.g. people who are in two groups.

        The lock is the session's, not the transaction's: what is read under it must be what the last holder
        committed, so a new transaction starts after it was taken. A killed worker loses it with its connection.

        :return: context manager that says whether the step is ours
        """
        if not node._get_kind()._alone:
            yield True
            return
        # two keys: the table of steps, and the step
        lock = SQL("'journey_node'::regclass::oid::int, %s", node.id)
        self.env.cr.execute(SQL("SELECT pg_try_advisory_lock(%s)", lock))
        if not self.env.cr.fetchone()[0]:
            yield False
            return
        try:
            self._commit()
            yield True
        finally:
            self.env.cr.execute(SQL("SELECT pg_advisory_unlock(%s)", lock))

    def _advance_batch(self, node, size):
        """Claim, process and move one batch; the caller commits it.

        :return: how many tokens were handled; ``None`` if another worker got in between: look again
        """
        try:
            with self.env.cr.savepoint():
                participants = self._claim(node, size)
                if not participants:
                    return 0
                claimed = len(participants)
                participants -= self._let_leave(node.journey_id, participants)
                if not participants:
                    return claimed
                responsible = node.journey_id._as_responsible()
                results, errors = self._process(node.with_env(responsible.env).sudo(), participants)
                self._write_results(node, participants, results, errors)
                return claimed
        except RETRYABLE as error:
            # another worker changed a row between our snapshot and our lock: nothing is lost, take it again later
            if module.current_test or self.env.context.get("journey_job"):
                raise
            _logger.info("Batch of step %s is taken again: %s", node.id, error)
            self.env.cr.rollback()
            return None
        except Exception:  # the engine's own trouble with one step must not stop the others
            self._check_connection()
            _logger.exception("Step %s of journey %s cannot be carried out", node.id, node.journey_id.id)
            return 0

    def _check_connection(self):
        """Go on raising if the database is gone: that is no fault of a record, and nothing of this batch was stored."""
        if self.env.cr._cnx.closed:
            raise  # noqa: PLE0704 - called while an exception is handled

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
            self._check_connection()
            self.env.invalidate_all()
            if len(participants) == 1:
                _logger.info("Step %s failed for participant %s", node.id, participants.id, exc_info=True)
                # a text that PostgreSQL cannot store would fail a second time
                return {}, {participants.id: (str(error) or type(error).__name__).replace("\0", "")}
        middle = len(participants) // 2
        results, errors = self._process(node, participants[:middle])
        more_results, more_errors = self._process(node, participants[middle:])
        return results | more_results, errors | more_errors

    def _write_results(self, node, participants, results, errors):
        """Write the traces and move the tokens of a processed batch."""
        now = fields.Datetime.now()
        edges = {edge.outcome: edge.target_id.id for edge in node.out_edge_ids}
        paths = {edge.id: edge.target_id.id for edge in node.out_edge_ids}
        # at the end of a path of people, all people go back to where they parted
        parted_id = node._get_people_split().id
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
                traces.append((participant.id, participant.visit, "waiting", None, None, result.reason, attempts, None))
                moves.setdefault(("later", None), []).append((participant.id, result.at))
                continue
            edge_id = getattr(result, "edge_id", None)
            traces.append(
                (participant.id, participant.visit, result.state, result.outcome, edge_id, result.reason, attempts, now)
            )
            if isinstance(result, Leave):
                moves.setdefault((result.participant_state, result.reason), []).append(participant.id)
            elif target_id := paths.get(result.edge_id) or edges.get(result.outcome) or parted_id:
                moves.setdefault(("node", target_id), []).append(participant.id)
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
                self.env._("Failed and will be tried again: %(error)s", error=error),
            )
        if edges.get("error"):
            return Move("error", state="failed", reason=error)
        return Leave(error, state="failed", participant_state="failed")

    def _write_traces(self, node, traces, now):
        """Insert the traces of a batch, or end those that were waiting, in one statement.

        They have no author: it would be the engine always, and cost two looks into the table of users per trace.
        """
        self.env.cr.execute(
            SQL(
                """
            INSERT INTO journey_trace (
                participant_id, visit, state, outcome, path_id, reason, attempts, date, journey_id, node_id, started_at,
                create_date, write_date)
            SELECT row.*, %(journey)s, %(node)s, %(now)s, %(now)s, %(now)s
              FROM unnest(
                   %(ids)s::int[], %(visits)s::int[], %(states)s::varchar[], %(outcomes)s::varchar[], %(paths)s::int[],
                   %(reasons)s::varchar[], %(attempts)s::int[], %(dates)s::timestamp[]) AS row
                ON CONFLICT (participant_id, visit) DO UPDATE
               SET state = EXCLUDED.state, outcome = EXCLUDED.outcome, path_id = EXCLUDED.path_id,
                   reason = EXCLUDED.reason, attempts = EXCLUDED.attempts, date = EXCLUDED.date, write_date = EXCLUDED.write_date
            """,
                journey=node.journey_id.id,
                node=node.id,
                now=now,
                # arrays: a thousand rows of parameters take longer to put together than to insert
                **dict(
                    zip(
                        ("ids", "visits", "states", "outcomes", "paths", "reasons", "attempts", "dates"),
                        map(list, zip(*traces, strict=True)),
                        strict=True,
                    )
                ),
            )
        )
        self.env["journey.trace"].invalidate_model()

    def _move_tokens(self, moves, failed_ids, now):
        """One statement per target; all that wait in one, whenever each of them is due again."""
        stamp = SQL("write_date = %s, write_uid = %s", now, self.env.uid)
        for (move, value), ids in moves.items():
            if move == "later":
                ids, dates = map(list, zip(*ids, strict=True))
                failed = SQL("participant.id = ANY(%s::int[])", list(failed_ids))
                self.env.cr.execute(
                    SQL(
                        """
                    UPDATE journey_participant participant
                       SET due_at = row.due_at, attempts = attempts + CASE WHEN %(failed)s THEN 1 ELSE 0 END,
                           waiting_since = CASE WHEN %(failed)s THEN waiting_since
                                                ELSE COALESCE(waiting_since, %(now)s) END, %(stamp)s
                      FROM unnest(%(ids)s::int[], %(dates)s::timestamp[]) AS row(id, due_at)
                     WHERE participant.id = row.id
                    """,
                        failed=failed,
                        now=now,
                        stamp=stamp,
                        ids=ids,
                        dates=dates,
                    )
                )
                continue
            if move == "node":
                change = SQL(
                    "node_id = %s, visit = visit + 1, due_at = %s, waiting_since = NULL, attempts = 0, arrived_at = %s,"
                    " arrived_after = (SELECT COALESCE(MAX(id), 0) FROM engagement_activity)",
                    value,
                    now,
                    now,
                )
            else:
                change = SQL(
                    "state = %s, exit_reason = %s, left_at = %s, due_at = NULL, waiting_since = NULL", move, value, now
                )
            self.env.cr.execute(SQL("UPDATE journey_participant SET %s, %s WHERE id = ANY(%s)", change, stamp, ids))
        self.env["journey.participant"].invalidate_model()
