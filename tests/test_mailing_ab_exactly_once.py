# A/B tests: workers that are killed, or several at once, mail nobody twice and miss nobody.
from collections import Counter

from odoo import fields
from odoo.sql_db import db_connect
from odoo.tests import tagged

from .common_committed import CommittedCase
from .common_journey import BODY

# as the scheduled actions would, again and again until they come through; each runs in a process of its own
AGAIN = """
from odoo.addons.crm_buying_journey.models.journey.journey_engine import RETRYABLE
test = env['mailing.ab.test'].browse({test})
for _attempt in range(100):
    try:
        {work}
        env.cr.commit()
        break
    except RETRYABLE:
        env.cr.rollback()
        time.sleep(0.05)
else:
    raise RuntimeError("never came through")
"""
SEND = "test._send_guarded()"
KILL = """
import signal
Test = type(env['{model}'])
original = Test.{method}
seen = []
def killed(self, *args, **kwargs):
    result = original(self, *args, **kwargs)
    seen.append(1)
    if len(seen) == {after}:
        self.env.flush_all()
        os.kill(os.getpid(), signal.SIGKILL)
    return result
Test.{method} = killed
"""


@tagged("post_install", "-at_install")
class TestAbExactlyOnce(CommittedCase):
    count = 50

    def setUp(self):
        super().setUp()
        self.crons = self.real.ref("mass_mailing.ir_cron_mass_mailing_queue") + self.real.ref(
            "crm_buying_journey.ir_cron_mailing_ab_test"
        )
        self.were_active = self.crons.filtered("active")
        self.crons.active = False
        self.contacts = self.keep(
            self.real["res.partner"].create(
                [{"name": f"Arm {number}", "email": f"arm.{number}@example.com"} for number in range(self.count)]
            )
        )
        self.mailing = self.real["mailing.mailing"].create(
            {
                "subject": "Once A",
                "body_html": BODY,
                "mailing_model_id": self.real["ir.model"]._get_id("res.partner"),
                "mailing_domain": str([("id", "in", self.contacts.ids)]),
                "email_from": "info@example.com",
            }
        )
        self.mailing.action_create_ab_test()
        self.test = self.mailing.ab_test_id
        self.test.arm_ids[1].subject = "Once B"
        self.test.write({"test_percent": 60, "holdout_percent": 10, "min_sample": 2, "method": "fixed"})
        self.mailing.action_put_in_queue()
        self.real_cr.commit()

    def clean(self):
        self.real_cr.rollback()
        self.real.invalidate_all()
        self.were_active.active = True
        mailings = self.test.arm_ids.mailing_id | self.mailing
        self.real["mail.mail"].search([("mailing_id", "in", mailings.ids)]).unlink()
        self.real["mailing.trace"].search([("mass_mailing_id", "in", mailings.ids)]).unlink()
        self.test.message_ids.unlink()
        self.real_cr.execute("DELETE FROM mailing_ab_test WHERE id = %s", [self.test.id])
        self.real.invalidate_all()
        mailings.exists().unlink()
        for records in reversed(self.made):
            records.exists().unlink()
        self.real_cr.commit()

    def start(self, work=SEND, before=""):
        return self.start_worker(before + AGAIN.format(test=self.test.id, work=work))

    def refresh(self):
        self.real_cr.rollback()
        self.real.invalidate_all()

    def count_mails(self):
        """How many mails each contact has, of whatever arm."""
        self.refresh()
        mails = self.real["mail.mail"].search([("mailing_id", "in", self.test.arm_ids.mailing_id.ids)])
        return Counter(mails.recipient_ids.ids)

    def assertOnce(self, mailed, held=0):
        """So many were mailed, once, with one trace each, by the arm that the draw gave them."""
        mails = self.count_mails()
        self.assertEqual(set(mails.values()), {1}, "nobody is mailed twice")
        self.assertEqual(len(mails), mailed, "nobody is missing")
        rows = self.real["mailing.ab.allocation"].search([("test_id", "=", self.test.id)])
        self.assertEqual(len(rows), self.count)
        self.assertEqual(set(rows.filtered(lambda row: row.state == "mailed").mapped("res_id")), set(mails))
        states = Counter(rows.mapped("state"))
        self.assertEqual(states, Counter({"mailed": mailed, "held": held, "holdout": 5}) - Counter())
        traces = self.real["mailing.trace"].search([("mass_mailing_id", "in", self.test.arm_ids.mailing_id.ids)])
        got = sorted((trace.res_id, trace.mass_mailing_id.id) for trace in traces)
        due = sorted((row.res_id, row.arm_id.mailing_id.id) for row in rows if row.state == "mailed")
        self.assertEqual(got, due)
        self.assertEqual(set(self.test.arm_ids.mailing_id.mapped("state")), {"done"})

    def send_here(self):
        """As one more worker, in this process."""
        self.refresh()
        self.test._send_guarded()
        self.real_cr.commit()

    def test_killed_senders_lose_and_double_nothing(self):
        """Killed after the draw, in the middle of a batch, and after a commit and a further claim."""
        kills = [
            KILL.format(model="mailing.ab.test", method="_start", after=1),
            KILL.format(model="mailing.mailing", method="_compose_for", after=1),
            KILL.format(model="mailing.ab.test", method="_claim", after=3),
        ]
        workers = [self.start(before=kill) for kill in kills]
        for worker in workers:
            self.end_worker(worker, expected=-9)
        self.assertEqual(len(self.count_mails()), 14, "two batches were committed before the last one died")
        self.assertEqual(set(self.test.arm_ids.mailing_id.mapped("state")), {"sending"})
        self.send_here()
        self.assertOnce(30, held=15)

    def test_two_senders_at_once_share_the_work(self):
        workers = [self.start() for _number in range(2)]
        for worker in workers:
            self.release(worker)
        for worker in workers:
            self.end_worker(worker)
        self.send_here()
        self.assertOnce(30, held=15)

    def test_batch_of_a_sender_that_dies_is_not_given_up_by_another(self):
        """While one sender holds a batch another one finds nothing to do; the mailing must not count as done then."""
        self.test._start()
        self.real_cr.commit()
        with db_connect(self.env.cr.dbname).cursor() as other:
            other.execute(
                "SELECT id FROM mailing_ab_allocation WHERE test_id = %s AND state = 'assigned' ORDER BY id LIMIT 7"
                " FOR NO KEY UPDATE",
                [self.test.id],
            )
            self.send_here()
            self.assertEqual(len(self.count_mails()), 23)
            self.assertNotIn("done", self.test.arm_ids.mailing_id.mapped("state"))
            other.rollback()
        self.send_here()
        self.assertOnce(30, held=15)

    def test_who_chooses_while_another_one_looks_waits(self):
        """It is a person who waits here: being told that a row is locked is no answer."""
        self.send_here()
        worker = self.start("test.choose(test.arm_ids[1])")
        with db_connect(self.env.cr.dbname).cursor() as other:
            other.execute("SELECT FROM mailing_ab_test WHERE id = %s FOR UPDATE", [self.test.id])
            self.release(worker)
            self.await_blocked(worker)
            other.rollback()
        self.end_worker(worker)
        self.refresh()
        self.assertEqual(self.test.winner_arm_id, self.test.arm_ids[1])

    def test_deciding_and_sending_at_once(self):
        """Somebody chooses, the deadline is over and the queue runs, all at the same time."""
        choose = "test.choose(test.arm_ids[1]) if test.state == 'running' else None"
        workers = [self.start(work) for work in (SEND, choose, "test.decide()")]
        self.send_here()
        self.assertOnce(30, held=15)
        traces = self.real["mailing.trace"].search([("mass_mailing_id", "in", self.test.arm_ids.mailing_id.ids)])
        traces.write({"trace_status": "sent", "sent_datetime": fields.Datetime.now()})
        traces.mail_mail_id.state = "sent"
        self.test.deadline = fields.Datetime.subtract(fields.Datetime.now(), hours=1)
        self.real_cr.commit()
        for worker in workers:
            self.release(worker)
        for worker in workers:
            self.end_worker(worker)
        self.send_here()
        self.assertOnce(45)
        rest = self.real["mailing.ab.allocation"].search([("test_id", "=", self.test.id), ("phase", "=", "rest")])
        self.assertEqual(rest.arm_id, self.test.rest_arm_id, "the rest got what was decided")
