# Where OCA's queue_job is installed, the scheduled action hands batches to it, so that other machines share the work.
from odoo import fields, models

from . import journey_engine_advance

CHANNEL = "root.journey"
# jobs per step that one tick puts into the queue; each makes another when it finds more to do
MAX_JOBS = 10


class JourneyEngine(models.AbstractModel):
    """Optional: without ``queue_job`` nothing here does anything.

    A job claims tokens like any other worker, so the guarantees are the claims' and not the queue's: a job that is
    lost is made again by the next tick, a job that runs twice finds other tokens or none.

    Steps that one worker at a time may process, such as mails, stay with the scheduled action: they need a
    transaction that begins after their lock was taken, and a job must not commit.
    """

    _inherit = "journey.engine"

    def _has_queue(self):
        """Whether ``queue_job`` is installed in this database."""
        return "queue.job" in self.env

    def _cron_tick(self):
        return super(JourneyEngine, self.with_context(journey_queue=self._has_queue()))._cron_tick()

    def _get_due_nodes(self):
        """In a tick that hands over: put jobs for the steps that many workers may process, leave it the others."""
        nodes = super()._get_due_nodes()
        if not self.env.context.get("journey_queue"):
            return nodes
        shared = nodes.filtered(lambda node: not node._get_kind()._alone)
        self._delay_batches(shared)
        return nodes - shared

    def _delay_batches(self, nodes):
        """Put jobs for these steps into the queue, as many as batches are due; those that wait already stay."""
        for node in nodes:
            size = node._get_kind()._get_batch_size(node, journey_engine_advance.BATCH_SIZE)
            self.env.cr.execute(
                """
                SELECT count(*) FROM (
                    SELECT FROM journey_participant
                     WHERE node_id = %s AND state = 'active' AND due_at <= %s LIMIT %s) due
            """,
                [node.id, fields.Datetime.now(), size * MAX_JOBS],
            )
            for number in range(-(-self.env.cr.fetchone()[0] // size)):
                self.with_context(journey_queue=False).with_delay(
                    channel=CHANNEL,
                    identity_key=f"journey_step_{node.id}_{number}",
                    description=self.env._("Journey step: %(step)s", step=node.name),
                )._run_job(node.id)

    def _run_job(self, node_id):
        """A job: one batch of a step, in the job's own transaction, then jobs for what has become due.

        :return: how many tokens were handled
        :raise psycopg2.OperationalError: another worker got in between; the queue tries again
        """
        engine = self.with_context(journey_job=True)
        nodes = engine._get_due_nodes()
        node = nodes.filtered(lambda node: node.id == node_id)
        if not node or node._get_kind()._alone:
            return 0
        size = node._get_kind()._get_batch_size(node, journey_engine_advance.BATCH_SIZE)
        done = engine._advance_batch(node, size)
        if done:
            nodes = engine._get_due_nodes()
            engine._delay_batches(nodes.filtered(lambda node: not node._get_kind()._alone))
            if any(node._get_kind()._alone for node in nodes):
                engine._trigger()
        return done
