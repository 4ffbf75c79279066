# Who leaves early is not written to any more: mails that wait in the outbox are cancelled, whatever took them out.
from datetime import datetime
from unittest.mock import patch

from psycopg2 import errors

from odoo.tests import tagged

from .common_journey import JourneyCase
from .common_sink import SEND, SMALL, SinkCase

WAITS = ("outgoing", False)
CANCELLED = ("cancel", "mail_left")
MAIL, REST = {"kind": "email", "name": "Mail"}, {"kind": "wait", "name": "Rest", "wait_value": 5}


@tagged("post_install", "-at_install")
class TestMailingLeave(JourneyCase):
    def start(self, steps=(MAIL, REST, {"kind": "end"}), records=None, **values):
        """A journey whose mails wait in the outbox, while those inside wait for the next step."""
        records = self.brandon + self.colleen if records is None else records
        journey = self.make_journey(records._name, [("id", "in", records.ids)], list(steps), **values)
        self.engine.tick()
        return journey

    def traces_of(self, journey, person=None):
        mailing = journey.node_ids.filtered(lambda node: node.name == "Mail").mailing_id
        traces = mailing.mailing_trace_ids.sorted("res_id")
        return traces.filtered(lambda trace: trace.res_id == person.id) if person else traces

    def statuses(self, journey):
        """In the order of their ids: Brandon's, Colleen's."""
        return [(trace.trace_status, trace.failure_type) for trace in self.traces_of(journey)]

    def entry_of(self, journey, person):
        return journey.participant_ids.filtered(lambda entry: entry.res_id == person.id)

    def log(self, code, person):
        self.env["engagement.activity.type"].log(code, person)

    def type_of(self, code):
        return self.env["engagement.activity.type"].search([("code", "=", code)])

    def send_all(self):
        with self.mock_mail_gateway(mail_unlink_sent=True):
            self.env["mail.mail"]._send_outbox()
            return sorted(mail["email_to"][0] for mail in self._mails if mail["subject"] == "Test offer")

    def assertOnlyBrandonLost(self, journey, state):
        """Brandon left with this state, and his mail does not; Colleen's leaves."""
        entry = self.entry_of(journey, self.brandon)
        self.assertEqual((entry.state, self.entry_of(journey, self.colleen).state), (state, "active"))
        self.assertEqual(self.statuses(journey), [CANCELLED, WAITS])
        self.assertEqual(self.traces_of(journey, self.brandon).mail_mail_id.mapped("state"), ["cancel"])
        mailing = journey.node_ids.mailing_id
        self.assertEqual((mailing.canceled, mailing.scheduled, mailing.sent), (1, 1, 0))
        self.assertFalse(entry.outbox_dropped)
        self.assertEqual(
            entry.trace_ids.filtered(lambda step: step.node_id.name == "Mail").reason,
            "Mails cancelled, since the participant left before they were sent: 1",
        )
        self.assertEqual(self.send_all(), ['"Colleen Diaz" <colleen.test@example.com>'])
        mailing.invalidate_recordset()
        self.assertEqual((mailing.canceled, mailing.scheduled, mailing.sent), (1, 0, 1))

    def test_exit_rule(self):
        journey = self.start(exit_domain="[('function', '=', 'Gone')]")
        self.assertEqual(self.statuses(journey), [WAITS, WAITS])
        self.brandon.function = "Gone"
        self.engine.tick()
        self.assertOnlyBrandonLost(journey, "exited")

    def test_goal(self):
        journey = self.start(goal_domain="[('function', '=', 'Customer')]")
        self.brandon.function = "Customer"
        self.engine.tick()
        self.assertOnlyBrandonLost(journey, "completed")

    def test_exit_and_goal_by_activity(self):
        for name, code, state in (
            ("exit_type_ids", "form_filled", "exited"),
            ("goal_type_ids", "order_confirmed", "completed"),
        ):
            with self.subTest(name):
                journey = self.start(**{name: self.type_of(code).ids})
                self.log(code, self.brandon)
                self.engine.tick()
                self.assertOnlyBrandonLost(journey, state)

    def test_unsubscribing(self):
        journey = self.start(exit_on_unsubscribe=True)
        self.env["mail.blacklist"]._add(self.brandon.email)
        self.engine.tick()
        self.assertOnlyBrandonLost(journey, "exited")

    def test_by_hand_and_by_an_action(self):
        journey = self.start()
        self.entry_of(journey, self.brandon).with_user(self.manager).action_exit()
        self.assertOnlyBrandonLost(journey, "exited")

    def test_rule_that_is_found_right_before_a_step(self):
        journey = self.start(exit_domain="[('function', '=', 'Gone')]")
        self.brandon.function = "Gone"
        journey.participant_ids.with_user(self.manager).action_skip_wait()
        self.engine._advance()
        self.assertEqual(self.entry_of(journey, self.brandon).exit_reason, "Matched the exit rule")
        self.assertEqual(self.statuses(journey), [CANCELLED, WAITS])

    def test_record_that_is_gone(self):
        """Whoever was archived leaves at the next step that looks at the record."""
        journey = self.start([MAIL, REST, {"kind": "email", "name": "More"}])
        self.brandon.active = False
        journey.participant_ids.with_user(self.manager).action_skip_wait()
        self.engine.tick()
        self.assertEqual(self.entry_of(journey, self.brandon).state, "exited")
        self.assertEqual(self.statuses(journey), [CANCELLED, WAITS])

    def test_goal_that_is_only_noted_cancels_nothing(self):
        journey = self.start(goal_domain="[('function', '=', 'Customer')]", goal_leaves=False)
        (self.brandon + self.colleen).function = "Customer"
        self.engine.tick()
        self.assertEqual(journey.goal_count, 2)
        self.assertEqual(self.statuses(journey), [WAITS, WAITS])
        journey.participant_ids.with_user(self.manager).action_skip_wait()
        self.engine.tick()
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
        self.assertEqual(self.statuses(journey), [WAITS, WAITS], "they came to the end")

    def test_end_of_the_way_cancels_nothing(self):
        """The mail was made in the very step after which they are out, also if a rule holds by then."""
        journey = self.start([MAIL], exit_domain="[('function', '=', 'Gone')]")
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
        (self.brandon + self.colleen).function = "Gone"
        self.engine.tick()
        self.assertEqual(self.statuses(journey), [WAITS, WAITS])
        self.assertEqual(len(self.send_all()), 2)

    def test_failure_of_a_later_step_cancels_nothing(self):
        journey = self.start()
        journey.participant_ids.with_user(self.manager).action_skip_wait()
        kind = type(self.env["journey.kind.wait"])
        with patch.object(kind, "_process", side_effect=ValueError("broken")):
            journey.participant_ids.sudo().attempts = 2
            self.engine.tick()
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"failed"})
        self.assertEqual(self.statuses(journey), [WAITS, WAITS])

    def test_what_was_sent_stays_sent(self):
        journey = self.start(exit_domain="[('function', '=', 'Gone')]")
        self.assertEqual(len(self.send_all()), 2)
        (self.brandon + self.colleen).function = "Gone"
        self.engine.tick()
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"exited"})
        self.assertEqual(self.statuses(journey), [("sent", False)] * 2)
        reasons = journey.participant_ids.trace_ids.filtered(lambda step: step.node_id.name == "Mail").mapped("reason")
        self.assertEqual(reasons, ["Recipients mailed: 1"] * 2)

    def test_mail_on_its_way_is_its_senders(self):
        """A sender took it: whatever the goal says, it has left or may have."""
        journey = self.start(goal_domain="[('function', '=', 'Customer')]")
        mail = self.traces_of(journey, self.brandon).mail_mail_id
        self.env.cr.execute(
            "UPDATE mail_mail SET state = 'exception', failure_type = 'mail_uncertain' WHERE id = %s", [mail.id]
        )
        mail.invalidate_recordset()
        self.brandon.function = "Customer"
        self.engine.tick()
        self.assertEqual((mail.state, mail.journey_outbox), ("exception", "open"))
        self.assertEqual(self.statuses(journey), [WAITS, WAITS])
        self.assertFalse(self.entry_of(journey, self.brandon).outbox_dropped)

    def test_mail_held_for_quiet_hours_is_never_made(self):
        for name, value in (("on", "True"), ("from", "21.0"), ("to", "8.0"), ("spread", "0")):
            self.env["ir.config_parameter"].set_param(f"crm_buying_journey.quiet_{name}", value)
        (self.brandon + self.colleen).tz = "Europe/Paris"
        night, later, morning = datetime(2026, 1, 15, 21, 5), datetime(2026, 1, 15, 23), datetime(2026, 1, 16, 7)
        with self.mock_datetime_and_now(night):
            journey = self.start(goal_domain="[('function', '=', 'Customer')]")
            self.assertFalse(self.traces_of(journey), "held")
        self.brandon.function = "Customer"
        for moment in (later, morning):
            with self.mock_datetime_and_now(moment):
                self.engine.tick()
        self.assertEqual(self.entry_of(journey, self.brandon).trace_ids.mapped("state"), ["skipped"])
        self.assertEqual(self.traces_of(journey).mapped("res_id"), self.colleen.ids)

    def test_group_of_whom_one_got_the_mail(self):
        journey = self.start([{**MAIL, "people": "people"}, REST], self.group, exit_domain="[('status', '=', 'Gone')]")
        self.traces_of(journey, self.colleen).mail_mail_id.scheduled_date = datetime(2100, 1, 1)
        self.assertEqual(len(self.send_all()), 1)
        self.group.status = "Gone"
        self.engine.tick()
        self.assertEqual(self.statuses(journey), [("sent", False), CANCELLED])
        self.assertIn(
            "Recipients mailed: 1. Mails cancelled, since the participant left before they were sent: 1",
            journey.participant_ids.trace_ids.mapped("reason"),
        )

    def test_tracked_copy_goes_along(self):
        (self.brandon + self.colleen).user_id = self.salesperson
        journey = self.make_journey(
            "res.partner",
            [("id", "in", (self.brandon + self.colleen).ids)],
            [{**MAIL, "cc": ["user_id"]}, REST],
            publish=False,
            exit_domain="[('function', '=', 'Gone')]",
        )
        journey.node_ids.mailing_id.cc_slot_ids.mode = "tracked"
        journey.with_user(self.manager).action_publish()
        self.engine.tick()
        self.brandon.function = "Gone"
        self.engine.tick()
        copies = [self.traces_of(journey, person).copy_ids for person in (self.brandon, self.colleen)]
        self.assertEqual([copy.state for copy in copies], ["cancelled", "outgoing"])
        self.assertEqual([copy.mail_ids.state for copy in copies], ["cancel", "outgoing"])

    def test_cancelled_mail_frees_its_place(self):
        """Whoever comes back is written to, whatever the caps count."""
        self.env["ir.config_parameter"].set_param("crm_buying_journey.cap_day", "1")
        journey = self.start(exit_domain="[('function', '=', 'Gone')]", reentry="end", reentry_delay=0)
        self.brandon.function = "Gone"
        self.engine.tick()
        self.brandon.function = "Back"
        self.engine.tick()
        statuses = self.traces_of(journey, self.brandon).sorted("id").mapped("trace_status")
        self.assertEqual(statuses, ["cancel", "outgoing"])

    def test_collision_with_a_sender_stops_nobody(self):
        """What could not be cancelled is taken by no sender, and cancelled by the next one to come by."""
        journey = self.start(exit_domain="[('function', '=', 'Gone')]")
        self.brandon.function = "Gone"
        traces = type(self.env["mailing.trace"])
        with patch.object(traces, "_lock_waiting", side_effect=errors.SerializationFailure):
            self.engine.tick()
        entry = self.entry_of(journey, self.brandon)
        self.assertEqual((entry.state, entry.outbox_dropped), ("exited", True))
        self.assertEqual(self.statuses(journey), [WAITS, WAITS])
        mail = self.traces_of(journey, self.brandon).mail_mail_id
        # a sender that has it in hand already does not ask who left any more, and yet takes it from nobody
        with self.mock_mail_gateway(mail_unlink_sent=True), patch.object(type(mail), "_drop_unwanted"):
            mail.send()
        self.assertEqual(mail.state, "outgoing")
        self.assertEqual(self.send_all(), ['"Colleen Diaz" <colleen.test@example.com>'])
        self.assertEqual(self.statuses(journey), [CANCELLED, ("sent", False)])
        self.assertFalse(entry.outbox_dropped)

    def test_cost_does_not_grow_with_those_who_leave(self):
        """Statements for three and for thirty who leave with a mail in the outbox."""
        counts = []
        for number in (3, 30):
            people = self.env["res.partner"].create(
                [{"name": f"Reader {place}", "email": f"{number}.{place}@example.com"} for place in range(number)]
            )
            journey = self.start(records=people, exit_domain="[('function', '=', 'Gone')]")
            people.function = "Gone"
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.engine._let_leave(journey)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(self.statuses(journey), [CANCELLED] * number)
        self.assertLessEqual(counts[1], counts[0] + 2)


# shared by two processes: what the one has done, and the other waits for
TURNS = """
def said(name):
    return os.path.exists(os.path.join({folder!r}, name))
def say(name):
    open(os.path.join({folder!r}, name), 'w').close()
def wait_for(name):
    until = time.monotonic() + 300
    while not said(name):
        assert time.monotonic() < until, name
        time.sleep(0.02)
"""
SENDER = """
from odoo.addons.crm_buying_journey.models.mailing.outbox_ledger import OutboxLedger
take, seen = OutboxLedger.take, []
def in_turns(ledger, mail_id):
    seen.append(mail_id)
    before(len(seen))
    result = take(ledger, mail_id)
    after(len(seen))
    return result
OutboxLedger.take = in_turns
"""


@tagged("post_install", "-at_install")
class TestMailingLeaveWorkers(SinkCase):
    """One process sends, another one lets everybody leave."""

    def setUp(self):
        super().setUp()
        self.journey.exit_domain = "[('ref', '=', 'x')]"  # which the action made true
        # as if a long wait had followed the mail
        self.real.flush_all()
        self.real_cr.execute(
            """
            UPDATE journey_participant SET state = 'active', left_at = NULL, due_at = '2100-01-01'
             WHERE journey_id = %s
            """,
            [self.journey.id],
        )
        self.real_cr.commit()
        self.refresh()

    def run_both(self, sender, leaver):
        turns = TURNS.format(folder=self.folder)
        workers = [
            self.start_worker(SMALL + turns + SENDER + sender + SEND),
            self.start_worker(turns + leaver),
        ]
        for worker in workers:
            self.release(worker)
        for worker in reversed(workers):
            self.end_worker(worker, seconds=400)
        self.refresh()
        workers[1].output.seek(0)
        return workers[1].output.read()

    def assertSent(self, count):
        """So many mails were sent, once; all others are cancelled, and everybody has left."""
        self.assertEqual(len(self.journey.participant_ids), self.count)
        self.assertEqual(set(self.journey.participant_ids.mapped("state")), {"exited"})
        received = self.get_received()
        self.assertEqual((len(received), set(received.values())), (count, {1}))
        by_status = self.mailing.mailing_trace_ids.grouped("trace_status")
        counts = {status: len(traces) for status, traces in by_status.items()}
        self.assertEqual(counts, {"sent": count, "cancel": self.count - count})
        self.assertEqual(set(by_status["sent"].mapped("email")), set(received))
        self.assertEqual(set(by_status["cancel"].mapped("failure_type")), {"mail_left"})
        self.assertEqual(set(self.get_mails().mapped("state")), {"cancel"})
        self.assertEqual(len(self.get_mails()), self.count - count)
        self.assertFalse(self.journey.participant_ids.filtered("outbox_dropped"))

    def test_leaving_in_the_middle_of_a_batch(self):
        """The sender has taken five mails and made the texts of more: these do not leave."""
        self.run_both(
            """
def before(number):
    if number == 6:
        say('sending')
        wait_for('left')
def after(number):
    pass
""",
            "wait_for('sending')\nenv.cr.rollback()\nenv['journey.engine'].tick()\nenv.cr.commit()\nsay('left')\n",
        )
        self.assertSent(5)

    def test_collision(self):
        """The sender takes a mail that waited still when the leaver's transaction began: neither stops the other, and
        none of those that the leaver could not cancel leaves."""
        output = self.run_both(
            """
def before(number):
    if number == 3:
        say('sending')
        wait_for('leaving')
    elif number == 4:
        wait_for('left')
def after(number):
    if number == 3:
        say('taken')
""",
            """
wait_for('sending')
env.cr.rollback()
Trace = type(env['mailing.trace'])
lock = Trace._lock_waiting
def late(self):
    if not said('leaving'):
        say('leaving')
        wait_for('taken')
    return lock(self)
Trace._lock_waiting = late
env['journey.engine'].tick()
env.cr.commit()
env.cr.execute("SELECT count(*) FROM journey_participant WHERE outbox_dropped")
print('DROPPED', env.cr.fetchone()[0], flush=True)
say('left')
""",
        )
        self.assertIn("DROPPED 38", output, "the leaver saw all but two of the mails waiting")
        self.assertEqual(len(self.get_received()), 3, "no mail of somebody who left was taken")
        self.assertEqual(set(self.journey.participant_ids.mapped("state")), {"exited"})
        self.run_senders(SEND)
        self.assertSent(3)
