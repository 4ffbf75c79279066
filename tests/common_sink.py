# What the tests share that hand mails to a real mail server: one on the loopback interface that keeps what it gets.
import email
import email.policy
import socket
from collections import Counter

from aiosmtpd.controller import Controller

from .common_committed import CommittedJourneyCase

# small batches, so that a few dozen mails pass through many of them
SMALL = """
from odoo.addons.crm_buying_journey.models.mailing import mail_mail_outbox, mail_mail_outbox_send
mail_mail_outbox.CLAIM_SIZE = 11
mail_mail_outbox_send.BATCH_SIZE = 4
"""
SEND = "env['mail.mail']._send_outbox()\n"
# a process of its own for each sender, without the seconds that starting Odoo takes: they are forked from one
FORKS = """
import ctypes, os, signal
from odoo import SUPERUSER_ID, api, sql_db
def start(script):
    env.cr.rollback()
    if pid := os.fork():
        return pid
    code = 1
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it goes with the one that started it
        sql_db._Pool = sql_db._Pool_readonly = None  # the parent's connections stay the parent's
        env.registry._db = sql_db.db_connect(env.cr.dbname)
        with env.registry.cursor() as own:
            exec(script, {'env': api.Environment(own, SUPERUSER_ID, {})})
            own.commit()
        code = 0
    finally:
        os._exit(code)
def end(pid, killed=False):
    _pid, status = os.waitpid(pid, 0)
    assert status == (signal.SIGKILL if killed else 0), status
"""


class Keeper:
    """Keeps each message it takes; ``refuse`` may turn a recipient down."""

    def __init__(self):
        self.messages = []
        self.refused = set()

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address in self.refused:
            return "550 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.messages.append((envelope.mail_from, tuple(envelope.rcpt_tos), message))
        return "250 Kept"


class Sink:
    """What a case needs that has a ``mailing`` to ``count`` recipients, and a mail server that takes its mails."""

    def open_sink(self):
        """:return: the mail server to send by, kept until the test ends"""
        self.keeper = Keeper()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        controller = Controller(self.keeper, hostname="127.0.0.1", port=port)
        controller.start()
        self.addCleanup(controller.stop)
        return self.keep(
            self.real["ir.mail_server"].create({"name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": port})
        )

    def refresh(self):
        self.real_cr.rollback()
        self.real.invalidate_all()

    def run_senders(self, *steps):
        """Let senders work one after the other, or several at the same time.

        :param steps: each a script that must end well, a pair of a script and whether it is killed, or a list of these
        """
        lines = []
        for step in steps:
            together = [one if isinstance(one, tuple) else (one, False) for one in self.as_list(step)]
            lines.append(f"pids = [start(script) for script in {[script for script, _killed in together]!r}]")
            lines += [f"end(pids[{place}], {killed})" for place, (_script, killed) in enumerate(together)]
        self.end_worker(self.start_worker(SMALL + FORKS + "\n".join(lines) + "\n"), seconds=300)
        self.refresh()

    def as_list(self, step):
        return step if isinstance(step, list) else [step]

    def get_mails(self, **values):
        domain = [("mailing_id", "=", self.mailing.id)]
        return self.real["mail.mail"].search(domain + [(name, "=", value) for name, value in values.items()])

    def get_written_to(self):
        """Addresses of all who shall get the mail."""
        return self.partners.mapped("email")

    def get_addresses(self, mails):
        return mails.recipient_ids.mapped("email")

    def get_received(self):
        """How often each address got the mail."""
        ours = set(self.get_written_to())
        return Counter(
            address
            for _sender, recipients, _message in self.keeper.messages
            for address in recipients
            if address in ours
        )

    def assertEachOnce(self, uncertain=0):
        """Nobody got a mail twice, and whoever got none is one of at most ``uncertain`` that say so."""
        self.refresh()
        received = self.get_received()
        self.assertEqual([address for address, times in received.items() if times > 1], [], "no mail is doubled")
        left = self.get_mails()
        addresses = self.get_addresses(left)
        self.assertLessEqual(len(left), uncertain, "at most one mail per killed worker is uncertain")
        for mail in left:
            self.assertEqual(
                (mail.state, mail.failure_type, mail.journey_outbox), ("exception", "mail_uncertain", "done")
            )
            self.assertIn("may have been sent or not", mail.failure_reason)
            trace = mail.mailing_trace_ids
            self.assertEqual((trace.trace_status, trace.failure_type), ("error", "mail_uncertain"))
        missing = set(self.get_written_to()) - set(received)
        self.assertLessEqual(missing, set(addresses), "whatever is missing is marked")
        traces = self.mailing.mailing_trace_ids - left.mailing_trace_ids
        self.assertEqual((set(traces.mapped("trace_status")), len(traces)), ({"sent"}, self.count - len(left)))
        self.assertTrue(all(trace.sent_datetime for trace in traces))


class SinkCase(Sink, CommittedJourneyCase):
    """The committed journey, its mails in the outbox, and a mail server that takes them."""

    def setUp(self):
        super().setUp()
        self.mailing.mail_server_id = self.open_sink()
        self.real_cr.commit()
        self.real["journey.engine"].tick()
        self.real_cr.commit()
        self.assertEqual(len(self.get_mails()), self.count)
