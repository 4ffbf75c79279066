# The outbox's ledger: notes before each mail that it is on its way, and after it what became of it.
from datetime import datetime, timezone

UNCERTAIN = "mail_uncertain"
# traces of mails that were sent, will be, or may have been; :alias: is the trace's
MAILED = f"(trace.trace_status NOT IN ('cancel', 'error') OR trace.failure_type = '{UNCERTAIN}')"
# mails of participants that left early, which nobody could cancel yet, and the copies of these; :alias: is the mail's
DROPPED = """
    mail.id IN (
        SELECT trace.mail_mail_id
          FROM journey_participant participant
          JOIN mailing_trace trace ON trace.journey_participant_id = participant.id
         WHERE participant.outbox_dropped AND trace.mail_mail_id IS NOT NULL
     UNION ALL
        SELECT copied.id
          FROM journey_participant participant
          JOIN mailing_trace trace ON trace.journey_participant_id = participant.id
          JOIN mail_mail own ON own.id = trace.mail_mail_id AND own.state = 'outgoing'
          JOIN mailing_trace_copy copy ON copy.trace_id = trace.id
          JOIN mail_mail copied ON copied.mailing_copy_id = copy.id
         WHERE participant.outbox_dropped)
"""
# whom nothing is sent to at the moment; :alias: is the mail's
HELD = f"""
    ({DROPPED}
     OR EXISTS (
        SELECT FROM mailing_mailing mailing
          JOIN journey_node node ON node.id = mailing.journey_node_id
          JOIN journey_journey journey ON journey.id = node.journey_id
         WHERE mailing.id = mail.mailing_id AND journey.state IN ('paused', 'aborted'))
     OR EXISTS (
        SELECT FROM journey_journey journey
         WHERE journey.id = mail.journey_id AND journey.state IN ('paused', 'aborted')))
"""


class OutboxLedger:
    """Writes the states of mails around their transmission, so that a crash at any instant doubles none.

    A mail is taken (``exception``, uncertain) before its text goes to the mail server, and settled afterwards. Where
    the sender commits, each of these is durable at once and seen by everybody: the statements run one by one in a
    connection of their own, one for each mail, since settling a mail and taking the next is one statement. Inside
    somebody else's transaction they are part of it.
    """

    def __init__(self, env, durable, reason):
        """:param bool durable: use a connection of its own and commit each statement
        :param str reason: what is noted on a mail that is on its way, should nothing else be noted ever after
        """
        self._env = env
        self._durable = durable
        self._reason = reason
        self._outcome = None

    def __enter__(self):
        if self._durable:
            self._cr = self._env.registry.cursor()
            # each statement is a transaction, and sees what the others have committed before it
            self._cr.connection.rollback()
            self._cr.connection.set_session(autocommit=True, isolation_level="READ COMMITTED")
        else:
            self._cr = self._env.cr
        return self

    def __exit__(self, *_error):
        if self._durable:
            if not self._cr.connection.closed:
                self._cr.connection.set_session(autocommit=False, isolation_level="DEFAULT")
            self._cr.close()

    def take(self, mail_id):
        """Settle the mail before, and note that this one is on its way from now on.

        :return: whether it may be sent; not if it was cancelled, is held back, or is another sender's meanwhile
        """
        settle, values = self._get_settling()
        self._cr.execute(
            f"""
            WITH settled AS ({settle})
            UPDATE mail_mail
               SET state = 'exception', failure_type = %(uncertain)s, failure_reason = %(reason)s,
                   write_date = %(now)s
             WHERE id = (
                   SELECT mail.id FROM mail_mail mail
                    WHERE mail.id = %(taken)s AND mail.state = 'outgoing' AND NOT {HELD}
                      FOR NO KEY UPDATE SKIP LOCKED)
         RETURNING id
            """,
            values | {"uncertain": UNCERTAIN, "reason": self._reason, "taken": mail_id, "now": self._now()},
        )
        self._outcome = None
        return bool(self._cr.fetchone())

    def settle(self, mail_id, state, failure_type=None, failure_reason=None):
        """Note what became of a mail that was taken. It is written with the next one, or by :meth:`flush`."""
        reason = failure_reason.replace("\0", "") if failure_reason else None
        self._outcome = (mail_id, state, failure_type or None, reason)

    def flush(self):
        """Write what became of the last mail."""
        if self._outcome:
            settle, values = self._get_settling()
            self._cr.execute(settle, values)
            self._outcome = None

    def _get_settling(self):
        if not self._outcome:
            return "SELECT", {}
        mail_id, state, failure_type, failure_reason = self._outcome
        return (
            """UPDATE mail_mail SET state = %(state)s, failure_type = %(type)s, failure_reason = %(because)s,
                      write_date = %(now)s
                WHERE id = %(mail)s
                  -- unless this worker was believed dead, and somebody was told that nobody knows
                  AND NOT (journey_outbox = 'done' AND state = 'exception')""",
            {
                "mail": mail_id,
                "state": state,
                "type": failure_type,
                "because": failure_reason,
                "now": self._now(),
            },
        )

    def _now(self):
        return datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)
