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

# more than any kind takes at once: it is there for those who want less, such as tests
BATCH_SIZE = 5000
# after this time a run looks again which steps have something to do
LOOK_SECONDS = 0.5
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
        positions = {}
        while True:
            self._take_over()
            if not (nodes := self._get_due_nodes()):
                break
            progress, looked = 0, time.monotonic()
            # the same steps again while they have work: each look for due steps costs a glance at every step
            while nodes and time.monotonic() < looked + LOOK_SECONDS:
                for node in nodes:
                    size = node._get_kind()._get_batch_size(node, BATCH_SIZE)
                    size = size if limit is None else min(size, limit - steps)
                    if size <= 0:
                        return steps
                    with self._alone_on(node) as alone:
                        done = self._advance_batch(node, size, positions) if alone else 0
                        time_left = self._commit(done or 0)
                    if done is None:
                        collisions += 1
                        if collisions < MAX_COLLISIONS:
                            time.sleep(random.uniform(0, 0.01))  # two workers must not collide in step
                            progress += 1
                        else:
                            nodes -= node
                        continue
                    collisions = 0
                    steps += done
                    progress += done
                    if done < size:
                        nodes -= node
                    if not time_left:
                        self._trigger()  # the time of this run is out: go on in the next one
                        return steps
            if not progress:
                break
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

    def _claim(self, node, size, positions):
        """Lock up to ``size`` due tokens of a node that no other worker holds.

        A run goes on behind the last token that it claimed, so that it need not step over what it has moved already;
        at the end it looks once more from the start, for what another worker gave back or has made due.

        :param dict positions: where this run stands at each node, which is noted here
        """
        while True:
            position = positions.get(node.id)
            self.env.cr.execute(
                SQL(
                    """
                SELECT participant.id, participant.due_at
                  FROM journey_participant participant
                 WHERE participant.node_id = %s AND participant.state = 'active' AND participant.due_at <= %s
                   AND %s
                   AND EXISTS (
                       SELECT FROM journey_journey journey
                        WHERE journey.id = participant.journey_id AND journey.state IN %s)
              ORDER BY participant.due_at, participant.id
                 LIMIT %s
            FOR NO KEY UPDATE SKIP LOCKED
                    """,
                    node.id,
                    fields.Datetime.now(),
                    SQL("(participant.due_at, participant.id) > (%s, %s)", *position) if position else SQL("TRUE"),
                    RUNNING,
                    size,
                ),
                log_exceptions=False,  # two workers meet every now and then: no error
            )
            rows = self.env.cr.fetchall()
            if rows:
                last_id, last_due_at = rows[-1]
                positions[node.id] = (last_due_at, last_id)
            if rows or not positions.pop(node.id, None):
                return self.env["journey.participant"].browse(row[0] for row in rows)

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

    def _advance_batch(self, node, size, positions=None):
        """Claim, process and move one batch; the caller commits it.

        :param dict positions: see ``_claim``
        :return: how many tokens were handled; ``None`` if another worker got in between: look again
        """
        try:
            with self.env.cr.savepoint():
                participants = self._claim(node, size, {} if positions is None else positions)
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
        """Write the traces and move the tokens of a processed batch.

        Participants with the same result share a row of what follows, so that a batch of a thousand that all do the
        same costs one; see ``_move_tokens``.
        """
        now = fields.Datetime.now()
        edges = {edge.outcome: edge.target_id.id for edge in node.out_edge_ids}
        paths = {edge.id: edge.target_id.id for edge in node.out_edge_ids}
        # at the end of a path of people, all people go back to where they parted
        parted_id = node._get_people_split().id
        numbers, rows, final, gone = {}, [], [], []
        which = []
        for participant_id in participants._ids:
            result = results.get(participant_id)
            failed = participant_id in errors
            if failed:
                participant = participants.browse(participant_id)
                result = self._get_failure(participant, errors[participant_id], now, edges)
                if participant.attempts + 1 >= MAX_ATTEMPTS:
                    final.append(result.reason)
            elif result is None:
                raise UserError(self.env._("The step %(step)s forgot a participant.", step=node.name))
            number = numbers.get((result, failed))
            if number is None:
                number = numbers[result, failed] = len(rows)
                rows.append(self._get_consequence(result, failed, paths, edges, parted_id))
            which.append(number)
            if isinstance(result, Leave) and result.participant_state == "exited":
                gone.append(participant_id)
        self._move_tokens(node, participants._ids, which, rows, now)
        if gone:
            self.env["journey.participant"].browse(gone)._on_taken_out()
        if final:
            self._tell_owner(
                node.journey_id, lambda env: env._("%(step)s failed: %(error)s", step=node.name, error=final[0])
            )

    def _get_consequence(self, result, failed, paths, edges, parted_id):
        """What follows a result: ``(trace state, outcome, path, reason, failed attempts, node to go to, state of the
        participant, exit reason, when to be looked at again)``"""
        if isinstance(result, Later):
            return result.state, None, None, result.reason, int(failed), None, "active", None, result.at
        trace = (result.state, result.outcome, getattr(result, "edge_id", None) or None, result.reason, int(failed))
        if isinstance(result, Leave):
            return *trace, None, result.participant_state, result.reason, None
        target_id = paths.get(result.edge_id) or edges.get(result.outcome) or parted_id or None
        return *trace, target_id, "active" if target_id else "completed", None, None

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

    def _move_tokens(self, node, ids, which, rows, now):
        """Move the tokens of a batch and write their traces, in one statement: where they go to, and when they are due
        again, stands in ``rows``; ``which`` holds the number of the row for each id.

        Traces have no author: it would be the engine always, and cost two looks into the table of users per trace.
        """
        columns = list(map(list, zip(*rows, strict=True)))
        self.env.cr.execute(
            SQL(
                """
            WITH moved AS (
                UPDATE journey_participant participant
                   SET node_id = COALESCE(row.target_id, participant.node_id),
                       visit = participant.visit + CASE WHEN row.target_id IS NULL THEN 0 ELSE 1 END,
                       state = row.participant_state,
                       due_at = CASE WHEN row.target_id IS NULL THEN row.again_at ELSE %(now)s END,
                       -- the number of failed attempts begins anew at the next step
                       attempts = CASE WHEN row.target_id IS NULL
                                       THEN participant.attempts + row.failed ELSE 0 END,
                       waiting_since = CASE WHEN row.trace_state != 'waiting' THEN NULL
                                            WHEN row.failed = 1 THEN participant.waiting_since
                                            ELSE COALESCE(participant.waiting_since, %(now)s) END,
                       arrived_at = CASE WHEN row.target_id IS NULL THEN participant.arrived_at ELSE %(now)s END,
                       arrived_after = CASE WHEN row.target_id IS NULL THEN participant.arrived_after
                                            ELSE (SELECT COALESCE(MAX(id), 0) FROM engagement_activity) END,
                       exit_reason = CASE WHEN row.participant_state = 'active' THEN participant.exit_reason
                                          ELSE row.exit_reason END,
                       left_at = CASE WHEN row.participant_state = 'active' THEN participant.left_at ELSE %(now)s END,
                       write_date = %(now)s, write_uid = %(uid)s
                  FROM unnest(%(ids)s::int[], %(which)s::int[]) AS token(id, number)
                  JOIN unnest(
                       %(numbers)s::int[], %(states)s::varchar[], %(outcomes)s::varchar[], %(paths)s::int[],
                       %(reasons)s::varchar[], %(failed)s::int[], %(targets)s::int[], %(participant_states)s::varchar[],
                       %(exit_reasons)s::varchar[], %(dates)s::timestamp[])
                    AS row(number, trace_state, outcome, path_id, reason, failed, target_id, participant_state,
                           exit_reason, again_at) ON row.number = token.number
                 WHERE participant.id = token.id
             RETURNING participant.id, participant.visit - CASE WHEN row.target_id IS NULL THEN 0 ELSE 1 END AS visit,
                       row.trace_state, row.outcome, row.path_id, row.reason, row.failed
            )
            INSERT INTO journey_trace (
                participant_id, visit, state, outcome, path_id, reason, attempts, date, journey_id, node_id, started_at,
                create_date, write_date)
            SELECT id, visit, trace_state, outcome, path_id, reason, failed,
                   CASE WHEN trace_state = 'waiting' THEN NULL ELSE %(now)s END,
                   %(journey)s, %(node)s, %(now)s, %(now)s, %(now)s
              FROM moved
                ON CONFLICT (participant_id, visit) DO UPDATE
               SET state = EXCLUDED.state, outcome = EXCLUDED.outcome, path_id = EXCLUDED.path_id,
                   reason = EXCLUDED.reason, attempts = journey_trace.attempts + EXCLUDED.attempts,
                   date = EXCLUDED.date, write_date = EXCLUDED.write_date
                """,
                # naive UTC, typed, since it stands alone in branches
                now=SQL("%s::timestamp", now),
                uid=self.env.uid,
                ids=list(ids),
                which=which,
                numbers=list(range(len(rows))),
                journey=node.journey_id.id,
                node=node.id,
                **dict(
                    zip(
                        (
                            "states",
                            "outcomes",
                            "paths",
                            "reasons",
                            "failed",
                            "targets",
                            "participant_states",
                            "exit_reasons",
                            "dates",
                        ),
                        columns,
                        strict=True,
                    )
                ),
            )
        )
        if self.env.cr.rowcount != len(ids):
            raise UserError(self.env._("The step %(step)s lost a participant.", step=node.name))
        self.env["journey.participant"].invalidate_model()
        self.env["journey.trace"].invalidate_model()
