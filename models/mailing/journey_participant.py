# Who leaves a journey before its end gets no more of its mails, not even those in the outbox.
import logging
from collections import defaultdict

from odoo import fields, models, tools

from ..journey.journey_engine import RETRYABLE

_logger = logging.getLogger(__name__)

# participants whose waiting mails are cancelled together
BATCH_SIZE = 1000


class JourneyParticipant(models.Model):
    """Whoever leaves early, be it by an exit rule, the goal, or by hand, is not written to any more: mails that wait in
    the outbox are cancelled, their traces say why, and so does the timeline. That holds for the goal as well, since
    what the mails are for has happened. Who comes to the end of the way gets all mails that were made on it.

    A sender may take one of these mails at this very moment. Then it leaves, and nobody waits for anybody: what
    could not be cancelled at once is left to the senders, who take no mail of a participant with ``outbox_dropped`` and
    cancel it when the next one comes by.
    """

    _inherit = "journey.participant"

    outbox_dropped = fields.Boolean(readonly=True, help="Left early, and mails that wait are still to be cancelled.")

    # empty but for moments: each sender asks it before each mail
    _outbox_dropped_idx = models.Index("(id) WHERE outbox_dropped")

    def _leave_all(self, journeys, reason):
        # found before they leave, and by a subquery: there may be a million, few of whom have a mail in the outbox
        traces = self._get_outbox([("journey_id", "in", journeys.ids), ("state", "=", "active")])
        result = super()._leave_all(journeys, reason)
        # as those of participants who had come to the end: all that waits of an aborted journey
        traces.mail_mail_id.cancel()
        traces.set_canceled()
        return result

    def _on_taken_out(self):
        result = super()._on_taken_out()
        for ids in tools.split_every(BATCH_SIZE, self.ids):
            # the engine's notes about who left, whoever took them out
            self.sudo().browse(ids)._drop_outbox()
        return result

    def _drop_outbox(self):
        """Cancel the mails to these participants that wait in the outbox, or leave it to the senders."""
        self.env.flush_all()  # a collision about anything else is not ours to swallow
        waiting = self._get_outbox([("id", "in", self.ids)])
        if not waiting:
            return
        left = waiting
        try:
            with self.env.cr.savepoint():
                left = waiting - self._cancel_outbox(waiting._lock_waiting())
        except RETRYABLE as error:  # a sender took one of them a moment ago
            _logger.info("Mails of participants that left are left to the senders: %s", error)
        if left:
            left.journey_participant_id.outbox_dropped = True
            self.env["mail.mail"]._wake_outbox()

    def _get_outbox(self, domain):
        """The traces of mails to these participants that wait to be sent."""
        return (
            self.env["mailing.trace"]
            .sudo()  # whoever takes somebody out need not read mailings
            .search([("journey_participant_id", "in", self._search(domain)), ("mail_mail_id.state", "=", "outgoing")])
        )

    def _cancel_outbox(self, traces):
        """Cancel the mails of these traces.

        :return: the traces
        """
        traces.mail_mail_id.cancel()
        traces.set_canceled()
        traces.failure_type = "mail_left"
        self._note_cancelled(traces)
        return traces

    def _note_cancelled(self, traces):
        """Let the timelines tell that mails of these traces did not leave, in the language of each journey's
        responsible user, as all they tell."""
        if not traces:
            return
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT step.id, step.journey_id, count(*) FILTER (WHERE mail.trace_status NOT IN ('cancel', 'error')),
                   count(*) FILTER (WHERE mail.trace_status = 'cancel' AND mail.failure_type = 'mail_left')
              FROM journey_trace step
              JOIN mailing_trace mail
                ON mail.journey_participant_id = step.participant_id AND mail.journey_visit = step.visit
             WHERE step.state = 'done' AND (step.participant_id, step.visit) IN (
                   SELECT journey_participant_id, journey_visit FROM mailing_trace WHERE id = ANY(%s))
          GROUP BY step.id
            """,
            [traces.ids],
        )
        texts, by_journey = {}, defaultdict(list)
        for step_id, journey_id, *counts in self.env.cr.fetchall():
            by_journey[journey_id].append((step_id, *counts))
        # to find out in whose language and with whose rights a timeline is written
        for journey in self.env["journey.journey"].sudo().browse(by_journey):
            env = journey._as_responsible().env
            texts |= {step_id: self._get_cancelled_text(env, *counts) for step_id, *counts in by_journey[journey.id]}
        self.env.cr.execute(
            "UPDATE journey_trace step SET reason = noted.text"
            " FROM unnest(%s::int[], %s::varchar[]) AS noted(id, text) WHERE step.id = noted.id",
            [list(texts), list(texts.values())],
        )
        self.env["journey.trace"].invalidate_model(["reason"])

    def _get_cancelled_text(self, env, mailed, cancelled):
        if mailed:
            return env._(
                "Recipients mailed: %(mailed)s. Mails cancelled, since the participant left before they were sent: "
                "%(cancelled)s",
                mailed=mailed,
                cancelled=cancelled,
            )
        return env._("Mails cancelled, since the participant left before they were sent: %(count)s", count=cancelled)
