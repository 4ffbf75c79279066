"""The served database: made once, brought up to date with the addon's files, with mail going to the local sink only."""

import contextlib
import hashlib
import json
import os
import subprocess

from . import databases
from .launcher import child_options, odoo_command, odoo_environ, sink_port
from .paths import ADDON, CACHE, DEV, LOGS, MAILS, ROOT
from .say import Stop, last_line, step

NAME = "buying_journeys"
STATE = CACHE / "served.json"
SINK_NAME = "Local SMTP sink"
# What the running addon consists of; a change elsewhere needs no update of the database.
NOT_INSTALLED = (".cache", ".git", ".ci", "dev", "docs", "tests", "__pycache__")


def addon_hash(root=ROOT):
    """Return a mark that changes when a file of the addon does."""
    mark = hashlib.sha256()
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in NOT_INSTALLED)
        for name in sorted(files):
            if name.endswith((".pyc", "~", ".swp")):
                continue
            path = os.path.join(folder, name)
            mark.update(os.path.relpath(path, root).encode() + b"\0")
            with contextlib.suppress(OSError), open(path, "rb") as content:
                mark.update(hashlib.sha256(content.read()).digest())
    return mark.hexdigest()


def read_state(server):
    """Return what is known about the served database, nothing if it is not the one we know."""
    try:
        state = json.loads(STATE.read_text())
    except (OSError, ValueError):
        return {}
    return state if state.get("database") == identity(server) else {}


def write_state(server, **changes):
    """Remember facts about the served database."""
    state = {**read_state(server), "database": identity(server), **changes}
    fresh = STATE.with_name("served.json.new")
    fresh.write_text(json.dumps(state))
    fresh.replace(STATE)


def identity(server):
    """Return what tells the served database from a later one of the same name."""
    rows = server.query("SELECT oid::text FROM pg_database WHERE datname = %s", [NAME])
    return rows[0][0] if rows else None


def run_script(house, name, show=False, **environ):
    """Run a script of dev/scripts in Odoo's shell on the served database."""
    log = LOGS / f"{name}.log"
    with (DEV / "scripts" / f"{name}.py").open("rb") as script, log.open("wb") as errors:
        child = subprocess.Popen(
            odoo_command(["shell", "-d", NAME, "--no-http", f"--smtp-port={sink_port()}"]),
            env=odoo_environ(house.source, **environ),
            stdin=script,
            stdout=None if show else errors,
            stderr=errors,
            **child_options(house.server),
        )
        try:
            code = child.wait()
        except BaseException:
            child.kill()
            child.wait()
            raise
    if code:
        reason = last_line(log.read_text(errors="replace"))
        raise Stop(f"dev/scripts/{name}.py failed: {reason} — details in {log}")


def mail_goes_to_sink(server, port):
    """Return whether the sink is the database's only mail server."""
    statement = "SELECT name, smtp_host, smtp_port FROM ir_mail_server WHERE active"
    return server.query(statement, database=NAME) == [(SINK_NAME, "127.0.0.1", port)]


def prepare_database(house):
    """Make the served database, or bring it up to date; return whether the demo is still to be run."""
    mark = addon_hash()
    made = databases.ensure_with_addon(house.source, house.server, NAME)
    if made:
        write_state(house.server, addon=mark, demo_ran=False)
    state = read_state(house.server)
    if state.get("addon") != mark:
        with step("Bringing the database up to date with the addon's files"):
            arguments = ["-d", NAME, "-u", ADDON, *databases.ONE_OFF]
            databases.run_odoo(house.source, house.server, arguments, "update.log", "Updating the addon")
        write_state(house.server, addon=mark)
    port = sink_port()
    if not mail_goes_to_sink(house.server, port):
        with step("Pointing the database's mail at the local sink"):
            run_script(house, "point_mail_servers", BJ_SINK_PORT=port)
    return not state.get("demo_ran", False)


def run_demo(house, address):
    """Run the demo's script once in the database's life; links in its mails lead to the address."""
    with step("Running the demo"):
        run_script(house, "run_demo", show=True, BJ_MAILS=MAILS, BJ_ADDRESS=address, BJ_SCRIPTS=DEV / "scripts")
    write_state(house.server, demo_ran=True)
