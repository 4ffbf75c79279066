# Sales alerts from a live journey to the mail server, on really committed data: once each, whatever happens to workers.
import socket
from collections import Counter

from aiosmtpd.controller import Controller

from odoo import SUPERUSER_ID, Command
from odoo.tests import tagged

from .common_committed import CommittedCase
from .common_sink import Keeper
from .test_journey_exactly_once import KILL, TICK

SEND = "env['mail.mail']._send_outbox()\n"
SENT_THEN_KILLED = """
import os, signal
Server = type(env['ir.mail_server'])
original = Server.send_email
def killed(self, *args, **kwargs):
    original(self, *args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
Server.send_email = killed
"""
# both have a batch in hand, and have seen that there is no alert yet, before either goes on
MEET = """
Alert = type(env['buying.alert'])
find = Alert._find_shared
def together(self, *args):
    found = find(self, *args)
    open(os.path.join({folder!r}, 'meet.%s' % os.getpid()), 'w').close()
    while sum(name.startswith('meet.') for name in os.listdir({folder!r})) < 2:
        time.sleep(0.02)
    return found
Alert._find_shared = together
"""
ADDRESSES = ("desk.alert@example.com", "west.alert@example.com", "east.alert@example.com")
COPY = "boss.alert@example.com"


@tagged("post_install", "-at_install")
class TestAlertOnce(CommittedCase):
    def setUp(self):
        super().setUp()
        self.journeys, self.groups = self.real["journey.journey"], self.real["buying.group"]
        self.solution, self.template = self.real["buying.solution"], self.real["buying.role.template"]
        self.real["ir.cron"].search([("cron_name", "ilike", "Journeys:")]).active = False
        self.keeper = Keeper()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        controller = Controller(self.keeper, hostname="127.0.0.1", port=port)
        controller.start()
        self.addCleanup(controller.stop)
        make = self.real.__getitem__
        self.keep(
            make("ir.mail_server").create({"name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": port, "sequence": 0})
        )
        role = self.real.ref("crm_buying_journey.buying_role_decision_maker")
        self.template = make("buying.role.template").create(
            {"name": "Alert once", "line_ids": [Command.create({"role_id": role.id})]}
        )
        self.template.action_publish()
        self.solution = make("buying.solution").create({"name": "Alert once", "template_id": self.template.id})
        self.accounts = self.keep(
            make("res.partner").create([{"name": f"Alert once {n}", "is_company": True} for n in range(3)])
        )
        people = self.keep(
            make("res.partner").create(
                [
                    {
                        "name": f"Person of {account.name}",
                        "parent_id": account.id,
                        "email": "person.alert@example.com",
                        "phone": "+1 204-555-0144",
                    }
                    for account in self.accounts
                ]
            )
        )
        self.groups = make("buying.group").create(
            [{"solution_id": self.solution.id, "partner_id": account.id} for account in self.accounts]
        )
        for group, person in zip(self.groups, people, strict=True):
            group.assign_member(person, role, source="system")
        self.journey = self.make_journey()
        self.real_cr.commit()

    def make_journey(self, records=None, **values):
        records = self.groups if records is None else records
        journey = self.real["journey.journey"].create(
            {
                "name": "Alert once",
                "model_id": self.real["ir.model"]._get_id(records._name),
                "domain": str([("id", "in", records.ids)]),
                "user_id": SUPERUSER_ID,
            }
        )
        self.journeys |= journey
        self.real["journey.node"].create(
            [
                {
                    "version_id": journey.draft_version_id.id,
                    "kind": "action",
                    "name": "Tell sales",
                    "sequence": 1,
                    "action_state": "sales_alert",
                    "alert_email_to": ", ".join(ADDRESSES),
                    "alert_email_from": "Journeys <journeys@example.com>",
                    "alert_reply_to": "answers@example.com",
                    "alert_email_cc": COPY,
                    **values,
                },
                {"version_id": journey.draft_version_id.id, "kind": "end", "name": "End", "sequence": 2},
            ]
        )
        journey.action_connect_steps()
        journey.action_publish()
        return journey

    def clean(self):
        self.real_cr.rollback()
        self.real.invalidate_all()
        self.real["ir.cron"].with_context(active_test=False).search([("cron_name", "ilike", "Journeys:")]).active = True
        actions = self.journeys.exists().version_ids.node_ids._get_owned_actions()
        self.get_mails().unlink()
        self.real_cr.execute("DELETE FROM journey_journey WHERE id = ANY(%s)", [self.journeys.ids])
        self.real.invalidate_all()
        actions.exists().unlink()
        self.real.flush_all()
        # live ones cannot be deleted otherwise
        for records in (self.groups, self.solution, self.template):
            self.real_cr.execute(f"DELETE FROM {records._table} WHERE id = ANY(%s)", [records.ids])
        self.real.invalidate_all()
        for records in reversed(self.made):
            records.exists().unlink()
        self.real_cr.commit()

    def get_mails(self):
        return self.real["mail.mail"].search(
            [("model", "=", "buying.group"), ("res_id", "in", self.groups.ids), ("alert_recipient_id", "!=", False)]
        )

    def refresh(self):
        self.real_cr.rollback()
        self.real.invalidate_all()

    def assertAlertedOnce(self):
        self.refresh()
        alerts = self.real["buying.alert"].search([("group_id", "in", self.groups.ids)])
        self.assertEqual(Counter(alerts.group_id.ids), Counter(self.groups.ids), "one alert per group")
        self.assertEqual(len(alerts), len(self.groups))
        wanted = Counter((group.id, address) for group in self.groups for address in (*ADDRESSES, COPY))
        self.assertEqual(Counter((mail.res_id, mail.email_to) for mail in self.get_mails()), wanted)
        return alerts

    def test_killed_workers_alert_nobody_twice(self):
        """Killed when the mails were made, and before and after the traces were written."""
        kills = [
            KILL.format(method="_process", before=False, after=1),
            KILL.format(method="_move_tokens", before=True, after=1),
            KILL.format(method="_move_tokens", before=False, after=1),
        ]
        *doomed, last = [self.start_worker(script + TICK) for script in (*kills, "")]
        for worker in doomed:
            self.end_worker(worker, expected=-9)
            self.refresh()
            self.assertFalse(self.get_mails(), "what a killed worker did is undone")
        self.end_worker(last)
        alerts = self.assertAlertedOnce()
        self.assertEqual(set(self.journey.participant_ids.mapped("state")), {"completed"})
        self.assertEqual(set(self.journey.participant_ids.trace_ids.mapped("state")), {"done"})
        self.assertEqual(set(alerts.participant_id.ids), set(self.journey.participant_ids.ids))

    def test_two_steps_at_once_keep_the_days_between(self):
        """Two journeys alert about the same groups at the same moment, and neither again within a day."""
        self.journey.action_abort()
        for _number in range(2):
            self.make_journey(alert_again_days=1)
        self.real_cr.commit()
        workers = [self.start_worker(TICK + TICK) for _number in range(2)]
        for worker in workers:
            self.release(worker)
        for worker in workers:
            self.end_worker(worker)
        self.assertAlertedOnce()
        traces = self.journeys.participant_ids.trace_ids.filtered(lambda trace: trace.node_id.kind == "action")
        states = Counter(traces.mapped("state"))
        self.assertEqual(states, {"done": 3, "skipped": 3})

    def test_leads_that_two_workers_bring_at_once_share_an_alert(self):
        """Few leads a transaction, and those of each group in many of them: whoever meets the other joins its alert."""
        self.journey.action_abort()
        leads = self.keep(
            self.real["crm.lead"].create(
                [
                    {"name": f"Alert once {number}", "partner_id": account.id, "user_id": False}
                    for number in range(6)
                    for account in self.accounts
                ]
            )
        )
        journey = self.make_journey(leads, alert_solution_id=self.solution.id)
        self.real_cr.commit()  # workers see only what was committed
        worker = self.start_worker("env['journey.engine']._enrol()\n")
        self.end_worker(worker)
        # a worker waits in its first batch until the other one has one, too
        small = "journey_engine_advance.BATCH_SIZE = 2\n"
        workers = [self.start_worker(small + MEET.format(folder=self.folder) + TICK) for _number in range(2)]
        for worker in workers:
            self.release(worker)
        for worker in workers:
            self.end_worker(worker)
        self.end_worker(self.start_worker(TICK))
        alerts = self.assertAlertedOnce()
        self.assertEqual(Counter(alerts.lead_ids.ids), Counter(leads.ids), "none was forgotten")
        for alert in alerts:
            self.assertEqual(alert.lead_ids.partner_id, alert.group_id.partner_id)
        self.assertEqual(alerts.participant_ids, journey.participant_ids)
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
        done = journey.participant_ids.trace_ids
        self.assertEqual(Counter(done.mapped("state")), {"done": 2 * len(leads)})
        self.assertEqual(set(done.mapped("attempts")), {0}, "a collision is no failed attempt")

    def test_from_the_journey_to_the_mail_server(self):
        self.real["journey.engine"].tick()
        self.real_cr.commit()
        # one is killed when a mail is in the hands of the mail server, and another one goes on
        killed, last = self.start_worker(SENT_THEN_KILLED + SEND), self.start_worker(SEND + SEND)
        self.end_worker(killed, expected=-9)
        self.assertEqual(len(self.keeper.messages), 1)
        self.end_worker(last)
        received = Counter(
            (address, str(message["Subject"])) for _from, to, message in self.keeper.messages for address in to
        )
        self.assertEqual(set(received.values()), {1}, "nobody got the same mail twice")
        self.assertEqual(len(self.keeper.messages), 12)
        self.refresh()
        uncertain = self.get_mails().filtered(lambda mail: mail.state != "sent")
        self.assertEqual(uncertain.mapped("failure_type"), ["mail_uncertain"], "one may have been sent, and says so")
        self.check_message()

    def check_message(self):
        """Headers, both parts, and the links of one message as it arrived."""
        _from, recipients, message = next(m for m in self.keeper.messages if "desk.alert@example.com" in m[1])
        self.assertEqual(recipients, ("desk.alert@example.com",))
        self.assertEqual(message["To"], "desk.alert@example.com")
        self.assertIsNone(message["Cc"])
        self.assertIn("journeys@example.com", message["From"])
        self.assertEqual(message["Reply-To"], "answers@example.com")
        self.assertEqual(message["Auto-Submitted"], "auto-generated")
        self.assertIsNone(message["List-Unsubscribe"])
        self.assertRegex(message["Subject"], r"Alert once for Alert once \d is ready for you")
        self.assertEqual(message.get_content_type(), "multipart/alternative")
        plain, html = (message.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))
        for part in (plain, html):
            self.assertRegex(part, r"Person of Alert once \d")
            self.assertIn("+1 204-555-0144", part)
            self.assertRegex(part, r"/buying/alert/\d+/[0-9a-f]{64}/accept")
            self.assertRegex(part, r"/buying/alert/\d+/[0-9a-f]{64}/not_ready")
            self.assertNotIn("alert-recipient", part)
            self.assertNotIn("/answer/", part)
        self.assertIn(f"A copy that cannot be answered goes to {COPY}.", " ".join(plain.split()))
        self.assertRegex(plain, r"(?m)^Account: Alert once \d$")
        self.assertRegex(plain, r"(?m)^Members\n-------$")
        self.assertNotRegex(plain, r"<\w")
        self.assertLess(len(message.as_bytes()), 100_000)
        self.check_copy()

    def check_copy(self):
        """Whoever is in copy learns the same, and can do nothing in the name of a recipient."""
        copied = [m for m in self.keeper.messages if COPY in m[1]]
        self.assertEqual(len(copied), 3, "one copy for each group, not for each recipient")
        for _from, recipients, message in copied:
            self.assertEqual(recipients, (COPY,), "a mail of its own")
            self.assertEqual((message["To"], message["Cc"], message["Bcc"]), (COPY, None, None))
            self.assertRegex(message["Subject"], r"^Copy: Alert once for Alert once \d is ready for you$")
            plain, html = (message.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))
            for part in (plain, html):
                self.assertNotIn("/buying/alert/", part)
                self.assertRegex(part, r"/odoo/buying.group/\d+")
                self.assertIn("+1 204-555-0144", part)
            self.assertIn(f"was sent to {', '.join(ADDRESSES)}, who can answer it.", " ".join(plain.split()))
            self.assertNotIn("Not ready", plain)
