# Faults: workers killed and connections cut at random points, again and again, while participants run through mail
# and action steps. Afterwards everything must have happened once.
import logging
import os
import random

from odoo.tests import tagged

from .common_committed import CommittedJourneyCase

_logger = logging.getLogger(__name__)

# A worker that starts workers, two at a time, and kills them or cuts their connection after a random time, until it
# has done so as often as it was told; then it lets one finish. Forked, since each start of Odoo takes seconds.
NURSERY = """
import random, signal, sys
from odoo import SUPERUSER_ID, api, sql_db
from odoo.addons.crm_buying_journey.models.journey import journey_engine_advance
journey_engine_advance.BATCH_SIZE = {batch}
random.seed({seed})
registry, name = env.registry, env.cr.dbname
env['ir.module.module'].search_count([])
env.cr.rollback()

def start():
    pid = os.fork()
    if pid:
        return pid
    # the connections of the parent stay the parent's
    sql_db._Pool = sql_db._Pool_readonly = None
    registry._db = sql_db.db_connect(name)
    try:
        with registry.cursor() as cr:
            cr.execute("SET application_name = %s", ['doomed %s' % os.getpid()])
            cr.commit()
            api.Environment(cr, SUPERUSER_ID, {{}})['journey.engine'].tick()
    except BaseException as error:
        os.write(2, (repr(error)[:300] + chr(10)).encode())
        os._exit(1)
    os._exit(0)

def left():
    env.cr.execute("SELECT count(*) FROM journey_participant WHERE journey_id = {journey} AND state = 'active'")
    count = env.cr.fetchone()[0]
    env.cr.execute("SELECT count(*) FROM journey_participant WHERE journey_id = {journey}")
    count = count or (not env.cr.fetchone()[0])
    env.cr.rollback()
    return count

def share_done():
    env.cr.execute("SELECT count(*) FROM journey_trace WHERE journey_id = {journey} AND state = 'done'")
    count = env.cr.fetchone()[0]
    env.cr.rollback()
    return count / {steps}

def wait_for_work(pid):
    # the hits are spread over the work, not over the time, which differs from machine to machine: the next one waits
    # for its share of the steps, or for the worker to end, and then strikes at any point of what follows; where the
    # workers are ahead, it strikes before they have done much
    share = 0.7 * (killed + cut) / {kills}
    ahead = share_done() > share
    until = time.monotonic() + 60
    while time.monotonic() < until and share_done() < share:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.002)
    time.sleep(random.uniform(0, 0.01 if ahead else {jitter}))

killed = cut = 0
while killed + cut < {kills} and left():
    pids = [start(), start()]
    for pid in pids:
        wait_for_work(pid)
        if cutting := random.random() < 0.2:
            env.cr.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s",
                ['doomed %s' % pid])
            cutting = env.cr.fetchone()[0]
            env.cr.rollback()
        if not cutting:
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        killed += os.WIFSIGNALED(status)
        cut += bool(cutting and os.WEXITSTATUS(status))
print('KILLED', killed, 'CUT', cut, 'LEFT', int(left()), flush=True)
while left():
    os.waitpid(start(), 0)
sys.stdout.flush()
"""


class FaultCase(CommittedJourneyCase):
    def run_nursery(self, kills, batch, jitter):
        seed = int(os.environ.get("CRM_BUYING_JOURNEY_SEED", random.randrange(10**6)))
        _logger.info("The seed of this run is %s", seed)
        worker = self.start_worker(
            NURSERY.format(
                batch=batch,
                seed=seed,
                kills=kills,
                jitter=jitter,
                journey=self.journey.id,
                steps=3 * self.count,
            )
        )
        self.end_worker(worker, seconds=900)
        worker.output.seek(0)
        output = worker.output.read()
        self.assertRegex(output, r"KILLED \d+ CUT \d+ LEFT \d+", f"seed {seed}")
        _logger.info(output[output.index("KILLED") :].strip())
        words = output[output.index("KILLED") :].split()
        self.assertGreaterEqual(int(words[1]) + int(words[3]), kills, f"too few were hit, seed {seed}: {output}")
        self.assertEverythingOnce()


@tagged("post_install", "-at_install")
class TestFaults(FaultCase):
    """The short form, part of every run."""

    count = 200

    def test_twelve_kills_lose_and_double_nothing(self):
        self.run_nursery(kills=12, batch=7, jitter=0.05)


@tagged("post_install", "-at_install", "-standard", "journey_faults")
class TestManyFaults(FaultCase):
    """The long form, 2,000 participants; runs only if asked for: ``./dev/test journey_faults``."""

    count = 2000

    def test_fifty_kills_lose_and_double_nothing(self):
        self.run_nursery(kills=50, batch=15, jitter=0.1)
