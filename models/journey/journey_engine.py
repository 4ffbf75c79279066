# The engine: three set-based passes over everything that is due.
import logging
import time
from contextlib import contextmanager
from types import SimpleNamespace

from psycopg2 import errors as pg_errors

from odoo import SUPERUSER_ID, api, fields, models
from odoo.modules import module
from odoo.tools import plaintext2html

_logger = logging.getLogger(__name__)

RETRYABLE = (pg_errors.SerializationFailure, pg_errors.DeadlockDetected, pg_errors.LockNotAvailable)
RUNNING = ("live", "closed")
# seconds; a look at an audience, or at everybody inside, that takes less may happen in every tick
NOTICEABLE = 0.03
# a look may take a twentieth of the time, but is put off by four minutes at most: less than the scheduled action's five
REST_FACTOR = 20
LONGEST_REST = 240
# {(database, journey id, what): when to look again}; each worker has its own
_resting = {}


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
        with engine._unless_taken():
            engine._trigger_next()
        engine._commit()
        return steps

    @api.model
    def _cron_tick(self):
        self.tick()

    # Pass 1: enrol ------------------------------------------------------------------------------------------------

    def _enrol(self):
        """Let the audiences of live journeys in, see ``_enrol_one``."""
        now = fields.Datetime.now()
        journeys = self.env["journey.journey"].search(
            [
                ("state", "=", "live"),
                "|",
                ("user_id.active", "=", True),
                ("user_id", "=", SUPERUSER_ID),
                "|",
                ("date_start", "=", False),
                ("date_start", "<=", now),
                "|",
                ("date_end", "=", False),
                ("date_end", ">", now),
            ]
        )
        for journey in journeys:
            if self._is_resting(journey, "enrol"):
                continue
            start = time.perf_counter()
            try:
                with self._unless_taken():
                    entered = self._enrol_one(journey, now)
                    self._rest(journey, "enrol", 0 if entered else time.perf_counter() - start)
            except Exception as error:  # one broken audience must not stop the other journeys
                self._check_connection()
                _logger.info("Journey %s cannot let its audience in: %s", journey.id, error)
                message = str(error)
                with self._unless_taken():
                    self._tell_owner(
                        journey, lambda env, m=message: env._("The audience cannot enter: %(error)s", error=m)
                    )
            self._commit()

    def _is_resting(self, journey, what):
        """Whether this worker looked a moment ago, which took long.

        :param str what: ``enrol`` (who would enter), ``leave`` (whom a filter lets leave) or ``goal`` (the target)
        """
        return time.perf_counter() < _resting.get((self.env.cr.dbname, journey.id, what), 0)

    def _rest(self, journey, what, seconds):
        """Looking at a million takes a second or two, so it must not fill every tick: after a look that took that long
        (and, of newcomers, found nobody), the next one waits for twenty times as long, though for four minutes at most.
        What is small is looked at in every tick. Whoever is due is checked right before the step in any case.
        """
        pause = min(REST_FACTOR * seconds, LONGEST_REST) if seconds > NOTICEABLE and self._may_rest() else 0
        _resting[self.env.cr.dbname, journey.id, what] = time.perf_counter() + pause

    def _may_rest(self):
        """Tests expect every tick to look."""
        return not module.current_test

    # Pass 2: leave ------------------------------------------------------------------------------------------------

    def _leave(self):
        """Let out those whose journey was aborted while their batch was being processed."""
        self.env["journey.participant"].flush_model()
        self.env["journey.journey"].flush_model(["state"])
        self.env.cr.execute("""
            SELECT id FROM journey_journey
             WHERE state = 'aborted' AND EXISTS (
                   SELECT FROM journey_participant WHERE journey_id = journey_journey.id AND state = 'active')
        """)
        aborted = self.env["journey.journey"].browse(row[0] for row in self.env.cr.fetchall())
        for journey in aborted:
            with self._unless_taken() as attempt:
                self.env["journey.participant"]._leave_all(journey, self.env._("The journey was aborted."))
            if not attempt.done:
                self._trigger()  # the batch in which they are ends soon
            self._commit()
        self._commit()

    # Around -------------------------------------------------------------------------------------------------------

    def _finish(self):
        """Closed journeys, and ended ones, are finished when nobody is inside any more."""
        self.env["journey.participant"].flush_model()
        candidates = self.env["journey.journey"].search(
            ["|", ("state", "=", "closed"), "&", ("state", "=", "live"), ("date_end", "<=", fields.Datetime.now())]
        )
        if candidates:
            # whether, not how many: a glance at the index, also for a million
            self.env.cr.execute(
                """
                SELECT id FROM journey_journey
                 WHERE id = ANY(%s) AND NOT EXISTS (
                       SELECT FROM journey_participant WHERE journey_id = journey_journey.id AND state = 'active')
                """,
                [candidates.ids],
            )
            empty = candidates.browse(row[0] for row in self.env.cr.fetchall())
            with self._unless_taken():
                self._lock(empty).write({"state": "finished"})
            self._commit()

    @contextmanager
    def _unless_taken(self):
        """Several workers may come to the same rows at once. Then one of them does what is inside; for the others it is
        undone and is no failure, as the next tick comes soon. Whatever was done before must have been committed.

        :return: context manager whose ``done`` says afterwards whether it was done
        """
        attempt = SimpleNamespace(done=False)
        try:
            with self.env.cr.savepoint():
                yield attempt
            attempt.done = True
        except RETRYABLE:
            if module.current_test:
                raise
            self.env.cr.rollback()

    def _lock(self, journeys):
        """:return: those of the journeys to whose rows no other worker writes now; they are locked"""
        self.env.cr.execute(
            "SELECT id FROM journey_journey WHERE id = ANY(%s) FOR NO KEY UPDATE SKIP LOCKED",
            [journeys.ids],
            log_exceptions=False,  # two workers meet every now and then: no error
        )
        return journeys.browse(row[0] for row in self.env.cr.fetchall())

    def _check_connection(self):
        """Go on raising if the database is gone: that is no fault of a record, and nothing of this batch was stored."""
        if self.env.cr._cnx.closed:
            raise  # noqa: PLE0704 - called while an exception is handled

    def _tell_owner(self, journey, get_note):
        """One to-do for the responsible user, not one per participant: an open one is left as it is.

        :param get_note: called with the environment of the owner's language
        """
        journey = journey.with_context(lang=journey.user_id.lang)
        warning = self.env.ref("mail.mail_activity_data_warning", raise_if_not_found=False)
        known = journey.activity_ids.filtered(
            lambda activity: activity.activity_type_id == warning and activity.user_id == journey.user_id
        )
        if not known:
            # of two workers that fail at once the second gets a serialization failure here, and sees the to-do then
            self.env.cr.execute(
                "UPDATE journey_journey SET write_date = write_date WHERE id = %s", [journey.id], log_exceptions=False
            )
            journey.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=journey.env._("Journey needs attention"),
                note=plaintext2html(get_note(journey.env)),
                user_id=journey.user_id.id,
            )

    def _trigger(self, at=None):
        """Wake the scheduled action now, or at these times."""
        cron = self.env.ref("crm_buying_journey.ir_cron_journey_engine", raise_if_not_found=False)
        if cron:
            cron.sudo()._trigger(at if at else None)

    def _trigger_next(self):
        """Wake the scheduled action when the next token is due, unless it wakes before."""
        self.env["journey.participant"].flush_model()
        self.env.cr.execute(
            """
            SELECT MIN(next.due_at)
              FROM journey_node node
              JOIN journey_journey journey ON journey.id = node.journey_id AND journey.state IN %s,
                   -- one look into the index per step, however many wait there
                   LATERAL (
                   SELECT participant.due_at
                     FROM journey_participant participant
                    WHERE participant.node_id = node.id AND participant.state = 'active' AND participant.due_at > %s
                 ORDER BY participant.due_at
                    LIMIT 1) next
        """,
            [RUNNING, fields.Datetime.now()],
        )
        next_due = self.env.cr.fetchone()[0]
        cron = self.env.ref("crm_buying_journey.ir_cron_journey_engine", raise_if_not_found=False)
        if (
            next_due
            and cron
            and not self.env["ir.cron.trigger"]
            .sudo()
            .search_count(
                [("cron_id", "=", cron.id), ("call_at", ">", fields.Datetime.now()), ("call_at", "<=", next_due)],
                limit=1,
            )
        ):
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
