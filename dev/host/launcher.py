"""Running Odoo: its configuration, its command line, and a child process that behaves as if it were us."""

import contextlib
import hashlib
import os
import signal
import socket
import subprocess

from .environment import clean_environ, python
from .paths import ADDONS, CONFIGS, DATA, LOGS, SINK_PORT
from .say import die_with_parent

PASSED_ON = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
FROM_KERNEL = 0x80


def free_port(preferred=0):
    """Return the preferred port of this machine's loopback if nobody has it, else one that is free."""
    for port in dict.fromkeys((preferred, 0)):
        with contextlib.closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
    raise OSError("no free port on the loopback interface")


def sink_port():
    """Return the port of the local SMTP sink, which stays the same for the life of the cache folder if it can."""
    with contextlib.suppress(OSError, ValueError):
        return int(SINK_PORT.read_text())
    return choose_sink_port()


def choose_sink_port(preferred=0):
    """Choose a free port for the sink, the preferred one if it is, and remember it."""
    port = free_port(preferred)
    SINK_PORT.write_text(f"{port}\n")
    return port


def write_config(source, server):
    """Write the configuration that the Odoo processes of this command read."""
    options = {
        "addons_path": ",".join(map(str, [*source.addons, ADDONS])),
        "data_dir": DATA,
        "http_interface": "127.0.0.1",
        # Whatever has no mail server of its own goes to the sink, never to a mail server of this machine.
        "smtp_server": "127.0.0.1",
        "smtp_port": sink_port(),
        "screenshots": LOGS / "screenshots",
        # Odoo looks on every restart for the location databases; nobody here needs countries of visitors.
        "geoip_city_db": "",
        "geoip_country_db": "",
        **{f"db_{name}": value for name, value in server.parameters.items()},
    }
    lines = ["[options]", *(f"{name} = {value}" for name, value in options.items()), ""]
    text = "\n".join(lines)
    # Named by its content: a command with other settings must not change that of one that is running.
    source.config = CONFIGS / f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.conf"
    if source.config.exists():
        return
    CONFIGS.mkdir(mode=0o700, exist_ok=True)
    fresh = source.config.with_suffix(f".{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(source.config)


def odoo_command(arguments):
    """Return Odoo's command line."""
    return [str(python()), "-m", "odoo", *map(str, arguments)]


def odoo_environ(source, **more):
    """Return the environment in which Odoo finds itself and its configuration."""
    return clean_environ(PYTHONPATH=source.home, ODOO_RC=source.config, **more)


def child_options(server, **options):
    """Return the options for starting a child that keeps the database server alive and never outlives us."""
    return {
        "pass_fds": [server.lock] if server.lock is not None else [],
        "preexec_fn": die_with_parent,
        **options,
    }


def run_as_ourselves(command, environ, server, stdin=None):
    """Run a command with our own standard streams; pass signals on to it and return how it ended.

    A negative result is the number of the signal that ended it. We stay, rather than become that command, because
    somebody has to stop the database server after it.
    """
    watched = {*PASSED_ON, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)

    def prepare():
        die_with_parent()
        for number in PASSED_ON:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)

    try:
        child = subprocess.Popen(command, env=environ, stdin=stdin, **child_options(server, preexec_fn=prepare))
        while child.poll() is None:
            caught = signal.sigtimedwait(watched, 1)
            # What the terminal sends (Ctrl-C) reaches the child by itself: twice would mean "at once" to Odoo.
            if caught and caught.si_signo != signal.SIGCHLD and caught.si_code != FROM_KERNEL:
                child.send_signal(caught.si_signo)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
    return child.returncode


def end_like(returncode):
    """End this process as the child ended, by the same signal if it was one; else return the exit code."""
    if returncode < 0:
        # Some signals can't be set; those need not be.
        with contextlib.suppress(OSError):
            signal.signal(-returncode, signal.SIG_DFL)
        os.kill(os.getpid(), -returncode)
    return returncode
