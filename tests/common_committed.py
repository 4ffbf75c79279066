# What the tests share that need several workers, and so really committed data.
import os
import subprocess
import sys
import tempfile
import time

from odoo import SUPERUSER_ID, api
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase
from odoo.tools import config

from .common_journey import BODY

# workers start together, which takes them seconds, and each waits for its turn; its snapshot starts with it
PROLOGUE = """
import os, time
while not os.path.exists({gate!r}):
    time.sleep(0.02)
env.cr.rollback()
from odoo.addons.crm_buying_journey.models.journey import journey_engine_advance
from odoo.addons.crm_buying_journey.models.mailing import mailing_ab_test_sending
journey_engine_advance.BATCH_SIZE = 7
mailing_ab_test_sending.BATCH = 7
"""


class CommittedCase(TransactionCase):
    """Really committed data and workers, which are other processes on the same database, and may be killed."""

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

    def keep(self, records):
        self.made.append(records)
        return records

    def clean(self):
        """Take the committed data away again, what hangs on it first."""
        raise NotImplementedError

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
        self.addCleanup(self.kill_worker, worker)
        return worker

    def kill_worker(self, worker):
        """End what is left of a worker: it would hold its locks, and keep others waiting."""
        worker.kill()
        worker.wait()

    def release(self, worker):
        """Let a started worker begin."""
        with open(worker.gate, "w"):
            pass

    def await_blocked(self, worker, seconds=300):
        """Wait until a worker has come to a lock that another transaction holds."""
        query = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        end = time.monotonic() + seconds
        while time.monotonic() < end and worker.poll() is None:
            self.real_cr.execute(query)
            found = self.real_cr.rowcount
            self.real_cr.rollback()
            if found:
                return
            time.sleep(0.05)
        worker.output.seek(0)
        self.fail("The worker waits for nobody. " + worker.output.read())

    def end_worker(self, worker, expected=0, seconds=600):
        """Let the worker begin and wait for it; it must end with this code (minus 9: killed)."""
        self.release(worker)
        try:
            worker.wait(seconds)
        finally:
            self.kill_worker(worker)
        worker.output.seek(0)
        self.assertEqual(worker.returncode, expected, worker.output.read())


class CommittedJourneyCase(CommittedCase):
    """A journey mail → action → end of ``count`` contacts, committed, and taken away again after each test."""

    count = 40

    def setUp(self):
        super().setUp()
        self.real["ir.cron"].search([("cron_name", "ilike", "Journeys:")]).active = False
        self.partners = self.keep(
            self.real["res.partner"].create(
                [{"name": f"Once {number}", "email": f"once.{number}@example.com"} for number in range(self.count)]
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

    def clean(self):
        self.real_cr.rollback()
        self.real.invalidate_all()
        self.real["ir.cron"].with_context(active_test=False).search([("cron_name", "ilike", "Journeys:")]).active = True
        mailings = self.mailing | self.journey.exists().version_ids.node_ids.mailing_id
        actions = self.journey.exists().version_ids.node_ids._get_owned_actions()
        self.real["mail.mail"].search([("mailing_id", "in", mailings.ids)]).unlink()
        self.real["mailing.trace"].search([("mass_mailing_id", "in", mailings.ids)]).unlink()
        self.real_cr.execute("DELETE FROM journey_journey WHERE id = %s", [self.journey.id])
        self.real.invalidate_all()
        mailings.exists().unlink()
        actions.exists().unlink()
        for records in reversed(self.made):
            records.exists().unlink()
        self.real_cr.commit()

    def assertEverythingOnce(self):
        self.real_cr.rollback()
        self.real.invalidate_all()
        participants = self.journey.participant_ids
        self.assertEqual(sorted(participants.mapped("res_id")), sorted(self.partners.ids), "everybody entered, once")
        self.assertEqual(set(participants.mapped("state")), {"completed"})
        self.assertEqual(set(self.partners.mapped("ref")), {"x"}, "the action ran once for everybody")
        self.assertEqual(set(participants.trace_ids.mapped("state")), {"done"})
        self.assertEqual(len(participants.trace_ids), 3 * self.count)
        mails = self.real["mail.mail"].search([("mailing_id", "=", self.mailing.id)])
        self.assertEqual(sorted(mails.recipient_ids.ids), sorted(self.partners.ids), "no mail is missing")
        self.assertEqual(len(mails), self.count, "no mail is doubled")
        self.assertEqual(len(self.mailing.mailing_trace_ids), self.count)
