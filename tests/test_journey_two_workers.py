# Two workers at once, real processes on committed data: exit rules, goals, adding records by hand, and collisions.
import os

from odoo.tests import tagged

from .common_committed import CommittedJourneyCase

TICK = "env['journey.engine'].tick()\n"
# another worker that takes the steps from the other end
BACKWARDS = """
Engine = type(env['journey.engine'])
original = Engine._get_due_nodes
Engine._get_due_nodes = lambda engine: original(engine).sorted('id', reverse=True)
"""
# a worker that always has a batch in hand, each for a while, so that another one's work falls into one of them: the
# first until that one begins, and the longer that one takes, the longer, so that no machine is too slow for it
SLOWLY = """
Engine = type(env['journey.engine'])
process = Engine._process
journey_engine_advance.BATCH_SIZE = 2
def slowly(self, node, participants):
    open({started!r}, 'w').close()
    while not os.path.exists({begun!r}):
        time.sleep(0.02)
    if not os.path.exists({ended!r}):
        time.sleep(max(0.3, (time.time() - os.path.getmtime({begun!r})) / 5))
    return process(self, node, participants)
Engine._process = slowly
"""
# begins when the other worker has its first batch in hand; the host would try a call five times
MEANWHILE = """
from odoo.service import model
model.MAX_TRIES_ON_CONCURRENCY_FAILURE = 2
while not os.path.exists({started!r}):
    time.sleep(0.02)
open({begun!r}, 'w').close()
try:
    exec({call!r}, globals())
finally:
    open({ended!r}, 'w').close()
"""
# lets two workers look at the same state of the database before either goes on: what they do now collides
TOGETHER = """
Engine = type(env['journey.engine'])
original_{method} = Engine.{method}
def together(self, *args):
    self.env.cr.execute('SELECT 1')
    open(os.path.join({folder!r}, '{method}.%s' % os.getpid()), 'w').close()
    while sum(name.startswith('{method}.') for name in os.listdir({folder!r})) < 2:
        time.sleep(0.02)
    return original_{method}(self, *args)
Engine.{method} = together
"""
# writes each record at once and takes its time, so that two that go through the same records in opposite order meet
SLOW = """
for record in records.sorted('id', reverse={backwards}):
    record['ref'] = (record.ref or '') + '{letter}'
    record.flush_recordset()
    time.sleep(0.01)
"""
# as the web client's calls are run: again after a collision
CALL = """
from odoo.service.model import retrying
journey = env['journey.journey'].browse({journey})
print('RESULT', retrying(lambda: {call}, env), flush=True)
"""


@tagged("post_install", "-at_install")
class TestTwoWorkers(CommittedJourneyCase):
    def call(self, call):
        return CALL.format(journey=self.journey.id, call=call)

    def run_together(self, *scripts):
        """Run these at once.

        :return: what each of them printed
        """
        workers = [self.start_worker(script) for script in scripts]
        for worker in workers:
            self.release(worker)
        for worker in workers:
            self.end_worker(worker, seconds=300)
        self.real_cr.rollback()
        self.real.invalidate_all()
        return [self.output_of(worker) for worker in workers]

    def output_of(self, worker):
        worker.output.seek(0)
        return worker.output.read()

    def results(self, outputs):
        return [int(line.split()[1]) for output in outputs for line in output.splitlines() if line[:6] == "RESULT"]

    def assertSentOnce(self):
        mailings = self.journey.version_ids.node_ids.mailing_id
        mails = self.real["mail.mail"].search([("mailing_id", "in", mailings.ids)])
        self.assertEqual(sorted(mails.recipient_ids.ids), sorted(self.partners.ids), "no mail is missing")
        self.assertEqual(len(mails), self.count, "no mail is doubled")

    def test_exit_rule_takes_everybody_out_once(self):
        """The action makes the rule match, so that both workers find leavers before a batch and at each tick."""
        self.journey.exit_domain = "[('ref', '=', 'x')]"
        self.real_cr.commit()
        self.run_together(TICK * 3, TICK * 3)
        self.run_together(TICK)
        participants = self.journey.participant_ids
        self.assertEqual(len(participants), self.count)
        self.assertEqual(set(participants.mapped("state")), {"exited"})
        self.assertEqual(set(participants.mapped("exit_reason")), {"Matched the exit rule"})
        self.assertFalse(participants.filtered(lambda entry: entry.due_at or not entry.left_at))
        traces = participants.trace_ids
        self.assertEqual(
            sorted(traces.mapped(lambda trace: (trace.participant_id.id, trace.node_id.name, trace.state))),
            sorted((entry.id, name, "done") for entry in participants for name in ("Mail", "Act")),
            "nobody came to the end, and each step was done once",
        )
        self.assertEqual(set(self.partners.mapped("ref")), {"x"})
        self.assertSentOnce()

    def test_goal_is_noted_once_and_stops_nobody(self):
        self.journey.write({"goal_domain": "[('ref', '=', 'x')]", "goal_leaves": False, "goal_target": self.count})
        self.real_cr.commit()
        self.run_together(TICK * 3, TICK * 3)
        self.run_together(TICK)
        self.assertEverythingOnce()
        self.assertEqual(self.journey.goal_count, self.count)
        self.assertTrue(self.journey.goal_reached_date)

    def tick_together_at(self, method, before=1):
        """Tick in two workers that reach this method of the engine at the same moment, after some ticks alone. One of
        them collides there, and both end well."""
        self.run_together(TICK * before)
        tick = TOGETHER.format(method=method, folder=self.folder) + TICK
        self.run_together(tick, tick)

    def test_two_that_find_the_target_reached_at_once(self):
        self.journey.write({"goal_domain": "[('ref', '=', 'x')]", "goal_leaves": False, "goal_target": self.count})
        self.real_cr.commit()
        self.tick_together_at("_check_goals")
        self.assertEverythingOnce()
        self.assertTrue(self.journey.goal_reached_date)

    def test_two_that_find_everybody_gone_at_once(self):
        self.run_together(TICK)
        self.journey.action_close()
        self.real_cr.commit()
        self.tick_together_at("_finish", before=0)
        self.assertEverythingOnce()
        self.assertEqual(self.journey.state, "finished")

    def test_two_that_meet_a_broken_rule_at_once_tell_it_once(self):
        self.real_cr.execute(
            "UPDATE journey_journey SET exit_domain = %s WHERE id = %s", ["[('gone', '=', 1)]", self.journey.id]
        )
        self.real_cr.commit()
        self.run_together("env['journey.engine']._enrol()\n")
        self.tick_together_at("_tell_owner", before=0)
        self.assertEqual(len(self.journey.activity_ids), 1)

    def test_records_added_twice_enter_once(self):
        ids = self.partners.ids
        added = self.call(f"journey.add_records(env['res.partner'].browse({ids}))")
        numbers = self.results(self.run_together(added, added))
        self.assertEqual(len(numbers), 2)
        self.assertEqual(sum(numbers), self.count, "what one let in is none of the other's")
        self.assertEqual(len(self.journey.participant_ids), self.count)
        self.run_together(TICK)
        self.assertEverythingOnce()

    def test_records_added_while_the_audience_enters(self):
        ids = self.partners.ids
        self.run_together(self.call(f"journey.add_records(env['res.partner'].browse({ids}))"), TICK)
        self.run_together(TICK)
        self.assertEverythingOnce()

    def test_deadlocks_and_serialization_failures_are_tried_again(self):
        """Two journeys write the same contacts in opposite order: neither may lose what the other wrote, do a step
        twice, or take a collision for a failure of the record."""
        self.journey.action_abort()
        few = self.partners[:14]  # two batches: each deadlock takes the database a second to find
        journeys = self.real["journey.journey"]
        for letter in "xy":
            action = self.keep(
                self.real["ir.actions.server"].create(
                    {
                        "name": letter,
                        "state": "code",
                        "model_id": self.real["ir.model"]._get_id("res.partner"),
                        "code": SLOW.format(letter=letter, backwards=letter == "y"),
                    }
                )
            )
            journey = self.real["journey.journey"].create(
                {
                    "name": letter,
                    "model_id": self.real["ir.model"]._get_id("res.partner"),
                    "domain": str([("id", "in", few.ids)]),
                    "user_id": self.journey.user_id.id,
                }
            )
            self.real["journey.node"].create(
                {
                    "version_id": journey.draft_version_id.id,
                    "kind": "action",
                    "name": letter,
                    "action_server_id": action.id,
                }
            )
            journey.action_publish()
            journeys += journey
        self.real_cr.commit()
        self.addCleanup(self.drop, journeys.ids)
        self.run_together("env['journey.engine']._enrol()\n")
        self.run_together(TICK, BACKWARDS + TICK)
        self.run_together(TICK)
        self.assertEqual({"".join(sorted(partner.ref or "")) for partner in few}, {"xy"})
        participants = journeys.participant_ids
        self.assertEqual(set(participants.mapped("state")), {"completed"})
        self.assertEqual(len(participants.trace_ids), 2 * len(few))
        self.assertEqual(set(participants.trace_ids.mapped("attempts")), {0}, "a collision is no failed attempt")
        self.assertFalse(journeys.activity_ids, "nothing to tell the owner")

    def run_meanwhile(self, call):
        """Carry out a call while a slow worker moves everybody; then let whatever is left happen."""
        files = {name: os.path.join(self.folder, name) for name in ("started", "begun", "ended")}
        call = MEANWHILE.format(call=self.call(call), **files)
        outputs = self.run_together(SLOWLY.format(**files) + TICK, call)
        self.assertEqual(self.results(outputs), [1], outputs)
        self.run_together(TICK)

    def publish_meanwhile(self, move):
        """Publish a draft while a slow worker moves everybody."""
        self.journey.action_edit()
        self.real_cr.commit()
        self.run_meanwhile(f"int(journey.action_publish(move_participants={move}))")
        self.assertFalse(self.journey.version_ids.filtered("takes_over"))
        self.assertEqual(self.journey.version_ids.mapped("number"), [2, 1])
        self.assertEqual(self.journey.current_version_id.number, 2)
        participants = self.journey.participant_ids
        self.assertEqual(sorted(participants.mapped("res_id")), sorted(self.partners.ids))
        self.assertEqual(set(participants.mapped("state")), {"completed"})
        self.assertEqual(
            sorted(participants.trace_ids.mapped(lambda step: (step.participant_id.id, step.node_id.name, step.state))),
            sorted((entry.id, name, "done") for entry in participants for name in ("Mail", "Act", "End")),
        )
        self.assertEqual(set(self.partners.mapped("ref")), {"x"})
        self.assertSentOnce()
        return participants

    def test_publishing_while_participants_move(self):
        """Those inside end on the version they entered."""
        participants = self.publish_meanwhile(move=False)
        for participant in participants:
            self.assertEqual(participant.trace_ids.node_id.version_id, participant.version_id)

    def test_publishing_moves_those_who_are_on_their_way(self):
        """Those inside go on with the new version from where they are; no step is done twice or left out."""
        participants = self.publish_meanwhile(move=True)
        self.assertEqual(participants.version_id.mapped("number"), [2])
        versions = participants.mapped(lambda entry: len(entry.trace_ids.node_id.version_id))
        self.assertIn(2, versions, "the new version came while they were on their way")

    def test_aborting_while_participants_move(self):
        """A worker that always has a batch in hand must not keep anybody from stopping it."""
        self.run_meanwhile("int(journey.action_abort())")
        self.assertEqual(self.journey.state, "aborted")
        participants = self.journey.participant_ids
        self.assertEqual(len(participants), self.count)
        self.assertEqual(set(participants.mapped("state")), {"exited"})
        # none of the mails that were made goes out
        mails = self.real["mail.mail"].search([("mailing_id", "=", self.mailing.id)])
        self.assertLess(len(mails), self.count)
        self.assertEqual(set(mails.mapped("state")), {"cancel"})
        self.assertFalse(participants.trace_ids.filtered(lambda step: step.node_id.name == "End"))

    def test_two_who_edit_at_once_share_a_draft(self):
        edit = self.call("int(journey.action_edit())")
        self.assertEqual(self.results(self.run_together(edit, edit)), [1, 1])
        self.assertEqual(self.journey.version_ids.mapped("number"), [2, 1])
        self.assertEqual(self.journey.draft_version_id.node_ids.mapped("name"), ["Mail", "Act", "End"])
        self.run_together(TICK)
        self.assertEverythingOnce()

    def drop(self, ids):
        self.real_cr.rollback()
        self.real_cr.execute("DELETE FROM journey_journey WHERE id = ANY(%s)", [ids])
        self.real_cr.commit()
