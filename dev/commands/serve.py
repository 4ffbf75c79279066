"""`dev/serve`: everything from a bare machine to a running demo in the browser."""

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from host import databases, demo
from host.house import open_house
from host.launcher import child_options, choose_sink_port, odoo_command, odoo_environ, sink_port, write_config
from host.locks import open_lock, try_exclusive
from host.paths import DEV, LOGS, MAILS
from host.say import Stop, last_line, say, step

PORT = 8069
PATIENCE_SECONDS = 300
FAREWELL_SECONDS = 20


def parse(arguments):
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="dev/serve", description="Serve the demo on this machine's loopback.")
    parser.add_argument("--port", type=int, default=PORT, help=f"the web client's port (default {PORT})")
    parser.add_argument("--fresh", action="store_true", help="drop the demo database first and build it anew")
    parser.add_argument("--prepare", action="store_true", help="do everything, check the log-in page, then end")
    asked = parser.parse_args(arguments)
    if not 0 < asked.port < 65536:
        parser.error("a port is a number from 1 to 65535")
    return asked


def check_port(port):
    """Stop if somebody has the port."""
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        advice = "end what uses it, or give another, as in dev/serve --port 8070"
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise Stop(f"Only root may use port {port}: give another, as in dev/serve --port 8070.") from None
        except OSError:
            raise Stop(f"Port {port} is taken: {advice}.") from None


def end(child, seconds=FAREWELL_SECONDS):
    """Ask a child to end, and make it after a while."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextlib.contextmanager
def running(command, log_name, server, environ=None):
    """Run a child for as long as the block lasts, its output in a log file."""
    with (LOGS / log_name).open("wb") as log:
        child = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is for us; we end our children in the right order.
            **child_options(server, start_new_session=True),
        )
        try:
            yield child
        finally:
            end(child)


@contextlib.contextmanager
def mail_sink(house):
    """Take the mails of the demo for as long as the block lasts."""
    port = choose_sink_port(sink_port())
    write_config(house.source, house.server)
    MAILS.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(DEV / "host" / "mailsink.py"), str(port), str(MAILS)]
    with running(command, "mailsink.log", house.server) as child:
        for _try in range(100):
            with contextlib.closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if child.poll() is not None:
                reason = last_line((LOGS / "mailsink.log").read_text(errors="replace"))
                raise Stop(f"The local SMTP sink did not start: {reason}")
            time.sleep(0.1)
        yield


def wait_for_page(child, address):
    """Wait until the log-in page is there."""
    # A proxy in the environment has no business with our own loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            reason = databases.first_error(LOGS / "serve.log")
            raise Stop(f"Odoo ended before it answered: {reason} — details in {LOGS / 'serve.log'}")
        try:
            with opener.open(f"{address}/web/login", timeout=60) as page:
                if page.status == 200:
                    return
        except (OSError, urllib.error.URLError):
            time.sleep(0.3)
    raise Stop(f"{address}/web/login did not answer within {PATIENCE_SECONDS} s: see {LOGS / 'serve.log'}")


def serve(house, asked):
    """Serve the demo until told to end."""
    port = asked.port
    address = f"http://127.0.0.1:{port}"
    options = ["-d", demo.NAME, "--db-filter", f"^{demo.NAME}$", "--http-port", port, "--workers=0"]
    with running(odoo_command(options), "serve.log", house.server, odoo_environ(house.source)) as child:
        with step("Starting the web client"):
            wait_for_page(child, address)
        print(f"The demo runs at {address} — log in as admin with the password admin.")
        print(f"Mails are sent nowhere; they are kept in {MAILS}", flush=True)
        if asked.prepare:
            return 0
        say("Ctrl-C ends it.")
        code = child.wait()
    raise Stop(f"Odoo ended by itself with exit code {code}: see {LOGS / 'serve.log'}")


def main(arguments):
    """Serve the demo."""
    asked = parse(arguments)
    check_port(asked.port)
    with open_house() as house:
        alone = open_lock("serve")
        if not try_exclusive(alone):
            raise Stop("Another dev/serve of this checkout is running: end it first.")
        try:
            with mail_sink(house):
                if asked.fresh:
                    databases.drop(house.server, demo.NAME)
                    for mail in MAILS.glob("*.eml"):  # they told of the database that is gone
                        mail.unlink()
                if demo.prepare_database(house):
                    demo.run_demo(house, f"http://127.0.0.1:{asked.port}")
                check_port(asked.port)
                return serve(house, asked)
        except KeyboardInterrupt:
            say("Ending …")
            return 0
        finally:
            os.close(alone)
