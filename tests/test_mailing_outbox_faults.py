# Sending exactly once: killed senders and several at a time, with a real mail server, on really committed data.
import logging
import os
import random

from odoo.tests import tagged

from .common_sink import FORKS, SEND, SMALL, SinkCase

_logger = logging.getLogger(__name__)

# dies at the given call, before or after doing it
KILL = """
import os, signal
from odoo.addons.crm_buying_journey.models.mailing.outbox_ledger import OutboxLedger
Owner = {owner}
original = Owner.{method}
seen = []
def killed(self, *args, **kwargs):
    seen.append(1)
    if {before} and len(seen) == {call}:
        os.kill(os.getpid(), signal.SIGKILL)
    result = original(self, *args, **kwargs)
    if len(seen) == {call}:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
Owner.{method} = killed
env['mail.mail']._send_outbox()
"""
MAIL = "type(env['mail.mail'])"


@tagged("post_install", "-at_install")
class TestOutboxFaults(SinkCase):
    def test_killed_senders_lose_and_double_nothing(self):
        """Killed before and after noting that a mail is on its way, after the mail server took it, before and after
        the traces learned of it, and while the next mails are being made."""
        kills = [
            KILL.format(owner="OutboxLedger", method="take", call=3, before=True),
            KILL.format(owner="OutboxLedger", method="take", call=5, before=False),
            KILL.format(owner=MAIL, method="_transmit_one", call=6, before=False),
            KILL.format(owner="OutboxLedger", method="flush", call=1, before=True),
            KILL.format(owner="OutboxLedger", method="flush", call=1, before=False),
            KILL.format(owner=MAIL, method="_finish_once", call=2, before=False),
            KILL.format(owner=MAIL, method="_prepare_transmission", call=6, before=False),
        ]
        self.run_senders(*((script, True) for script in kills), SEND)
        self.assertEachOnce(uncertain=4)
        # of the four killed between taking a mail and settling it, three had handed it over and one had not
        received = set(self.get_received())
        left = [mail.recipient_ids.email in received for mail in self.get_mails()]
        self.assertEqual(sorted(left), [False, True, True, True])

    def test_several_senders_at_once_share_the_outbox(self):
        """Two workers, and Odoo's own queue: one of them is killed in the middle, whenever that is."""
        queue = "env['mail.mail'].process_email_queue()\n"
        doomed = KILL.format(owner=MAIL, method="_transmit_one", call=5, before=False)
        self.run_senders([(doomed, True), SEND, SEND, queue], SEND)
        self.assertEachOnce(uncertain=1)

    def test_mail_of_a_sender_that_lives_is_left_to_it(self):
        """A mail on its way looks like one that a crash left; its worker's hold on it tells them apart."""
        mail = self.get_mails()[-1]
        self.real_cr.execute(
            "UPDATE mail_mail SET state = 'exception', failure_type = 'mail_uncertain' WHERE id = %s", [mail.id]
        )
        self.real_cr.commit()
        lock = "SELECT pg_advisory_lock('mail_mail'::regclass::oid::int, %s)"
        self.real_cr.execute(lock, [mail.id])
        self.run_senders(SEND)
        self.assertEqual((self.get_mails(), mail.journey_outbox), (mail, "open"))
        self.assertEqual(mail.mailing_trace_ids.trace_status, "outgoing")
        self.real_cr.execute(lock.replace("_lock", "_unlock"), [mail.id])
        self.real_cr.commit()
        self.run_senders(SEND)
        self.assertEqual((len(self.get_received()), mail.journey_outbox), (self.count - 1, "done"))
        self.assertEqual(mail.mailing_trace_ids.failure_type, "mail_uncertain")

    def test_refused_recipient_fails_and_the_others_get_their_mail(self):
        refused = self.partners[7].email
        self.keeper.refused = {refused}
        self.run_senders(SEND)
        self.assertEqual(set(self.get_received()), set(self.partners.mapped("email")) - {refused})
        (failed,) = self.get_mails(state="exception")
        self.assertEqual((failed.recipient_ids, failed.failure_type), (self.partners[7], "unknown"))
        self.assertIn("550", failed.failure_reason)
        self.assertEqual(failed.mailing_trace_ids.trace_status, "error")

    def test_pause_holds_what_has_not_left_yet_also_in_the_middle_of_a_batch(self):
        pause = """
from odoo.addons.crm_buying_journey.models.mailing.outbox_ledger import OutboxLedger
take, seen = OutboxLedger.take, []
def pausing(ledger, mail_id):
    seen.append(mail_id)
    if len(seen) == 6:
        with env.registry.cursor() as cr:
            cr.execute("UPDATE journey_journey SET state = 'paused' WHERE id = {journey}")
    return take(ledger, mail_id)
OutboxLedger.take = pausing
"""
        self.run_senders(pause.format(journey=self.journey.id) + SEND, "env['mail.mail'].process_email_queue()\n", SEND)
        self.assertEqual(len(self.get_received()), 5)
        self.assertEqual(len(self.get_mails(state="outgoing")), self.count - 5)
        self.journey.action_resume()
        self.real_cr.commit()
        self.run_senders(SEND)
        self.assertEachOnce()


# Two senders at a time, each killed, or one of its connections cut, after a random time: until that has happened as
# often as it was told.
NURSERY = """
import random
random.seed({seed})
sender = "env['mail.mail']._send_outbox()"

def count(condition):
    env.cr.execute("SELECT count(*) FROM mail_mail WHERE mailing_id = {mailing} AND " + condition)
    number = env.cr.fetchone()[0]
    env.cr.rollback()
    return number

total = count("state = 'outgoing'")
killed = cut = 0
patience = {patience}
while killed + cut < {kills} and count("state = 'outgoing'"):
    pids = [start(sender), start(sender)]
    for pid in pids:
        time.sleep(random.uniform(0.02, patience))
        cutting = 0
        if random.random() < 0.3:
            # one of them may be that of its notes, the other that of its locks
            env.cr.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
                " WHERE application_name = %s AND datname = current_database() ORDER BY random() LIMIT 1) one",
                ['odoo-%s' % pid])
            cutting = env.cr.fetchone()[0]
            env.cr.rollback()
        gone = status = 0
        until = time.monotonic() + random.uniform(0.02, patience)
        # whoever did not need the connection that was cut goes on, and would send all that is left
        while cutting and not gone and time.monotonic() < until:
            gone, status = os.waitpid(pid, os.WNOHANG)
            time.sleep(0.01)
        if not gone:
            os.kill(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
        killed += os.WIFSIGNALED(status)
        cut += bool(cutting)
    # as many hits as the work is long, on a fast machine as on a busy one
    share = 1 - count("state = 'outgoing'") / total
    patience *= 0.8 if share * 1.1 >= (killed + cut) / {kills} else 1.25
    patience = min(max(patience, 0.05), 5)
print('KILLED', killed, 'CUT', cut, 'LEFT', count("state = 'outgoing'"), flush=True)
"""


@tagged("post_install", "-at_install", "-standard", "outbox_faults")
class TestManyOutboxFaults(SinkCase):
    """The long form, at random points; runs only if asked for: ``./dev/test outbox_faults``."""

    count = 400

    def test_senders_hit_at_random_lose_and_double_nothing(self):
        seed = int(os.environ.get("CRM_BUYING_JOURNEY_SEED", random.randrange(10**6)))
        kills = 30
        _logger.info("The seed of this run is %s", seed)
        script = NURSERY.format(seed=seed, mailing=self.mailing.id, patience=1, kills=kills)
        worker = self.start_worker(SMALL + FORKS + script)
        self.end_worker(worker, seconds=1200)
        worker.output.seek(0)
        output = worker.output.read()
        self.assertRegex(output, r"KILLED \d+ CUT \d+ LEFT \d+", f"seed {seed}")
        words = output[output.index("KILLED") :].split()
        _logger.info(" ".join(words[:6]))
        hits = int(words[1]) + int(words[3])
        self.assertGreaterEqual(hits, kills, f"too few were hit, seed {seed}: {output}")
        self.run_senders([SEND, SEND], SEND)
        _logger.info("%s mails are uncertain after %s hits", len(self.get_mails()), hits)
        self.assertEachOnce(uncertain=hits)
        self.assertGreater(len(self.get_received()), self.count - hits)
