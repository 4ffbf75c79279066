"""The engine: enrolling and advancing 1,000 to 1,000,000 participants, one and two workers."""

# Run by dev/bench in Odoo's shell on a scratch database. BENCH_ENGINE_SIZES=1000,1000000 takes other sizes,
# BENCH_ENGINE_SAMPLE=50000 lets so many of a larger size go through the steps while the others stand in the queue.
# Contacts are written by SQL, since they are not what is measured. Ratios count, not figures: the limit is raw SQL on
# the same tables in the same run.
import logging
import os
import time
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

from _shared import analyze, forked, megabytes, say

from odoo import SUPERUSER_ID, fields

env = self.env(context=dict(self.env.context, tracking_disable=True))
cr = env.cr
logging.getLogger("odoo").setLevel(logging.ERROR)
SIZES = [int(size) for size in os.environ.get("BENCH_ENGINE_SIZES", "1000,10000,100000").split(",")]
WORKERS_SIZE = int(os.environ.get("BENCH_ENGINE_WORKERS_SIZE", "20000"))
LIMIT_BATCH = 1_000
# of larger sizes so many go through the steps, while all others stand in the queue of the first one
SAMPLE = int(os.environ.get("BENCH_ENGINE_SAMPLE", "1000000"))
Engine = env["journey.engine"]


def make_contacts(prefix, count):
    cr.execute(
        """
        INSERT INTO res_partner (name, complete_name, is_company, active, type, partner_share, autopost_bills, email,
                                 email_normalized, create_date, write_date)
        SELECT %(prefix)s || ' ' || n, %(prefix)s || ' ' || n, FALSE, TRUE, 'contact', TRUE, 'ask',
               n || '@example.com', n || '@example.com', now(), now()
          FROM generate_series(1, %(count)s) n
        """,
        {"prefix": prefix, "count": count},
    )
    cr.execute("UPDATE res_partner SET commercial_partner_id = id WHERE name LIKE %s", [f"{prefix} %"])
    analyze(env)


def make_journey(prefix, kinds):
    """A published journey whose steps follow each other; kinds that this version lacks are left out."""
    journey = env["journey.journey"].create(
        {
            "name": prefix,
            "model_id": env["ir.model"]._get_id("res.partner"),
            "domain": f"[('name', '=like', '{prefix} %')]",
            "user_id": SUPERUSER_ID,
        }
    )
    there = dict(env["journey.node"]._selection_kind())
    Node, Edge = env["journey.node"], env["journey.edge"]
    nodes = Node
    for position, kind in enumerate(kind for kind in kinds if kind in there):
        values = {"version_id": journey.draft_version_id.id, "kind": kind, "name": kind, "sequence": position}
        if kind == "action":
            action = env["ir.actions.server"].create(
                {
                    "name": f"{prefix} {position}",
                    "state": "object_write",
                    "model_id": env["ir.model"]._get_id("res.partner"),
                    "update_path": "ref",
                    "value": f"step {position}",
                }
            )
            values["action_server_id"] = action.id
        if kind == "wait":
            values |= {"wait_value": 30, "wait_unit": "days"}
        nodes += Node.create(values)
    # every path of a split leads to the step after it
    for node, following in pairwise(nodes):
        if node.kind == "split":
            for domain in ("[('email', '=like', '1%')]", "[('email', '=like', '2%')]"):
                Edge.create({"source_id": node.id, "target_id": following.id, "outcome": "branch", "domain": domain})
            Edge.create({"source_id": node.id, "target_id": following.id, "outcome": "default"})
        elif node.kind == "variant":
            for percent in (50, 50):
                Edge.create({"source_id": node.id, "target_id": following.id, "outcome": "branch", "percent": percent})
        else:
            node.next_id = following
    journey.action_publish()
    cr.commit()
    return journey


class Limit:
    """What raw SQL can do on the same tables: claim 1,000 tokens, write their traces, move them, commit.

    The machine may be busy with something else, now more, now less; so the limit is measured again and again while the
    engine works, and each kind is held against what the limit was in its time.
    """

    def __init__(self):
        make_contacts("Limit", 2 * LIMIT_BATCH)
        journey = make_journey("Limit", ["merge", "end"])
        Engine._enrol()
        journey.action_pause()  # the engine leaves them alone
        self.nodes = journey.current_version_id.node_ids.ids
        analyze(env)

    def measure(self, batches=2):
        """Returns the seconds for so many batches; the tokens go to and fro between two steps."""
        start = time.perf_counter()
        for number in range(batches):
            if number % 2 == 0:
                self.nodes.reverse()
            there, here = self.nodes
            now = fields.Datetime.now()
            cr.execute(
                """
                SELECT id FROM journey_participant WHERE node_id = %s AND state = 'active' AND due_at <= %s
                ORDER BY due_at, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED""",
                [here, now, LIMIT_BATCH],
            )
            ids = [row[0] for row in cr.fetchall()]
            assert len(ids) == LIMIT_BATCH
            cr.execute(
                """
                INSERT INTO journey_trace (participant_id, journey_id, node_id, visit, state, outcome, attempts,
                                           started_at, date)
                SELECT id, journey_id, node_id, visit, 'done', 'next', 0, %(now)s, %(now)s
                  FROM journey_participant WHERE id = ANY(%(ids)s)""",
                {"now": now, "ids": ids},
            )
            cr.execute(
                """UPDATE journey_participant SET node_id = %s, visit = visit + 1, due_at = %s, write_date = %s
                    WHERE id = ANY(%s)""",
                [there, now, now, ids],
            )
            cr.commit()
        return time.perf_counter() - start


class Meter:
    """Adds up the time and the steps of each kind while the engine works, and the limit in the same time."""

    def __init__(self):
        self.seconds, self.steps = defaultdict(float), defaultdict(int)
        self.limit_seconds, self.limit_steps = defaultdict(float), defaultdict(int)
        self.next_limit = defaultdict(float)
        cls = type(Engine)
        self.batch, self.commit, self.kind = cls._advance_batch, cls._commit, None
        meter = self

        def batch(engine, node, size, positions=None):
            start = time.perf_counter()
            done = meter.batch(engine, node, size, positions)
            meter.kind = node.kind
            meter.seconds[node.kind] += time.perf_counter() - start
            meter.steps[node.kind] += done or 0
            return done

        def commit(engine, processed=0):
            start = time.perf_counter()
            result = meter.commit(engine, processed)
            if processed:
                meter.seconds[meter.kind] += time.perf_counter() - start
                meter.measure_limit(meter.kind)
            return result

        cls._advance_batch, cls._commit = batch, commit

    def measure_limit(self, kind):
        """Now and then, so that it takes about a tenth of the time."""
        if self.seconds[kind] >= self.next_limit[kind]:
            seconds = limit.measure()
            self.limit_seconds[kind] += seconds
            self.limit_steps[kind] += 2 * LIMIT_BATCH
            self.next_limit[kind] = self.seconds[kind] + 10 * seconds

    def limit_of(self, kind):
        return self.limit_steps[kind] / self.limit_seconds[kind]

    def stop(self):
        del type(Engine)._advance_batch, type(Engine)._commit


def wake(journey):
    """Let the waiting time pass."""
    cr.execute(
        "UPDATE journey_participant SET due_at = %s WHERE journey_id = %s AND waiting_since IS NOT NULL",
        [fields.Datetime.now() - timedelta(minutes=1), journey.id],
    )
    analyze(env)


def rest(journey):
    """Nobody is due: a month of waiting for all."""
    cr.execute(
        "UPDATE journey_participant SET due_at = %s WHERE journey_id = %s AND state = 'active' AND due_at < %s",
        [fields.Datetime.now() + timedelta(days=30), journey.id, fields.Datetime.now() + timedelta(days=1)],
    )
    analyze(env)


def advance(nodes, count):
    """Let so many go through each of these steps; returns the number of participant-steps."""
    steps = 0
    for node_id in nodes.ids:
        positions, done = {}, 0
        while done < count:
            node = env["journey.node"].browse(node_id)
            size = min(node._get_kind()._batch_size, count - done)
            handled = Engine._advance_batch(node, size, positions)
            Engine._commit(handled)
            assert handled, node.kind
            done += handled
        steps += done
    return steps


def measure_rules(journey):
    """Milliseconds of the look at everybody inside by an exit rule, and of a tick in which it rests."""
    journey.exit_domain = "[('function', '=', 'Left the company')]"
    env.flush_all()
    cr.commit()
    result = []
    for _round in range(2):
        env.invalidate_all()
        start = time.perf_counter()
        Engine._leave()
        result.append((time.perf_counter() - start) * 1000)
    journey.exit_domain = False
    env.flush_all()
    cr.commit()
    return result


def run(size):
    """One size: enrol, run to the wait, idle, run to the end. Returns what was measured."""
    prefix = f"Size {size}"
    make_contacts(prefix, size)
    journey = make_journey(prefix, ["action", "split", "variant", "merge", "wait", "action", "end"])
    before = megabytes()
    start = time.perf_counter()
    Engine._enrol()
    enrolled = size / (time.perf_counter() - start)
    # counted by SQL: a list of a million would be the benchmark's own memory
    cr.execute("SELECT count(*) FROM journey_participant WHERE journey_id = %s", [journey.id])
    assert cr.fetchone()[0] == size
    env.invalidate_all()
    analyze(env)
    count = min(size, SAMPLE)
    nodes = journey.current_version_id.node_ids.sorted("sequence")
    meter = Meter()
    try:
        steps = advance(nodes[:5], count)
        rest(journey)
        idle = []
        for _round in range(6):
            env.invalidate_all()
            begin = time.perf_counter()
            assert Engine.tick() == 0
            idle.append(time.perf_counter() - begin)
        rules = measure_rules(journey)
        wake(journey)
        steps += advance(nodes[4:], count)
    finally:
        meter.stop()
    cr.execute("SELECT count(*) FROM journey_trace WHERE journey_id = %s AND state = 'done'", [journey.id])
    assert cr.fetchone()[0] == count * len(nodes)
    cr.execute("SELECT count(*) FROM journey_participant WHERE journey_id = %s AND state = 'completed'", [journey.id])
    assert cr.fetchone()[0] == count
    journey.action_abort()
    cr.commit()
    rates = {kind: meter.steps[kind] / meter.seconds[kind] for kind in meter.steps}
    seconds = sum(meter.seconds.values())
    return {
        "enrolled": enrolled,
        "rates": rates,
        "parts": {kind: rate / meter.limit_of(kind) for kind, rate in rates.items()},
        "limit": sum(meter.limit_steps.values()) / sum(meter.limit_seconds.values()),
        "cost": seconds / steps * 1e6,
        # a step in the time that one of raw SQL took in the same minutes: the noise of the machine cancels out
        "weight": sum(meter.seconds[kind] * meter.limit_of(kind) for kind in rates) / steps,
        "idle": idle,
        "rules": rules,
        "memory": megabytes() - before,
    }


def workers(count, kinds):
    prefix = f"Workers {time.time()} {count} {'-'.join(kinds)}"
    make_contacts(prefix, WORKERS_SIZE)
    journey = make_journey(prefix, kinds)
    Engine._enrol()
    analyze(env)
    seconds, _own, _statements = forked(env, count, lambda own: own["journey.engine"]._advance())
    cr.execute("SELECT state, count(*) FROM journey_participant WHERE journey_id = %s GROUP BY 1", [journey.id])
    assert dict(cr.fetchall()) == {"completed": WORKERS_SIZE}
    cr.execute("SELECT count(*) FROM journey_trace WHERE journey_id = %s", [journey.id])
    assert cr.fetchone()[0] == WORKERS_SIZE * len(kinds)
    return WORKERS_SIZE * len(kinds) / seconds


env["ir.cron"].search([("cron_name", "ilike", "Journeys:")]).active = False
env["journey.journey"].search([("state", "in", ("live", "closed", "paused"))]).action_abort()
cr.commit()
limit = Limit()
ceiling = LIMIT_BATCH * 20 / limit.measure(20)
say(f"Limit (raw SQL, claim, trace and move {LIMIT_BATCH:,} at a time): {ceiling:,.0f} steps/s")
results = {}
for size in SIZES:
    results[size] = result = run(size)
    idle = [seconds * 1000 for seconds in result["idle"]]
    say()
    say(f"{size:,} participants: enrolled {result['enrolled']:,.0f}/s, {result['cost']:.0f} µs a step;", end=" ")
    say(f"limit meanwhile {result['limit']:,.0f} steps/s")
    for kind, rate in result["rates"].items():
        say(f"    {kind:10} {rate:>10,.0f}/s   {result['parts'][kind]:5.2f} of the limit")
    say(f"    tick with nothing due: first {idle[0]:.0f} ms, then {sorted(idle[1:])[2]:.1f} ms (median)")
    say("    exit rule on all inside: {:.0f} ms, then it rests: {:.1f} ms".format(*result["rules"]))
    say(f"    memory: {result['memory']:+.0f} MB")
if len(results) > 1:
    first, *_others, last = results.values()
    say()
    say(
        f"Cost of a step from {min(results):,} to {max(results):,}: × {last['cost'] / first['cost']:.2f};"
        f" measured in steps of raw SQL × {last['weight'] / first['weight']:.2f}"
    )
say()
for kinds in (["merge", "end"], ["action", "end"]):
    # twice by turns, the better of each: the machine may be busy for a while
    rates = [[workers(count, kinds) for count in (1, 2)] for _round in range(2)]
    one, two = map(max, zip(*rates, strict=True))
    say(f"{' → '.join(kinds)}: one worker {one:,.0f} steps/s, two {two:,.0f}: × {two / one:.2f}")
