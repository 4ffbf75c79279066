# Runs in Odoo's shell on a scratch database with OCA's queue_job: batches as jobs, a job that is lost, one that runs
# twice, a runner that is killed in the middle of one, two runners at once; and everything happens once.
import os
import signal

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api, sql_db

from odoo.addons.crm_buying_journey.models.journey import journey_engine_advance
from odoo.addons.queue_job.controllers.main import RunJobController
from odoo.addons.queue_job.job import ENQUEUED
from odoo.addons.queue_job.jobrunner.runner import Database

env = self.env
cr = env.cr
COUNT, BATCH = 60, 7
journey_engine_advance.BATCH_SIZE = BATCH
Engine = env["journey.engine"]


def check(fact, what):
    if not fact:
        raise AssertionError(what)


def jobs(*states):
    cr.commit()
    env.invalidate_all()
    return env["queue.job"].search([("channel", "=", "root.journey"), ("state", "in", states)], order="id")


def count_traces():
    cr.commit()
    return env["journey.trace"].search_count([("journey_id", "=", journey.id)])


def hand_out(uuids):
    """What the runner of queue_job does before it calls the web controller."""
    cr.execute("UPDATE queue_job SET state = %s, date_enqueued = now() WHERE uuid = ANY(%s)", [ENQUEUED, uuids])
    cr.commit()


def run(own, uuid):
    """What the web controller of queue_job does when it is called, again after a collision as all calls are."""
    while True:
        own.cr.rollback()
        try:
            job = RunJobController._acquire_job(own, uuid)
            break
        except SerializationFailure:
            continue
    if job:
        RunJobController._runjob(own, job)


def start(work):
    """A process with a connection of its own."""
    cr.commit()
    if pid := os.fork():
        return pid
    sql_db._Pool = sql_db._Pool_readonly = None  # the parent's connections stay the parent's
    registry = env.registry
    registry._db = sql_db.db_connect(cr.dbname)
    try:
        with registry.cursor() as own:
            work(api.Environment(own, SUPERUSER_ID, {}))
    except BaseException as error:
        os.write(2, repr(error).encode() + b"\n")
        os._exit(1)
    os._exit(0)


def end(pid):
    status = os.waitpid(pid, 0)[1]
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def run_and_die(own, uuid):
    """The work is done, but not committed, when the process is killed."""
    cls = type(own["journey.engine"])
    original = cls._move_tokens

    def killed(engine, *args, **kwargs):
        original(engine, *args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    cls._move_tokens = killed
    run(own, uuid)


def runner(own, uuids):
    for uuid in uuids:
        run(own, uuid)


check(Engine._has_queue(), "the engine does not see queue_job")
env["ir.cron"].search([("cron_name", "ilike", "Journeys:")]).active = False
env["journey.journey"].search([("state", "in", ("live", "closed", "paused"))]).action_abort()
partners = env["res.partner"].create([{"name": f"Job {number}"} for number in range(COUNT)])
action = env["ir.actions.server"].create(
    {
        "name": "Count",
        "state": "code",
        "model_id": env["ir.model"]._get_id("res.partner"),
        "code": "for record in records:\n    record['ref'] = (record.ref or '') + 'x'",
    }
)
journey = env["journey.journey"].create(
    {
        "name": "Jobs",
        "model_id": env["ir.model"]._get_id("res.partner"),
        "domain": str([("id", "in", partners.ids)]),
        "user_id": SUPERUSER_ID,
    }
)
steps = [{"kind": "action", "name": "Act", "action_server_id": action.id}, {"kind": "end", "name": "End"}]
for position, values in enumerate(steps):
    env["journey.node"].create({"version_id": journey.draft_version_id.id, "sequence": position, **values})
journey.action_connect_steps()
journey.action_publish()
cr.commit()

Engine._cron_tick()
first = jobs("pending")
batches = -(-COUNT // BATCH)
check(len(first) == batches, f"{len(first)} jobs for {batches} batches")
check(not count_traces(), "the scheduled action did the work itself")
Engine._cron_tick()
check(jobs("pending") == first, "jobs that wait were doubled")

first[0].unlink()
Engine._cron_tick()
check(len(jobs("pending")) == batches, "the lost job was not made again")

doomed, again, *_rest = jobs("pending").mapped("uuid")
hand_out([doomed])
check(end(start(lambda own: run_and_die(own, doomed))) == -signal.SIGKILL, "the runner was not killed")
check(jobs("started").mapped("uuid") == [doomed], "the killed job is not left as it was")
check(not count_traces(), "a killed job left traces")
cr.execute("UPDATE queue_job SET date_enqueued = date_enqueued - interval '1 minute' WHERE uuid = %s", [doomed])
cr.commit()
watch = Database(cr.dbname)
watch.requeue_dead_jobs()
watch.close()
check(doomed in jobs("pending").mapped("uuid"), "the runner did not find the dead job")

hand_out([again])
check(end(start(lambda own: run(own, again))) == 0, "a job failed")
check(count_traces() == BATCH, f"{count_traces()} traces after one batch")
check(jobs("done").mapped("uuid") == [again], "the job is not done")
hand_out([again])
check(end(start(lambda own: run(own, again))) == 0, "the repeated job failed")
check(count_traces() <= 2 * BATCH, "a repeated job did more than one batch")

for _round in range(50):
    Engine._cron_tick()
    uuids = jobs("pending").mapped("uuid")
    if not uuids:
        break
    # two at once, each called for every job, as if the runner had handed them out twice
    hand_out(uuids)
    pids = [start(lambda own, order=order: runner(own, order)) for order in (uuids, uuids[::-1])]
    codes = [end(pid) for pid in pids]
    check(not any(codes), f"runners ended with {codes}")
check(not jobs("pending", "enqueued", "started", "failed"), "jobs are left over")

cr.commit()
env.invalidate_all()
participants = journey.participant_ids
check(sorted(participants.mapped("res_id")) == sorted(partners.ids), "not everybody entered once")
check(set(participants.mapped("state")) == {"completed"}, str(participants.mapped("state")))
check(set(partners.mapped("ref")) == {"x"}, f"the action ran otherwise than once: {set(partners.mapped('ref'))}")
check(len(participants.trace_ids) == 2 * COUNT, f"{len(participants.trace_ids)} traces")
check(set(participants.trace_ids.mapped("state")) == {"done"}, "not every step is done")
print("EVERYTHING ONCE")
