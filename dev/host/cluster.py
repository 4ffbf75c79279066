"""The project's own PostgreSQL: a cluster in the cache folder that lives while any command needs it.

Each command that uses the cluster holds a shared lock. Whoever leaves last gets that lock alone and stops the
server; the kernel frees the lock of a killed command, so that the next one to leave tidies up after it.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path

from .locks import exclusive, open_lock, try_exclusive
from .packages import find_postgres
from .paths import CACHE, POSTGRES
from .say import Stop, last_line, say

DATABASE_ROLE = "odoo"
PORT = 5432
DATA = POSTGRES / "data"
RUN = POSTGRES / "run"
LOG = RUN / "server.log"
# A unix socket's path may have 107 bytes; PostgreSQL adds this file name to the folder.
LONGEST_FOLDER = 107 - len(f"/.s.PGSQL.{PORT}")
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    # These databases can be rebuilt at any time, and writing to disk on every commit is what makes them slow. What
    # is committed survives the death of any process all the same; only a crash of the whole machine may spoil it.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "30min",
    # Many containers have too little shared memory for parallel workers, and short queries lose by compilation.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
}


def server_user():
    """Return the account to run the server as, which PostgreSQL demands is not root; None for our own."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Stop("PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody: add one.")


def reachable(folder, user):
    """Return whether a user may walk down to a folder."""
    for parent in [folder, *folder.parents]:
        status = parent.stat()
        if status.st_uid == user.pw_uid:
            needed = stat.S_IXUSR
        elif status.st_gid == user.pw_gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True


def capabilities():
    """Return the numbers of the capabilities that this process may hand on."""
    status = Path("/proc/self/status").read_text()
    both = [int(re.search(rf"^{name}:\s*([0-9a-f]+)", status, re.MULTILINE)[1], 16) for name in ("CapPrm", "CapBnd")]
    return {number for number in range(64) if both[0] & both[1] & (1 << number)}


def as_server():
    """Return the words before a command that make it run as the server's account."""
    user = server_user()
    if not user:
        return []
    words = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    if not reachable(POSTGRES, user):
        # The checkout lies in a folder that is closed to others, such as root's home. The server gets root's right
        # to walk through it, which an ordinary process of that account would not have.
        allowed = capabilities()
        names = [name for number, name in ((2, "dac_read_search"), (1, "dac_override")) if number in allowed]
        if not names:
            raise Stop(
                f"PostgreSQL, which runs as {user.pw_name}, can't reach {POSTGRES}: open the folders above it"
                " (chmod o+x), or move the checkout."
            )
        words += [f"--inh-caps=+{names[0]}", f"--ambient-caps=+{names[0]}"]
    return [*words, "--"]


def run_server_tool(*command, **options):
    """Run one of PostgreSQL's programs as the server's account; return its exit code and output."""
    done = subprocess.run(
        [*as_server(), *map(str, command)],
        stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd="/",
        check=False,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("PG")}, "LC_ALL": "C.UTF-8"},
        **options,
    )
    return done.returncode, done.stdout


def programs():
    """Return the folder of a PostgreSQL that can run the cluster as it is."""
    newest = find_postgres()
    if not newest:
        raise Stop("PostgreSQL is not installed: apt-get install postgresql.")
    made_by = DATA / "PG_VERSION"
    if not made_by.exists():
        _code, output = run_server_tool(f"{newest}/postgres", "--version")
        number = re.search(r"(\d+)", output)
        if number and int(number[1]) < 13:
            raise Stop(f"PostgreSQL {number[1]} is too old for Odoo 19: install 13 or newer.")
        return newest
    version = made_by.read_text().strip()
    if os.path.basename(os.path.dirname(newest)) == version:
        return newest
    same = f"/usr/lib/postgresql/{version}/bin"
    if os.access(f"{same}/postgres", os.X_OK):
        return same
    _code, output = run_server_tool(f"{newest}/postgres", "--version")
    if re.search(rf"\b{re.escape(version)}(\.|\b)", output):
        return newest
    raise Stop(
        f"The databases in {POSTGRES} were made by PostgreSQL {version}, which is not installed any more:"
        " install it, or remove that folder to have them made anew."
    )


def own(folder):
    """Make a folder that is the server's own."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    user = server_user()
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)


def create_cluster():
    """Make the cluster beside its place, with the role that Odoo uses, and move it there in one step."""
    POSTGRES.mkdir(parents=True, exist_ok=True)
    fresh = POSTGRES / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    own(fresh)
    say("Making the project's own PostgreSQL cluster …")
    tools = programs()
    code, output = run_server_tool(
        f"{tools}/initdb", "-D", fresh, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"
    )
    if not code:
        # Odoo refuses to work as postgres, and a plain role also shows what needs more rights than users have.
        with tempfile.TemporaryFile("w+") as sql:
            sql.write(f"CREATE ROLE {DATABASE_ROLE} LOGIN CREATEDB\n")
            sql.seek(0)
            code, output = run_server_tool(f"{tools}/postgres", "--single", "-D", fresh, "postgres", stdin=sql)
        code = code or int("ERROR" in output)
    if code:
        reason = last_line(output, "initdb: error", "FATAL", "ERROR")
        shutil.rmtree(fresh, ignore_errors=True)
        raise Stop(f"PostgreSQL could not make its cluster: {reason}")
    fresh.rename(DATA)


def socket_folder():
    """Return a path to the socket's folder that is short and plain enough for PostgreSQL."""
    if len(os.fsencode(RUN)) <= LONGEST_FOLDER and re.fullmatch(r"[\w./-]+", str(RUN), re.ASCII):
        return RUN
    return short_link()


def short_link():
    """Return the stand-in for a long socket folder: a link whose name is this checkout's own."""
    mark = hashlib.sha256(os.fsencode(RUN)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"crm-buying-journey-{os.geteuid()}-{mark}"


def make_short_link():
    """Make the link, unless somebody else's file has its name."""
    folder = socket_folder()
    if folder == RUN:
        return
    if folder.is_symlink() and folder.lstat().st_uid == os.geteuid() and os.readlink(folder) == str(RUN):
        return
    with contextlib.suppress(FileNotFoundError):
        folder.unlink()
    folder.symlink_to(RUN)


def running_pid():
    """Return the process id of the server that works on our data, or None."""
    try:
        pid = int((DATA / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    # The number may belong to another process by now: PostgreSQL's server sits in its data folder.
    try:
        return pid if os.path.samefile(f"/proc/{pid}/cwd", DATA) else None
    except OSError:
        return None


def start():
    """Start the server unless it runs."""
    pid = running_pid()
    if pid:
        for _try in range(300):
            if ready():
                return
            if not running_pid():
                break
            time.sleep(0.2)
        else:
            raise Stop(f"PostgreSQL (process {pid}) does not answer: see {LOG}, or end it and run this again.")
    if not DATA.exists():
        create_cluster()
    own(RUN)
    make_short_link()
    # Left by a server that was killed: its process is gone, as we have just seen.
    for left in (DATA / "postmaster.pid", RUN / f".s.PGSQL.{PORT}.lock", RUN / f".s.PGSQL.{PORT}"):
        left.unlink(missing_ok=True)
    tools = programs()
    settings = {**SETTINGS, "unix_socket_directories": str(socket_folder()), "port": str(PORT)}
    options = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in settings.items())
    code, output = run_server_tool(
        f"{tools}/pg_ctl", "start", "-D", DATA, "-l", LOG, "-w", "-t", "120", "-s", "-o", options
    )
    if code:
        log = LOG.read_text(errors="replace") if LOG.exists() else output
        reason = last_line("\n".join(line for line in log.splitlines()[-20:] if "FATAL" in line) or log)
        raise Stop(f"PostgreSQL did not start: {reason} — details in {LOG}")


def ready():
    """Return whether the server takes connections."""
    import socket

    with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
        try:
            probe.connect(str(socket_folder() / f".s.PGSQL.{PORT}"))
        except OSError:
            return False
    status = (DATA / "postmaster.pid").read_text().splitlines() if (DATA / "postmaster.pid").exists() else []
    return len(status) > 7 and status[7].strip() == "ready"


def stop():
    """Stop the server if it runs."""
    if running_pid():
        run_server_tool(f"{programs()}/pg_ctl", "stop", "-D", DATA, "-m", "fast", "-w", "-t", "60", "-s")
    if socket_folder() != RUN and short_link().is_symlink():
        short_link().unlink(missing_ok=True)


class Cluster:
    """Our hold on the server: while one exists in any command, the server runs."""

    def __init__(self):
        self.lock = None

    def __enter__(self):
        with exclusive("cluster-change", "it starts or stops the database server"):
            self.lock = open_lock("cluster-use")
            fcntl.flock(self.lock, fcntl.LOCK_SH)
            start()
        # Handed on to Odoo: while that lives, even if this command was killed, the server must stay.
        os.set_inheritable(self.lock, True)
        return self

    def __exit__(self, *_error):
        if not CACHE.exists():
            # Somebody uninstalled us meanwhile.
            return
        with exclusive("cluster-change"):
            alone = try_exclusive(self.lock)
            if alone:
                stop()
            os.close(self.lock)
