"""What the benchmarks share: saying something at once, memory, statistics of tables, several processes."""

import os
import resource
import sys
import time

from odoo import SUPERUSER_ID, api, sql_db


def say(text="", **options):
    print(text, **options)
    sys.stdout.flush()


def megabytes():
    """The most memory this process has ever used."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def analyze(env):
    """Keep everything, and let the database know how much it is."""
    env.flush_all()
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()


def forked(env, count, work):
    """Let ``count`` processes, each with a connection of its own, do ``work(environment)`` side by side.

    :return: seconds until all have done it, the processor time that they took for it together, and their statements
    """
    env.cr.commit()
    gate, told, children = os.pipe(), os.pipe(), []
    for _number in range(count):
        if pid := os.fork():
            children.append(pid)
            continue
        code = 1
        try:
            sql_db._Pool = sql_db._Pool_readonly = None  # the parent's connections stay the parent's
            registry = env.registry
            registry._db = sql_db.db_connect(env.cr.dbname)
            with registry.cursor() as own:
                own.execute("SELECT 1")
                os.close(gate[1])
                os.read(gate[0], 1)
                own.rollback()
                before, own_before = sql_db.sql_counter, time.process_time()
                work(api.Environment(own, SUPERUSER_ID, {}))
                own.commit()
                spent = time.process_time() - own_before
                os.write(told[1], b"%d %f\n" % (sql_db.sql_counter - before, spent))
            code = 0
        finally:
            os._exit(code)
    time.sleep(1)
    start = time.perf_counter()
    os.close(gate[1])
    codes = [os.waitpid(pid, 0)[1] for pid in children]
    seconds = time.perf_counter() - start
    os.close(gate[0])
    assert not any(codes), codes
    os.close(told[1])
    with os.fdopen(told[0]) as lines:
        figures = [line.split() for line in lines]
    env.invalidate_all()
    return seconds, sum(float(own) for _number, own in figures), sum(int(number) for number, _own in figures)
