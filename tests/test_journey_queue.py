# Batches as jobs. A stand-in takes the place of queue_job, which is no dependency; it keeps jobs as rows would.
from unittest.mock import patch

from odoo.tests import tagged

from ..models.journey import journey_engine_advance
from .common_journey import JourneyCase


class Queue:
    """Keeps jobs by identity key, as queue_job does, and runs them when told."""

    def __init__(self):
        self.jobs = {}
        self.channels = set()

    def with_delay(self, records, channel=None, identity_key=None, description=None):
        queue = self

        class Delayed:
            def __getattr__(self, name):
                def call(*args):
                    queue.channels.add(channel)
                    queue.jobs.setdefault(identity_key, lambda: getattr(records, name)(*args))

                return call

        return Delayed()

    def run_all(self):
        ran = 0
        while self.jobs:
            self.jobs.pop(next(iter(self.jobs)))()
            ran += 1
        return ran


@tagged("post_install", "-at_install")
class TestJourneyQueue(JourneyCase):
    def setUp(self):
        super().setUp()
        self.queue = Queue()
        engine = type(self.engine)
        queue = self.queue
        self.startPatcher(patch.object(engine, "_has_queue", lambda engine: True))

        def with_delay(records, **values):
            return queue.with_delay(records, **values)

        self.startPatcher(patch.object(engine, "with_delay", with_delay, create=True))
        self.startPatcher(patch.object(journey_engine_advance, "BATCH_SIZE", 5))
        # demo journeys and others are none of ours
        self.env["journey.journey"].search([("state", "in", ("live", "closed"))]).action_abort()
        self.partners = self.env["res.partner"].create(
            [{"name": f"Contact {number}", "email": f"contact.{number}@example.com"} for number in range(12)]
        )

    def test_batches_run_as_jobs_and_everything_happens_once(self):
        journey = self.make_journey(
            "res.partner", [("id", "in", self.partners.ids)], [{"kind": "merge"}, {"kind": "end"}]
        )
        self.engine._cron_tick()
        self.assertEqual(len(self.queue.jobs), 3, "one job for each batch that is due")
        self.assertFalse(journey.participant_ids.trace_ids, "the scheduled action has left the work to them")
        self.engine._cron_tick()
        self.assertEqual(len(self.queue.jobs), 3, "waiting jobs are not doubled")
        self.queue.run_all()
        self.assertEqual(self.queue.channels, {"root.journey"})
        self.assertEqual(journey.participant_ids.mapped("state"), ["completed"] * 12)
        self.assertEqual(len(journey.participant_ids.trace_ids), 24)

    def test_lost_and_repeated_jobs_change_nothing(self):
        journey = self.make_journey(
            "res.partner", [("id", "in", self.partners.ids)], [{"kind": "merge"}, {"kind": "end"}]
        )
        self.engine._cron_tick()
        first = next(iter(self.queue.jobs.values()))
        self.queue.jobs.clear()
        self.engine._cron_tick()
        first()
        first()
        self.queue.run_all()
        first()
        self.assertEqual(journey.participant_ids.mapped("state"), ["completed"] * 12)
        self.assertEqual(len(journey.participant_ids.trace_ids), 24)

    def test_mails_stay_with_the_scheduled_action(self):
        journey = self.make_journey(
            "res.partner", [("id", "in", self.partners.ids)], [{"kind": "email"}, {"kind": "end"}]
        )
        with self.mock_mail_gateway():
            self.engine._cron_tick()
        mails = self.env["mail.mail"].search([("mailing_id", "=", journey.current_version_id.node_ids.mailing_id.id)])
        self.assertEqual(len(mails), 12)
        self.assertTrue(self.queue.run_all(), "the steps after them run as jobs")
        self.assertEqual(journey.participant_ids.mapped("state"), ["completed"] * 12)

    def test_tick_by_hand_does_the_work_itself(self):
        self.make_journey("res.partner", [("id", "in", self.partners.ids)], [{"kind": "merge"}, {"kind": "end"}])
        self.assertEqual(self.engine.tick(), 24)
        self.assertFalse(self.queue.jobs)
