# One-off mailings to lost leads: killed workers and several at a time mail nobody twice, with a real mail server.
from odoo.tests import tagged

from .common_committed import CommittedCase
from .common_sink import SEND, Sink

# as the scheduled action does, but other mailings of the database stay where they are; five batches of mails
QUEUE = """
import os, signal, time
type(env['mail.compose.message'])._batch_size = 5
Mailing = type(env['mailing.mailing'])
search = Mailing.search
Mailing.search = lambda self, *args, **kwargs: search(self, *args, **kwargs) & self.browse({mailing})
"""
RUN = "env['mailing.mailing']._process_mass_mailing_queue()\n"
# dies right after it did this so often
KILL = """
Owner = type(env['{model}'])
original = Owner.{method}
seen = []
def killed(self, *args, **kwargs):
    result = original(self, *args, **kwargs)
    seen.append(1)
    if len(seen) == {call}:
        env.flush_all()
        os.kill(os.getpid(), signal.SIGKILL)
    return result
Owner.{method} = killed
"""
# has committed one batch, and has the next one in hand, while another worker comes and goes; goes on all the same when
# that one waits for it
SLOW = """
create = type(env['mail.mail']).create
seen = []
def slowly(self, vals_list):
    seen.append(1)
    if len(seen) == 2:
        open({mine!r}, 'w').close()
        for _moment in range(3000):
            if os.path.exists({other!r}):
                break
            time.sleep(0.02)
    return create(self, vals_list)
type(env['mail.mail']).create = slowly
"""
AFTER = """
while not os.path.exists({other!r}) and os.getppid() != 1:
    time.sleep(0.02)
try:
    {run}
finally:
    open({mine!r}, 'w').close()
"""


@tagged("post_install", "-at_install")
class TestOneOffFaults(Sink, CommittedCase):
    count = 25

    def setUp(self):
        super().setUp()
        self.crons = self.real["ir.cron"].search([("cron_name", "ilike", "Journeys:")])
        self.crons |= self.real.ref("mass_mailing.ir_cron_mass_mailing_queue")
        self.crons.active = False
        self.leads = self.keep(
            self.real["crm.lead"].create(
                [
                    {"name": f"Lost {number}", "email_from": f"lost.{number}@once.example.com", "user_id": False}
                    for number in range(self.count)
                ]
            )
        )
        self.leads.action_set_lost()
        wizard = self.keep(self.real["crm.lead.reactivate"].create({"lead_ids": self.leads.ids, "name": "Once"}))
        self.mailing = wizard._create_mailing()
        self.mailing.write({"mail_server_id": self.open_sink().id, "email_from": "info@example.com"})
        self.mailing.action_put_in_queue()
        self.real_cr.commit()
        self.queue = QUEUE.format(mailing=self.mailing.id) + "{faults}" + RUN

    def clean(self):
        self.refresh()
        self.crons.active = True
        self.real["mail.mail"].search([("mailing_id", "=", self.mailing.id)]).unlink()
        self.real["mailing.trace"].search([("mass_mailing_id", "=", self.mailing.id)]).unlink()
        self.real["link.tracker"].search([("mass_mailing_id", "=", self.mailing.id)]).unlink()
        self.mailing.exists().unlink()
        for records in reversed(self.made):
            records.exists().unlink()
        self.real_cr.commit()

    def get_written_to(self):
        return self.leads.mapped("email_from")

    def get_addresses(self, mails):
        return mails.mailing_trace_ids.mapped("email")

    def work(self, **fault):
        return self.queue.format(faults=KILL.format(**fault) if fault else "")

    def test_killed_workers_write_to_nobody_twice_and_forget_nobody(self):
        """Killed with a batch in hand, right after the mail server took a mail of a batch, and once more when the next
        worker sends what was left."""
        self.run_senders(
            (self.work(model="mail.mail", method="create", call=2), True),
            (self.work(model="ir.mail_server", method="send_email", call=3), True),
            (self.work() + KILL.format(model="ir.mail_server", method="send_email", call=2) + SEND, True),
            self.work() + SEND,
        )
        self.assertEqual(self.mailing.state, "done")
        self.assertEachOnce(uncertain=2)
        self.assertEqual(len(self.get_received()), self.count, "both had left; that is what nobody could know")

    def test_killed_with_the_first_mail_of_the_mailing_on_its_way(self):
        """Odoo would not even know that it had made this mail."""
        self.run_senders(
            (self.work(model="ir.mail_server", method="send_email", call=1), True), self.work() + SEND, self.work()
        )
        self.assertEachOnce(uncertain=1)

    def test_two_workers_at_once_make_each_mail_once(self):
        gates = [f"{self.folder}/gate.{number}" for number in range(2)]
        first = self.queue.format(faults=SLOW.format(mine=gates[0], other=gates[1]))
        prepare = QUEUE.format(mailing=self.mailing.id)
        second = prepare + AFTER.format(mine=gates[1], other=gates[0], run=RUN.strip())
        self.run_senders([first, second], SEND)
        self.assertEqual(self.mailing.state, "done")
        self.assertEachOnce()
        self.assertEqual(len(self.get_received()), self.count)

    def test_collision_with_a_worker_of_the_outbox_stops_no_queue(self):
        """All mails are made by then, so whoever sends them is the same."""
        collide = "from psycopg2 import errors\ndef collides(self, *args, **kwargs):\n"
        collide += "    raise errors.SerializationFailure\ntype(env['mail.mail']).send = collides\n"
        self.run_senders(self.queue.format(faults=collide))
        self.assertEqual(self.mailing.state, "done")
        self.assertEqual(len(self.get_mails(state="outgoing")), self.count)
        self.run_senders(SEND)
        self.assertEachOnce()
        self.assertEqual(len(self.get_received()), self.count)

    def test_what_another_worker_is_making_is_left_to_it(self):
        lock = "SELECT pg_advisory_lock('mailing_mailing'::regclass::oid::int, %s)"
        self.real_cr.execute(lock, [self.mailing.id])
        named = f"env['mailing.mailing'].browse({self.mailing.id}).action_send_mail({self.leads[:2].ids})\n"
        refuse = "from odoo.exceptions import UserError\ntry:\n    {}except UserError:\n    env.cr.rollback()\n"
        refuse += "else:\n    raise AssertionError('nobody comes back to named recipients')\n"
        self.run_senders(self.work(), refuse.format(named))
        self.assertFalse(self.get_mails() or self.get_received())
        self.assertNotEqual(self.mailing.state, "done")
        self.real_cr.execute(lock.replace("_lock", "_unlock"), [self.mailing.id])
        self.real_cr.commit()
        self.run_senders(self.work(), SEND)
        self.assertEachOnce()

    def test_what_another_worker_has_made_since_is_not_made_again(self):
        """The queue looked before the other one was done; that both write the mailing is a collision."""
        done = "remaining = Mailing._get_remaining_recipients\ndef late(self):\n    ids = remaining(self)\n"
        done += "    Mailing._get_remaining_recipients = remaining\n    with self.env.registry.cursor() as cr:\n"
        done += "        cr.execute('UPDATE mailing_mailing SET state = %s WHERE id = %s', ['done', self.id])\n"
        done += "    return ids\nMailing._get_remaining_recipients = late\n"
        # what the queue wrote may meet the other one's before the mails are made, too: mailing_mailing_queue.py stands
        # around all that have a part in sending
        done += "limits = Mailing._get_usage_refusal\ndef flushing(self, *args):\n    self.flush_recordset()\n"
        done += "    return limits(self, *args)\nMailing._get_usage_refusal = flushing\n"
        self.run_senders(self.queue.format(faults=done))
        self.assertEqual(self.mailing.state, "done")
        self.assertFalse(self.get_mails() or self.get_received())

    def test_retry_leaves_out_the_mail_that_may_have_been_sent(self):
        self.keeper.refused = {self.leads[7].email_from}
        self.run_senders((self.work(model="ir.mail_server", method="send_email", call=1), True), self.work() + SEND)
        self.assertEqual(len(self.get_mails(state="exception")), 2)
        self.keeper.refused = set()
        self.mailing.action_retry_failed()
        self.real_cr.commit()
        self.run_senders(self.work() + SEND)
        self.assertEachOnce(uncertain=1)
        self.assertEqual(len(self.get_received()), self.count)
