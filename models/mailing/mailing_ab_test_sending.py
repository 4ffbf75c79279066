# A/B tests of one-off mailings: sending each arm to its own recipients, all arms side by side.
import logging
from contextlib import nullcontext

from odoo import fields, models
from odoo.modules import module
from odoo.tools import SQL

from ..journey.journey_engine import RETRYABLE

_logger = logging.getLogger(__name__)

BATCH = 200


class MailingAbTest(models.Model):
    """Sending. The host's mailing queue finds the arms in its states ``in_queue`` and ``sending`` as it does every
    mailing; what it then asks for, recipients and sending, is answered here from the allocations.

    Mails of all arms are made in turns, batch by batch, so that no arm leaves earlier than another. One transaction
    makes a batch of mails with their traces and marks its allocations as mailed: a crash loses or doubles none.
    """

    _inherit = "mailing.ab.test"

    def _queue_arms(self):
        """Put the arms that have recipients to be mailed into the host's mailing queue."""
        self.env["mailing.ab.allocation"].flush_model()
        self.env.cr.execute(
            "SELECT DISTINCT arm_id FROM mailing_ab_allocation WHERE test_id = ANY(%s) AND state = 'assigned'",
            [self.filtered(lambda test: not test.journey_node_id).ids],
        )
        arms = self.env["mailing.ab.arm"].browse(row[0] for row in self.env.cr.fetchall())
        if arms:
            # mails of arms are written by their test alone
            arms.mailing_id.sudo().write({"state": "in_queue", "schedule_type": "now", "schedule_date": False})
            self.env.ref("mass_mailing.ir_cron_mass_mailing_queue").sudo()._trigger()

    def _send_guarded(self):
        """:meth:`_send`; if it fails, the test says why, and other mailings of the queue go on."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint() if module.current_test else nullcontext():
                self._send()
        except RETRYABLE:
            raise
        except Exception as error:
            if not module.current_test:
                self.env.cr.rollback()
            self.env.invalidate_all()
            _logger.info("The A/B test %s could not be sent", self.id, exc_info=True)
            self._note_failure(error)
            self._commit_batch()

    def _note_failure(self, error):
        """A test that could not even start goes back to draft; a started one is tried again by the queue."""
        text = (str(error) or type(error).__name__).replace("\0", "")
        reason = self.env._("The mails could not be made: %(error)s", error=text)
        self.write({"pending_reason": reason, "checked_date": fields.Datetime.now()})
        if self.state == "draft":
            self.arm_ids.mailing_id.write({"state": "draft"})
        self.message_post(
            body=reason,
            partner_ids=self.user_id.partner_id.ids,
            message_type="notification",
            subtype_xmlid="mail.mt_note",
        )

    def _send(self):
        """Make the mails of all who are to be mailed now. Stops when the time of the scheduled action is out and goes
        on in its next run.

        :return: the number of recipients for whom mails were made
        :rtype: int
        """
        self.ensure_one()
        # the draw asks the recipients' filter; who is mailed days later, after the decision, is asked again
        lasting = None if self.state == "draft" else self.mailing_id._find_lasting()
        if self.state == "draft":
            self._start()
        self.arm_ids.mailing_id.filtered(lambda mailing: mailing.state == "in_queue").write({"state": "sending"})
        total, time_left = 0, True
        while time_left and (claimed := self._claim()):
            for arm, ids in self._drop_gone(claimed, lasting).items():
                arm.mailing_id._compose_for(ids)
            total += sum(map(len, claimed.values()))
            time_left = self._commit_batch()
        # another worker may hold the last batch, and die with it: then its recipients are still to be mailed
        if not time_left or self._count_assigned():
            self.env.ref("mass_mailing.ir_cron_mass_mailing_queue").sudo()._trigger()
            self._commit_batch()
            return total
        for mailing in self.arm_ids.mailing_id.filtered(lambda mailing: mailing.state == "sending"):
            mailing.write(
                {
                    "state": "done",
                    "sent_date": fields.Datetime.now(),
                    "kpi_mail_required": not mailing.sent_date,
                }
            )
        self._commit_batch()
        return total

    def _commit_batch(self):
        """:return: whether there is time for another batch"""
        if module.current_test:
            self.env.flush_all()
            return True
        # outside a scheduled action this just commits
        time_left = self.env["ir.cron"]._commit_progress()
        self.env.invalidate_all()
        return time_left > 0

    def _claim(self):
        """Take a batch of recipients to be mailed, of all arms as they come, and mark them as mailed.

        :return: ``{arm: [recipient ids]}``
        :rtype: dict
        """
        self.env["mailing.ab.allocation"].flush_model()
        self.env.cr.execute(
            SQL(
                """
            WITH batch AS (
                SELECT id FROM mailing_ab_allocation
                 WHERE test_id = %s AND state = 'assigned'
              ORDER BY id LIMIT %s
                   FOR NO KEY UPDATE SKIP LOCKED)
            UPDATE mailing_ab_allocation allocation SET state = 'mailed'
              FROM batch WHERE batch.id = allocation.id
         RETURNING allocation.arm_id, allocation.res_id
            """,
                self.id,
                BATCH,
            )
        )
        claimed = {}
        for arm_id, res_id in self.env.cr.fetchall():
            claimed.setdefault(arm_id, []).append(res_id)
        self.env["mailing.ab.allocation"].invalidate_model(["state"])
        return {self.env["mailing.ab.arm"].browse(arm_id): sorted(ids) for arm_id, ids in sorted(claimed.items())}

    def _drop_gone(self, claimed, lasting):
        """Records that were deleted or merged after the draw, or do not match the filter any more, get no mail, and
        stop nobody else's.

        :param dict claimed: see :meth:`_claim`
        :param set lasting: who matches still; ``None`` right after the draw
        :return: the same without them
        :rtype: dict
        """
        ids = {res_id for res_ids in claimed.values() for res_id in res_ids}
        deleted = ids - set(self.env[self.mailing_id.mailing_model_real].browse(ids).exists().ids)
        unmatched = set() if lasting is None else ids - deleted - lasting
        for reason, gone in (("refused", deleted), ("unmatched", unmatched)):
            if gone:
                self.env.cr.execute(
                    """
                    UPDATE mailing_ab_allocation SET state = 'excluded', reason = %s
                     WHERE test_id = %s AND res_id = ANY(%s)
                    """,
                    [reason, self.id, list(gone)],
                )
        gone = deleted | unmatched
        if not gone:
            return claimed
        self.env["mailing.ab.allocation"].invalidate_model(["state", "reason"])
        kept = {arm: [res_id for res_id in res_ids if res_id not in gone] for arm, res_ids in claimed.items()}
        return {arm: res_ids for arm, res_ids in kept.items() if res_ids}

    def _count_assigned(self):
        """How many are to be mailed, those whom another worker has claimed included."""
        self.env["mailing.ab.allocation"].flush_model()
        self.env.cr.execute(
            "SELECT COUNT(*) FROM mailing_ab_allocation WHERE test_id = %s AND state = 'assigned'", [self.id]
        )
        return self.env.cr.fetchone()[0]

    def _has_recipients(self, mailing):
        """Whether somebody is to be mailed by this arm."""
        self.env["mailing.ab.allocation"].flush_model()
        self.env.cr.execute(
            """
            SELECT allocation.res_id FROM mailing_ab_allocation allocation
              JOIN mailing_ab_arm arm ON arm.id = allocation.arm_id AND arm.mailing_id = %s
             WHERE allocation.test_id = %s AND allocation.state = 'assigned'
            """,
            [mailing.id, self.id],
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def _cancel_outbox(self):
        """Nobody else is mailed: neither who waits to be, nor whose mail waits in the outbox."""
        for test in self:
            self.env.cr.execute(
                """
                UPDATE mailing_ab_allocation SET state = 'dropped'
                 WHERE test_id = %s AND state IN ('assigned', 'held', 'candidate')
                """,
                [test.id],
            )
            mails = self.env["mail.mail"].search(
                [("mailing_id", "in", test.arm_ids.mailing_id.ids), ("state", "=", "outgoing")]
            )
            mails.mailing_trace_ids.set_canceled()
            mails.cancel()
            queued = test.arm_ids.mailing_id.filtered(lambda mailing: mailing.state in ("in_queue", "sending"))
            queued.write({"state": "done"})
        self.env["mailing.ab.allocation"].invalidate_model()
