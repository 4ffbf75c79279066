# Exactly once: workers killed between claim and commit, and two workers at once, on really committed data.
from odoo.sql_db import db_connect
from odoo.tests import tagged

from .common_committed import CommittedJourneyCase

# what a worker of its own does; runs in another process, which may be killed
TICK = "env['journey.engine'].tick()\n"
KILL = """
import os, signal
Engine = type(env['journey.engine'])
original = Engine.{method}
seen = []
def killed(self, *args, **kwargs):
    seen.append(1)
    if {before} and len(seen) == {after}:
        os.kill(os.getpid(), signal.SIGKILL)
    result = original(self, *args, **kwargs)
    if len(seen) == {after}:
        self.env.flush_all()
        os.kill(os.getpid(), signal.SIGKILL)
    return result
Engine.{method} = killed
"""


@tagged("post_install", "-at_install")
class TestExactlyOnce(CommittedJourneyCase):
    def test_killed_workers_lose_and_double_nothing(self):
        """Killed after the claim, after the mails were made, in mid-move, and in the middle of a run."""
        kills = [
            KILL.format(method="_claim", before=False, after=1),
            KILL.format(method="_process", before=False, after=1),
            KILL.format(method="_move_tokens", before=True, after=3),
            KILL.format(method="_move_tokens", before=False, after=5),
            KILL.format(method="_commit", before=True, after=8),
        ]
        *doomed, last = [self.start_worker(script + TICK) for script in (*kills, "")]
        for worker in doomed:
            self.end_worker(worker, expected=-9)
        self.end_worker(last)
        self.assertEverythingOnce()

    def test_two_workers_at_once_share_the_work(self):
        workers = [self.start_worker(TICK + TICK) for _number in range(2)]
        for worker in workers:
            self.release(worker)
        for worker in workers:
            self.end_worker(worker)
        self.assertEverythingOnce()

    def test_row_held_by_another_worker_is_left_to_it(self):
        first, second, third = [
            self.start_worker(script) for script in ("env['journey.engine']._enrol()\n", TICK, TICK)
        ]
        self.end_worker(first)
        self.real_cr.rollback()
        held = self.journey.participant_ids[0]
        self.real_cr.execute("SELECT id FROM journey_participant WHERE id = %s FOR UPDATE", [held.id])
        self.end_worker(second)
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute(
                "SELECT state, count(*) FROM journey_participant WHERE journey_id = %s GROUP BY state",
                [self.journey.id],
            )
            self.assertEqual(dict(cr.fetchall()), {"active": 1, "completed": self.count - 1})
        self.real_cr.rollback()
        self.end_worker(third)
        self.assertEverythingOnce()
