# Exactly once: workers killed between claim and commit, and two workers at once, on really committed data.
import os
import subprocess
import sys
import tempfile

from odoo import SUPERUSER_ID, api
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged
from odoo.tools import config

from .common_journey import BODY

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
# workers start together, which takes them seconds, and each waits for its turn; its snapshot starts with it
PROLOGUE = """
import os, time
while not os.path.exists({gate!r}):
    time.sleep(0.02)
env.cr.rollback()
from odoo.addons.crm_buying_journey.models.journey import journey_engine_advance
journey_engine_advance.BATCH_SIZE = 7
"""
COUNT = 40


@tagged("post_install", "-at_install")
class TestExactlyOnce(TransactionCase):
    def setUp(self):
        super().setUp()
        # other processes see only what was committed, so this data is, and is taken away again; the test's own
        # transaction must not have written anything by then, or both would wait for each other
        self.real_cr = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(self.real_cr.close)
        self.addCleanup(self.clean)
        self.real = api.Environment(self.real_cr, SUPERUSER_ID, {})
        self.made = []
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.real["ir.cron"].search([("cron_name", "ilike", "Journeys:")]).active = False
        self.partners = self.keep(
            self.real["res.partner"].create(
                [{"name": f"Once {number}", "email": f"once.{number}@example.com"} for number in range(COUNT)]
            )
        )
        action = self.keep(
            self.real["ir.actions.server"].create(
                {
                    "name": "Count",
                    "state": "code",
                    "model_id": self.real["ir.model"]._get_id("res.partner"),
                    # adds a letter, so that doing it twice shows
                    "code": "for record in records:\n    record['ref'] = (record.ref or '') + 'x'",
                }
            )
        )
        self.journey = self.keep(
            self.real["journey.journey"].create(
                {
                    "name": "Once",
                    "model_id": self.real["ir.model"]._get_id("res.partner"),
                    "domain": str([("id", "in", self.partners.ids)]),
                    "user_id": SUPERUSER_ID,
                }
            )
        )
        version = self.journey.draft_version_id
        mail = self.real["journey.node"].create(
            {"version_id": version.id, "kind": "email", "name": "Mail", "sequence": 1}
        )
        self.mailing = mail.mailing_id
        self.mailing.write({"subject": "Once", "body_html": BODY})
        self.real["journey.node"].create(
            [
                {
                    "version_id": version.id,
                    "kind": "action",
                    "name": "Act",
                    "sequence": 2,
                    "action_server_id": action.id,
                },
                {"version_id": version.id, "kind": "end", "name": "End", "sequence": 3},
            ]
        )
        self.journey.action_connect_steps()
        self.journey.action_publish()
        self.real_cr.commit()

    def keep(self, records):
        self.made.append(records)
        return records

    def clean(self):
        """Take the committed data away again, what hangs on it first."""
        self.real_cr.rollback()
        self.real.invalidate_all()
        self.real["ir.cron"].with_context(active_test=False).search([("cron_name", "ilike", "Journeys:")]).active = True
        self.real["mail.mail"].search([("mailing_id", "=", self.mailing.id)]).unlink()
        self.real["mailing.trace"].search([("mass_mailing_id", "=", self.mailing.id)]).unlink()
        self.real_cr.execute("DELETE FROM journey_journey WHERE id = %s", [self.journey.id])
        self.real.invalidate_all()
        self.mailing.exists().unlink()
        for records in reversed(self.made):
            records.exists().unlink()
        self.real_cr.commit()

    def start_worker(self, script):
        """Another Odoo on the same database that runs ``script`` in small batches; its output goes to a file."""
        command = [sys.executable, "-m", "odoo", "shell", "--no-http", "-d", self.env.cr.dbname, "--log-level=error"]
        if config["config"] and os.path.exists(config["config"]):
            command += ["-c", config["config"]]
        source = self.enterContext(tempfile.TemporaryFile("w+"))
        output = self.enterContext(tempfile.TemporaryFile("w+"))
        gate = os.path.join(self.folder, str(len(os.listdir(self.folder))))
        with open(gate + ".waits", "w"):
            pass
        source.write(PROLOGUE.format(gate=gate) + script)
        source.seek(0)
        worker = subprocess.Popen(command, stdin=source, stdout=output, stderr=subprocess.STDOUT)
        worker.output, worker.gate = output, gate
        self.addCleanup(worker.wait)
        self.addCleanup(worker.kill)
        return worker

    def release(self, worker):
        """Let a started worker begin."""
        with open(worker.gate, "w"):
            pass

    def end_worker(self, worker, expected=0):
        """Let the worker begin and wait for it; it must end with this code (minus 9: killed)."""
        self.release(worker)
        try:
            worker.wait(120)
        finally:
            worker.kill()
            worker.wait()
        worker.output.seek(0)
        self.assertEqual(worker.returncode, expected, worker.output.read())

    def assertEverythingOnce(self):
        self.real_cr.rollback()
        self.real.invalidate_all()
        participants = self.journey.participant_ids
        self.assertEqual(sorted(participants.mapped("res_id")), sorted(self.partners.ids), "everybody entered, once")
        self.assertEqual(set(participants.mapped("state")), {"completed"})
        self.assertEqual(set(self.partners.mapped("ref")), {"x"}, "the action ran once for everybody")
        self.assertEqual(set(participants.trace_ids.mapped("state")), {"done"})
        self.assertEqual(len(participants.trace_ids), 3 * COUNT)
        mails = self.real["mail.mail"].search([("mailing_id", "=", self.mailing.id)])
        self.assertEqual(sorted(mails.recipient_ids.ids), sorted(self.partners.ids), "no mail is missing")
        self.assertEqual(len(mails), COUNT, "no mail is doubled")
        self.assertEqual(len(self.mailing.mailing_trace_ids), COUNT)

    def test_killed_workers_lose_and_double_nothing(self):
        """Killed after the claim, after the mails were made, in mid-move, and in the middle of a run."""
        kills = [
            KILL.format(method="_claim", before=False, after=1),
            KILL.format(method="_process", before=False, after=1),
            KILL.format(method="_write_traces", before=False, after=3),
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
            self.assertEqual(dict(cr.fetchall()), {"active": 1, "completed": COUNT - 1})
        self.real_cr.rollback()
        self.end_worker(third)
        self.assertEverythingOnce()
