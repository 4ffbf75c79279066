"""Mails: composing by a journey's step and sending from its outbox, against Odoo's mass mailing and mail queue."""

# Run by dev/bench in Odoo's shell on a scratch database. Leads are written by SQL, since they are not what is measured.
# Ratios count, not figures: each is taken between neighbours in time, several rounds, and the median is reported.
# BENCH_MAILS_COMPOSE, BENCH_MAILS_FLAT, BENCH_MAILS_SEND and BENCH_MAILS_ROUNDS take other sizes.
import asyncio
import logging
import os
import signal
import smtplib
import socket
import statistics
import time
import warnings

from _shared import analyze, forked, megabytes, say

warnings.simplefilter("ignore")
env = self.env(context=dict(self.env.context, tracking_disable=True))
cr = env.cr
logging.getLogger("odoo").setLevel(logging.ERROR)
COMPOSE = int(os.environ.get("BENCH_MAILS_COMPOSE", "1000"))
FLAT = int(os.environ.get("BENCH_MAILS_FLAT", "20000"))
SEND = int(os.environ.get("BENCH_MAILS_SEND", "400"))
ROUNDS = int(os.environ.get("BENCH_MAILS_ROUNDS", "3"))
SENDER = '"Mitchell Admin" <admin@example.com>'
PARAGRAPH = """
<tr><td style="padding: 8px; font-family: Arial"><p>Dear <t t-out="object.contact_name"/>, the new cabinet with doors
comes in oak and in birch, with or without drawers, and is delivered within a week.</p>
<a href="https://www.example.com/offer/%s" style="color: #714B67">Have a look</a></td></tr>"""
BODY = (
    "<div class='o_layout'><table><tbody>"
    + "".join(PARAGRAPH % (number % 5) for number in range(10))
    + "<tr><td><a href='/unsubscribe_from_list'>Unsubscribe</a> <a href='/view'>View Online</a></td></tr>"
    + "</tbody></table></div>"
)


def make_leads(count):
    cr.execute(
        """
        INSERT INTO crm_lead (name, type, active, email_from, email_normalized, contact_name, user_id, team_id,
                              stage_id, company_id, priority, probability, won_status, create_date, write_date)
        SELECT 'Bench ' || n, 'opportunity', TRUE, n || '@example.com', n || '@example.com', 'Person ' || n, %s, %s, %s,
               %s, '0', 10, 'pending', now(), now()
          FROM generate_series(1, %s) n RETURNING id
        """,
        [user.id, team.id, env["crm.stage"].search([], limit=1).id, env.company.id, count],
    )
    ids = [row[0] for row in cr.fetchall()]
    analyze(env)
    return ids


def make_mailing():
    return env["mailing.mailing"].create(
        {
            "subject": "Offer",
            "mailing_type": "mail",
            "mailing_model_id": env["ir.model"]._get_id("crm.lead"),
            "mailing_domain": "[]",
            "body_html": BODY,
            "email_from": SENDER,
            "mail_server_id": server.id,
        }
    )


def make_journey(ids, paths=()):
    """A published journey with one mail, everybody inside; its mail and Odoo's mailing are the same."""
    journey = env["journey.journey"].create(
        {
            "name": "Bench",
            "model_id": env["ir.model"]._get_id("crm.lead"),
            "domain": str([("id", "in", ids)]) if len(ids) < FLAT else "[('name', '=like', 'Bench %')]",
            "user_id": env.ref("base.user_admin").id,
        }
    )
    node = env["journey.node"].create({"version_id": journey.draft_version_id.id, "kind": "email", "name": "Mail"})
    node.mailing_id.write(
        {
            "subject": "Offer",
            "body_html": BODY,
            "email_from": SENDER,
            "mail_server_id": server.id,
            "cc_slot_ids": [(0, 0, {"path": path}) for path in paths],
        }
    )
    journey.action_publish()
    env["journey.engine"]._enrol()
    cr.commit()
    env.invalidate_all()
    return journey


def count_mails(mailing):
    cr.execute("SELECT count(*) FROM mail_mail WHERE mailing_id = %s", [mailing.id])
    return cr.fetchone()[0]


def why_not(mailing):
    """What became of the mails of a mailing, for whoever wonders where some are."""
    cr.execute(
        "SELECT trace_status, failure_type, count(*) FROM mailing_trace WHERE mass_mailing_id = %s GROUP BY 1, 2",
        [mailing.id],
    )
    return cr.fetchall()


def timed(work):
    """Seconds on the clock, and of this process's own work, which other processes disturb less."""
    start, own = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - own


def compose_by_odoo(ids):
    mailing = make_mailing()
    cr.commit()
    env.invalidate_all()
    spent = timed(lambda: mailing._action_send_mail(ids))
    assert count_mails(mailing) == len(ids), (count_mails(mailing), why_not(mailing))
    return spent


def compose_by_step(ids, paths=()):
    journey = make_journey(ids, paths)
    spent = timed(env["journey.engine"]._advance)
    mailing = journey.node_ids.mailing_id
    assert count_mails(mailing) == len(ids), (count_mails(mailing), why_not(mailing))
    if paths:
        cr.execute("SELECT count(*) FROM mail_mail WHERE mailing_id = %s AND email_cc IS NOT NULL", [mailing.id])
        assert cr.fetchone()[0] == len(ids)
    return spent


def forget_mails():
    cr.execute("DELETE FROM mail_mail")
    cr.commit()
    env.invalidate_all()


def compare_composing():
    ids = make_leads(COMPOSE)
    compose_by_odoo(ids[:50]), compose_by_step(ids[:50])  # what is compiled once
    figures = {}
    for _round in range(ROUNDS):
        for name, work in (
            ("Odoo's mass mailing", lambda: compose_by_odoo(ids)),
            ("a journey's step", lambda: compose_by_step(ids)),
            ("a journey's step, two CC", lambda: compose_by_step(ids, ("user_id", "team_id.user_id"))),
        ):
            figures.setdefault(name, []).append(work())
            forget_mails()
    theirs = figures["Odoo's mass mailing"]
    say(f"Composing {COMPOSE:,} mails to leads, {ROUNDS} rounds")
    for name, spent in figures.items():
        clock = statistics.median(mine[0] / odoo[0] for mine, odoo in zip(spent, theirs, strict=True))
        own = statistics.median(mine[1] / odoo[1] for mine, odoo in zip(spent, theirs, strict=True))
        rate = COMPOSE / statistics.median(seconds for seconds, _own in spent)
        say(f"    {name:26} {rate:6.0f} mails/s   time × {clock:.2f}, own work × {own:.2f}")


def compose_many():
    ids = make_leads(FLAT)
    journey = make_journey(ids)
    analyze(env)
    mailing, engine = journey.node_ids.mailing_id, env["journey.engine"]
    # some statistics of the tables must not stand at "empty" while they fill
    engine._advance(limit=FLAT // 10)
    analyze(env)
    memory, parts, idle = megabytes(), [], 0
    while (before := count_mails(mailing)) < FLAT:
        spent = timed(lambda: engine._advance(limit=FLAT // 10))
        if made := count_mails(mailing) - before:
            parts.append(spent[1] / made * 1000)
        else:
            # a run that only moved those who had their mail already
            idle += 1
            assert idle < 50, "it gets on"
    say()
    say(f"Composing {FLAT:,} mails in one journey: own work {parts[0]:.1f} ms a mail at the beginning,")
    say(f"    {parts[-1]:.1f} ms at the end: × {parts[-1] / parts[0]:.2f}; memory {megabytes() - memory:+.0f} MB")
    journey.action_abort()
    forget_mails()


# Sending --------------------------------------------------------------------------------------------------------------


class Sink(asyncio.Protocol):
    """A mail server that takes everything and keeps nothing: so little that it is never what one waits for."""

    taken = 0

    def connection_made(self, transport):
        self.transport, self.text, self.rest = transport, False, b""
        transport.write(b"220 sink\r\n")

    def data_received(self, data):
        self.rest += data
        while True:
            end = b"\r\n.\r\n" if self.text else b"\r\n"
            line, found, rest = self.rest.partition(end)
            if not found:
                return
            self.rest = rest
            word = line[:4].upper()
            if self.text:
                self.text = False
                Sink.taken += 1
                self.transport.write(b"250 kept\r\n")
            elif word == b"DATA":
                self.text = True
                self.transport.write(b"354 go on\r\n")
            elif word == b"QUIT":
                self.transport.write(b"221 bye\r\n")
                self.transport.close()
            elif word == b"NOOP":
                self.transport.write(b"250 %d\r\n" % Sink.taken)
            else:
                self.transport.write(b"250 ok\r\n")


def start_sink():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

        async def serve():
            listener = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
            await listener.serve_forever()

        asyncio.run(serve())
    time.sleep(1)
    return pid, port


def count_taken():
    with smtplib.SMTP("127.0.0.1", port) as session:
        return int(session.noop()[1])


def measure_sink():
    """Mails a second that the sink takes from somebody who does nothing else."""
    text = ("Subject: Offer\r\n\r\n" + "x" * 20_000).encode()
    with smtplib.SMTP("127.0.0.1", port) as session:
        return 1000 / timed(lambda: [session.sendmail("a@example.com", "b@example.com", text) for _n in range(1000)])[0]


def send_by_odoo(ids):
    mailing = make_mailing()
    mailing._action_send_mail(ids)
    return send(mailing, 1, lambda own: own["mail.mail"].process_email_queue())


def send_from_outbox(ids, workers):
    journey = make_journey(ids)
    # a run may end after any batch
    while env["journey.engine"]._advance():
        pass
    return send(journey.node_ids.mailing_id, workers, lambda own: own["mail.mail"]._send_outbox())


def send(mailing, workers, work):
    assert count_mails(mailing) == SEND
    analyze(env)
    before = count_taken()
    figures = forked(env, workers, work)
    assert count_taken() - before == SEND, "each mail once"
    cr.execute("SELECT trace_status, count(*) FROM mailing_trace WHERE mass_mailing_id = %s GROUP BY 1", [mailing.id])
    assert dict(cr.fetchall()) == {"sent": SEND}
    return figures


def compare_sending():
    ids = make_leads(SEND)
    figures = {}
    for _round in range(ROUNDS):
        for name, work in (
            ("Odoo's queue, its one worker", lambda: send_by_odoo(ids)),
            ("the outbox, one worker", lambda: send_from_outbox(ids, 1)),
            ("the outbox, two workers", lambda: send_from_outbox(ids, 2)),
        ):
            figures.setdefault(name, []).append(work())
    theirs = figures["Odoo's queue, its one worker"]
    say()
    say(f"Sending {SEND:,} mails to a local sink, {ROUNDS} rounds; the sink alone takes {measure_sink():,.0f} mails/s")
    for name, spent in figures.items():
        faster = statistics.median(odoo[0] / mine[0] for mine, odoo in zip(spent, theirs, strict=True))
        rate = SEND / statistics.median(mine[0] for mine in spent)
        own = statistics.median(mine[1] / SEND * 1000 for mine in spent)
        say(
            f"    {name:30} {rate:6.1f} mails/s   × {faster:.2f},"
            f" own work {own:.1f} ms and {spent[0][2] / SEND:.1f} statements a mail"
        )


user = env.ref("base.user_admin")
user.email = "admin@example.com"
team = env["crm.team"].create({"name": "Bench", "user_id": env.ref("base.user_demo", False).id or user.id})
team.user_id.email = "leader@example.com"
sink, port = start_sink()
try:
    server = env["ir.mail_server"].create({"name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": port})
    env["ir.cron"].search([]).active = False
    # Odoo sends up to a hundred mails as soon as it has composed them: here that is measured apart
    env["ir.config_parameter"].set_param("mail.mail.force.send.limit", "0")
    env["journey.journey"].search([("state", "in", ("live", "closed", "paused"))]).action_abort()
    cr.execute("DELETE FROM mail_mail")
    cr.commit()
    compare_composing()
    compare_sending()
    compose_many()
finally:
    os.kill(sink, signal.SIGTERM)
    os.waitpid(sink, 0)
