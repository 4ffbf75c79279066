# The outbox: which mails are in it, who works on it, and what a crash left behind.
import logging
import time
from contextlib import contextmanager

from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from odoo import api, fields, models
from odoo.modules import module

from ..journey.journey_engine import RETRYABLE
from .outbox_ledger import HELD, UNCERTAIN

_logger = logging.getLogger(__name__)

# mails that one worker holds at a time, and sends through one connection to the mail server
CLAIM_SIZE = 200
# how far a worker looks for mails that no other worker holds
LOOK_AHEAD = 5000
MAX_COLLISIONS = 5
# what the scheduled actions do, also those that somebody made by duplicating ours
CRON_CODE = "model._cron_send_outbox()"


class MailMail(models.Model):
    """Mails of journeys, and of mailings that use the addon, wait in an outbox of their own, which several workers
    empty at the same time.

    ``journey_outbox``:

    * empty: not ours; sent by Odoo's mail queue, as ever.
    * ``open``: waits (``outgoing``), is on its way (``exception``, "interrupted"), or has just left and its traces do
      not know yet. Set when the mail is composed, and when somebody puts it back to ``outgoing``.
    * ``done``: nothing is left to do: sent, failed or cancelled.

    Each mail goes ``outgoing`` → ``exception`` → ``sent`` as in Odoo, but the second state is committed before the
    mail server gets the text, and the third after it took it. So a crash leaves at most one mail per worker of which
    nobody knows whether it left; it stays ``exception``, says so, and is sent again only if somebody asks for it.
    Odoo itself would send that one twice.

    A worker holds a few hundred mails by advisory locks, which end with its connection; they only keep workers out of
    each other's way. What decides is the change from ``outgoing``, which only one sender can make.
    """

    _inherit = "mail.mail"

    journey_outbox = fields.Selection(
        [("open", "Waiting"), ("done", "Finished")],
        "Outbox of Journeys",
        readonly=True,
        help="Set on mails of journeys and of mailings that use Buying Journeys, which workers of their own send.",
    )
    journey_id = fields.Many2one(
        "journey.journey",
        "Mail of the Journey",
        index="btree_not_null",
        ondelete="set null",
        readonly=True,
        help="The journey of a mail that is of no mailing, such as a sales alert: its pause holds the mail.",
    )
    failure_type = fields.Selection(
        selection_add=[(UNCERTAIN, "Interrupted: may have been sent or not")],
        ondelete={UNCERTAIN: lambda mails: mails.write({"failure_type": "unknown"})},
    )

    # workers ask for what waits, and for what a crash left behind
    _journey_outbox_idx = models.Index("(state, id) WHERE journey_outbox = 'open'")

    @api.model_create_multi
    def create(self, vals_list):
        if {"journey_visits", "mailing_outbox"} & self.env.context.keys():
            vals_list = [vals | {"journey_outbox": "open"} if vals.get("mailing_id") else vals for vals in vals_list]
        mails = super().create(vals_list)
        mails._settle_outbox()
        return mails

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            self._settle_outbox()
        return result

    def _settle_outbox(self):
        """What waits is open; whatever else became of a mail by ordinary means needs nobody's attention."""
        # the texts of all these mails are not needed for this
        ours = self.with_context(prefetch_fields=False).filtered("journey_outbox")
        for mails, value in (
            (ours.filtered(lambda mail: mail.state == "outgoing" and mail.journey_outbox != "open"), "open"),
            (ours.filtered(lambda mail: mail.state != "outgoing" and mail.journey_outbox != "done"), "done"),
        ):
            if mails:
                mails.journey_outbox = value

    # Workers ------------------------------------------------------------------------------------------------------

    @api.model
    def _wake_outbox(self, at=None):
        """Wake the workers now, or at this time. Odoo's own queue comes by as well, but once an hour."""
        crons = self.env["ir.cron"].sudo().search([("model_id.model", "=", "mail.mail"), ("code", "=", CRON_CODE)])
        # where somebody has switched them all off, the queue is the only worker
        for cron in crons or self.env.ref("mail.ir_cron_mail_scheduler_action").sudo():
            cron._trigger(at)

    @api.model
    def process_email_queue(self, email_ids=(), batch_size=1000):
        """Odoo's queue sends what is not ours, and then helps with the outbox as one more worker."""
        if email_ids:
            return super().process_email_queue(email_ids=email_ids, batch_size=batch_size)
        filters = [*self.env.context.get("filters", []), ("journey_outbox", "!=", "open")]
        result = super(MailMail, self.with_context(filters=filters)).process_email_queue(batch_size=batch_size)
        if "filters" not in self.env.context:
            parameter = self.env["ir.config_parameter"].sudo().get_param("mail.mail.queue.batch.size", batch_size)
            self.with_context(journey_outbox_helper=True)._send_outbox(limit=int(parameter) or batch_size)
        return result

    @api.model
    def _cron_send_outbox(self):
        """Scheduled action; several copies of it may run at the same time."""
        self._send_outbox()

    @api.model
    def _send_outbox(self, limit=None):
        """Send what waits in the outbox until it is empty, the time is out, or other workers hold the rest.

        A run of a scheduled action ends on time, in the middle of a batch if need be, and is started again after the
        others that are due: else two senders would keep the two threads that Odoo has for all scheduled actions, and
        journeys would stand still for as long as a huge mailing takes.

        :return: the number of mails dealt with
        :rtype: int
        """
        outbox = self.sudo()
        outbox._recover_outbox()
        done = collisions = 0
        while limit is None or done < limit:
            outbox._commit_outbox()
            size = CLAIM_SIZE if limit is None else min(CLAIM_SIZE, limit - done)
            with outbox._claim_waiting(size) as mails:
                if not mails:
                    break
                try:
                    mails.with_context(journey_outbox_worker=True).send(auto_commit=not module.current_test)
                    outbox._commit_outbox()
                except RETRYABLE as error:
                    # somebody changed a mail at the same moment; what was sent is noted, the rest waits
                    if module.current_test:
                        raise
                    outbox.env.cr.rollback()
                    collisions += 1
                    _logger.info("Mails of journeys are taken again: %s", error)
                    if collisions > MAX_COLLISIONS:
                        break
                    continue
                except Exception:
                    if module.current_test:
                        raise
                    _logger.exception("Sending mails of journeys was interrupted")
                    outbox.env.cr.rollback()
                    break
                progress = len(mails) - len(outbox._get_waiting(mails.ids))
            done += progress
            time_left = outbox._commit_outbox(progress)
            if not progress:
                break
            if not time_left:
                outbox._wake_outbox()
                break
        outbox._commit_outbox()
        return done

    @api.model
    def _commit_outbox(self, processed=0):
        """Make what was done final, except while tests run.

        :return: the seconds left in this run of the scheduled action; 0 when it should stop
        :rtype: float
        """
        if module.current_test:
            self.env.flush_all()
            self.env.invalidate_all()
            return max(self.env.context.get("cron_end_time", float("inf")) - time.monotonic(), 0)
        if self.env.context.get("journey_outbox_helper"):
            # what remains is the number of the queue's own mails, and decides whether it goes on at once
            processed = 0
        return self.env["ir.cron"]._commit_progress(processed)

    # Claims -------------------------------------------------------------------------------------------------------

    def _get_waiting(self, ids=None, limit=None):
        """Mails that may be sent now, the oldest first.

        :param list ids: only of these
        """
        self.env.flush_all()
        self.env.cr.execute(*self._get_waiting_query(ids, limit))
        return self.browse(row[0] for row in self.env.cr.fetchall())

    def _get_waiting_query(self, ids=None, limit=None):
        return (
            f"""
            SELECT mail.id
              FROM mail_mail mail
             WHERE mail.journey_outbox = 'open' AND mail.state = 'outgoing'
               AND (mail.scheduled_date IS NULL OR mail.scheduled_date <= %(now)s)
               AND (%(ids)s IS NULL OR mail.id = ANY(%(ids)s::int[]))
               AND NOT {HELD}
          ORDER BY mail.id
             LIMIT %(limit)s
            """,
            {"now": fields.Datetime.now(), "ids": ids, "limit": limit},
        )

    @contextmanager
    def _claim_waiting(self, size):
        """Hold up to ``size`` mails that wait and that no other worker holds."""
        query, values = self._get_waiting_query(limit=LOOK_AHEAD)
        self.env.flush_all()
        self.env.cr.execute(
            f"""
            WITH candidate AS MATERIALIZED ({query})
            SELECT id FROM candidate WHERE pg_try_advisory_lock('mail_mail'::regclass::oid::int, id) LIMIT %(size)s
            """,
            values | {"size": size},
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        try:
            # whoever held them a moment ago may have sent them: only a new transaction sees it
            self._commit_outbox()
            yield self._get_waiting(ids) if ids else self.browse()
        finally:
            self._release(ids)

    @contextmanager
    def _claim(self):
        """Hold those of these mails that no other worker holds."""
        self.env.cr.execute(
            "SELECT id FROM unnest(%s::int[]) id WHERE pg_try_advisory_lock('mail_mail'::regclass::oid::int, id)",
            [self.ids],
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        try:
            yield self.browse(ids)
        finally:
            self._release(ids)

    def _release(self, ids):
        # the locks of a lost connection are gone with it
        if ids and not self.env.cr.closed:
            self._leave_failed_transaction()
            self.env.cr.execute(
                "SELECT count(pg_advisory_unlock('mail_mail'::regclass::oid::int, id)) FROM unnest(%s::int[]) id",
                [ids],
            )

    def _leave_failed_transaction(self):
        """A transaction that failed would not even let go of a lock."""
        if self.env.cr.connection.get_transaction_status() == TRANSACTION_STATUS_INERROR:
            self.env.cr.rollback()

    # After a crash ------------------------------------------------------------------------------------------------

    @api.model
    def _cancel_aborted(self):
        """Cancel the mails of aborted journeys that wait; a step has one mail, or several that are tested."""
        mails = self.sudo().search(
            [
                ("journey_outbox", "=", "open"),
                ("state", "=", "outgoing"),
                "|",
                ("journey_id.state", "=", "aborted"),
                ("mailing_id.journey_node_id.journey_id.state", "=", "aborted"),
            ]
        )
        if mails:
            traces = mails.mailing_trace_ids
            mails.cancel()
            traces.set_canceled()

    @api.model
    def _cancel_dropped(self):
        """Cancel the mails of participants that left early, which a sender kept from being cancelled then."""
        # whoever sends need not see journeys
        Participant = self.env["journey.participant"].sudo()
        dropped = Participant.search([("outbox_dropped", "=", True)])
        if dropped:
            Participant._cancel_outbox(Participant._get_outbox([("id", "in", dropped.ids)]))
            dropped.outbox_dropped = False

    @api.model
    def _recover_outbox(self):
        """Finish what killed workers left: tell the traces of what was sent, and say which mail is uncertain."""
        try:
            self._cancel_aborted()
            self._cancel_dropped()
            self._commit_outbox()
        except RETRYABLE:
            if module.current_test:
                raise
            self.env.cr.rollback()  # they are held in any case; the next run tries again
        self.env.flush_all()
        domain = [("journey_outbox", "=", "open"), ("state", "in", ("sent", "exception"))]
        left = self.search(domain, order="id")
        if not left:
            return
        with left._claim() as claimed:
            # those that are on their way right now are held by their workers
            self._commit_outbox()
            claimed = self.search([*domain, ("id", "in", claimed.ids)])
            if not claimed:
                return
            sent = claimed.filtered(lambda mail: mail.state == "sent")
            sent._finish_sent(sent.recipient_ids, [], {mail.id: mail.write_date for mail in sent})
            for mail in claimed - sent:
                _logger.warning("Mail %s may have been sent or not when its worker was interrupted", mail.id)
                mail._finish_failed(mail.failure_type or UNCERTAIN, mail.failure_reason)
            self._commit_outbox()
