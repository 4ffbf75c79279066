"""Results: the figures of a mailing of 200,000 mails among others, and the lists behind them."""

# Run by dev/bench in Odoo's shell on a scratch database. BENCH_TRACES=50000 takes another size.
# Everything is written by SQL, since making it is not what is measured. Ratios count, not figures: the yardstick is
# what the host itself tells of the same mailing in the same run, which knows no scanners and nobody who ignored a mail.
import logging
import os
import sys
import time

env = self.env(context=dict(self.env.context, tracking_disable=True))
cr = env.cr
logging.getLogger("odoo").setLevel(logging.ERROR)
TRACES = int(os.environ.get("BENCH_TRACES", "200000"))
OTHERS = int(os.environ.get("BENCH_OTHERS", "3"))


def say(text=""):
    print(text)
    sys.stdout.flush()


def fill():
    """Of each hundred mails of a mailing 35 are opened, 12 followed, 3 answered, 2 come back, and 5 are looked at by a
    scanner; every mailing has as many, and one of them is looked at."""
    mailings = env["mailing.mailing"].create(
        [
            {
                "subject": f"Mailing {number}",
                "mailing_model_id": env["ir.model"]._get_id("crm.lead"),
                "email_from": "me@example.com",
                "state": "done",
            }
            for number in range(OTHERS + 1)
        ]
    )
    env.flush_all()
    cr.execute(
        """
        INSERT INTO mailing_trace (trace_type, model, res_id, email, mass_mailing_id, trace_status, sent_datetime,
                                   open_datetime, links_click_datetime, reply_datetime, create_date)
        SELECT 'mail', 'crm.lead', n, 'p' || n || '@example.com', mailing.id,
               CASE WHEN n %% 100 < 3 THEN 'reply' WHEN n %% 100 < 35 THEN 'open' WHEN n %% 100 > 97 THEN 'bounce'
                    ELSE 'sent' END,
               now() - interval '5 days', CASE WHEN n %% 100 < 35 THEN now() - interval '4 days' END,
               CASE WHEN n %% 100 < 12 THEN now() - interval '4 days' END,
               CASE WHEN n %% 100 < 3 THEN now() - interval '3 days' END, now() - interval '5 days'
          FROM unnest(%(mailings)s) AS mailing(id), generate_series(1, %(traces)s) n""",
        {"mailings": mailings.ids, "traces": TRACES},
    )
    Type = env["engagement.activity.type"]
    for code, share in (("email_opened", 35), ("email_clicked", 12), ("email_replied", 3)):
        cr.execute(
            """
            INSERT INTO engagement_activity (type_id, date, res_model, res_id, is_automatic, create_date)
            SELECT %(type)s, trace.sent_datetime + make_interval(hours => 20 + (trace.res_id %% 7)::int),
                   'mailing.trace', trace.id, FALSE, now()
              FROM mailing_trace trace
             WHERE trace.mass_mailing_id = ANY(%(mailings)s) AND trace.res_id %% 100 < %(share)s
            """,
            {"type": Type._get_by_code(code).id, "mailings": mailings.ids, "share": share},
        )
    cr.execute(
        """
        INSERT INTO engagement_activity (type_id, date, res_model, res_id, is_automatic, create_date)
        SELECT %(type)s, trace.sent_datetime + interval '1 second', 'mailing.trace', trace.id, FALSE, now()
          FROM mailing_trace trace
         WHERE trace.mass_mailing_id = ANY(%(mailings)s) AND trace.res_id %% 100 BETWEEN 60 AND 64
        """,
        {"type": Type._get_by_code("email_clicked").id, "mailings": mailings.ids},
    )
    cr.commit()
    cr.execute("ANALYZE")
    cr.commit()
    env.invalidate_all()
    return mailings[0]


def cpu():
    """Processor seconds of this process and of the database server's process that works for it."""
    with open(f"/proc/{backend}/stat", encoding="ascii") as stat:
        fields_of_stat = stat.read().rpartition(")")[2].split()
    ticks = int(fields_of_stat[11]) + int(fields_of_stat[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def measure(what, work, times=3):
    """The best of several runs: seconds of the two processors, of the clock, and statements."""
    best = None
    for _round in range(times):
        env.invalidate_all()
        before, start, waited = cr.sql_log_count, cpu(), time.perf_counter()
        result = work()
        spent = cpu() - start, time.perf_counter() - waited, cr.sql_log_count - before
        best = min(best or spent, spent)
    seconds, clock, statements = best
    say(f"{what}: {seconds:.2f} s ({clock:.2f}), {statements} statements")
    return seconds, result


mailing = fill()
cr.execute("SET max_parallel_workers_per_gather = 0")  # the work of helpers would not be counted
cr.execute("SELECT pg_backend_pid()")
backend = cr.fetchone()[0]
Outcome = env["mailing.outcome"]
names = ["sent", "received", "opened", "clicked", "replied", "bounced", "ignored", "engaged"]
say(f"{TRACES:,} mails of the mailing, {OTHERS * TRACES:,} of others; seconds of processor (of the clock)")
measure("the host's own statistics", lambda: mailing.read(["sent", "opened", "replied", "bounced", "received_ratio"]))
_seconds, figures = measure("all figures of mails", lambda: mailing.read([f"result_{name}" for name in names])[0])
say("    " + ", ".join(f"{name} {figures[f'result_{name}']:,}" for name in names))
assert figures["result_sent"] == figures["result_received"] + figures["result_bounced"] == TRACES
assert figures["result_received"] == figures["result_ignored"] + figures["result_engaged"]
everything = [name for name in mailing._fields if name.startswith("result_")]
measure("everything on the page Results", lambda: mailing.read(everything))
# as the buttons open them
action = mailing.with_context(result="ignored").action_view_results()
Outcome, domain = Outcome.with_context(**action["context"]), action["domain"]
measure("first page of the list behind “Ignored”", lambda: Outcome.search(domain, limit=80).mapped("email"))
measure("its pager", lambda: Outcome.search_count(domain, limit=10_001))
measure(
    "pivot by mailing and week",
    lambda: Outcome._read_group(
        [("mailing_id", "=", mailing.id)], ["mailing_id", "date:week"], ["received:sum", "ignored:sum", "clicked:sum"]
    ),
)
