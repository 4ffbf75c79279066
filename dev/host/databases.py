"""Databases: the template with Odoo's modules and demo data, the copies made of it, and their files."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import time

from .launcher import child_options, odoo_command, odoo_environ
from .locks import exclusive, open_lock, try_exclusive
from .packages import check_space
from .paths import ADDON, CACHE, DATA, LOCKS, LOGS
from .say import Stop, last_line, step

MODULES = ("contacts", "crm", "mass_mailing_crm", "mass_mailing_sale", "sale_crm", "base_automation")
# The demo is shown in them. The first is the one that Odoo makes everybody's default.
LANGUAGES = ("en_US", "fr_FR", "nb_NO", "zh_CN")
# Compiling the web client's scripts and styles takes longer than installing the addon, whose own change only few of
# them. A method of Odoo's own: it does this itself before browser tests.
WARM_UP = "env['ir.qweb']._pregenerate_assets_bundles()\nenv.cr.commit()\n"
TEMPLATE = "bj_template_"
SCRATCH = "bj_scratch_"
BUILDING = "_building"
LONGEST_NAME = 63
DROP_ATTEMPTS = 30
ONE_OFF = ("--stop-after-init", "--no-http", "--max-cron-threads=0")


def quote(name):
    """Return a database's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def filestore(name):
    """Return the folder with a database's attachments."""
    return DATA / "filestore" / name


def exists(server, name):
    """Return whether there is such a database."""
    return bool(server.query("SELECT 1 FROM pg_database WHERE datname = %s", [name]))


def named(server, start):
    """Return the databases whose names begin like this."""
    pattern = start.replace("_", r"\_") + "%"
    return [name for (name,) in server.query("SELECT datname FROM pg_database WHERE datname LIKE %s", [pattern])]


def drop(server, name):
    """Remove a database with its files, whoever is connected to it."""
    import psycopg2.errors  # only there once the environment is entered

    for patience in range(DROP_ATTEMPTS):
        try:
            server.query(f"DROP DATABASE IF EXISTS {quote(name)} WITH (FORCE)")
            break
        except psycopg2.errors.InsufficientPrivilege:
            # The server's own vacuum cannot be sent away by us; it is done in a moment.
            if patience == DROP_ATTEMPTS - 1:
                raise
            time.sleep(1)
    shutil.rmtree(filestore(name), ignore_errors=True)


def rename(server, old, new):
    """Give a database and its files another name; the database last, since its name tells that it is whole."""
    shutil.rmtree(filestore(new), ignore_errors=True)
    if filestore(old).exists():
        filestore(old).rename(filestore(new))
    # A worker of the server's own may still look at a database that was just left.
    server.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", [old]
    )
    server.query(f"ALTER DATABASE {quote(old)} RENAME TO {quote(new)}")


def link_or_copy(source, target):
    """Copy one file of a filestore: by a hard link where that works, since Odoo never changes such a file."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def copy(server, old, new):
    """Make a copy of a database nobody is connected to."""
    drop(server, new)
    if filestore(old).exists():
        shutil.copytree(filestore(old), filestore(new), copy_function=link_or_copy)
    try:
        server.query(f"CREATE DATABASE {quote(new)} TEMPLATE {quote(old)}")
    except BaseException:
        shutil.rmtree(filestore(new), ignore_errors=True)
        raise


def run_odoo(source, server, arguments, log_name, what, script=""):
    """Run Odoo to its end with its log in a file; Stop with the first error it logged if it fails.

    The script is what Odoo's shell gets to read.
    """
    log = LOGS / log_name
    with log.open("w", encoding="utf-8") as out:
        child = subprocess.Popen(
            odoo_command(arguments),
            env=odoo_environ(source),
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            **child_options(server),
        )
        try:
            child.communicate(script)
            code = child.returncode
        except BaseException:
            child.kill()
            child.wait()
            raise
    if code:
        check_space()
        raise Stop(f"{what} failed: {first_error(log)} — details in {log}")


def first_error(log):
    """Return what a log of Odoo's says went wrong."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    serious = [line for line in lines if " ERROR " in line or " CRITICAL " in line]
    # The traceback ends with the line that names the exception.
    ends = [line for line in lines if line and not line[0].isspace() and "Error" in line.split(":")[0]]
    return (ends or serious or [last_line("\n".join(lines))])[-1][:300]


def template_name(source, server):
    """Return the name of the template for this Odoo; a change of what is in it changes the name."""
    facts = [
        source.kind,
        source.version,
        *MODULES,
        "",
        *LANGUAGES,
        WARM_UP,
        str(server.query("SHOW server_version_num")),
    ]
    if not server.own:
        # A server of the developer's own may serve several checkouts, each with its own files.
        facts.append(str(CACHE))
    return TEMPLATE + hashlib.sha256("\0".join(facts).encode()).hexdigest()[:10]


def ensure_template(source, server):
    """Return the name of the template database, made first where that is still to be done."""
    name = template_name(source, server)
    if exists(server, name) and filestore(name).exists():
        return name
    with exclusive("template", "it makes the template database"):
        if exists(server, name) and filestore(name).exists():
            return name
        check_space(1024**3)
        for stale in {name, name + BUILDING, *(named(server, TEMPLATE) if server.own else ())}:
            unlock(server, stale)
            drop(server, stale)
        building = name + BUILDING
        arguments = ["-d", building, "-i", ",".join(MODULES), "--with-demo", *ONE_OFF]
        arguments += ["--load-language", ",".join(LANGUAGES)]
        with step("Making the template database with Odoo's modules and demo data (a few minutes, only once)"):
            try:
                run_odoo(source, server, arguments, "template.log", "Making the template database")
                shell = ["shell", "-d", building, "--no-http"]
                run_odoo(source, server, shell, "assets.log", "Compiling the web client", WARM_UP)
                filestore(building).mkdir(parents=True, exist_ok=True)
                server.query("VACUUM ANALYZE", database=building)
                rename(server, building, name)
            except BaseException:
                drop(server, building)
                raise
            # Nobody may connect: a connection would make copying fail.
            server.query(f"ALTER DATABASE {quote(name)} ALLOW_CONNECTIONS false")
    return name


def unlock(server, name):
    """Undo what protects a template, where there is one."""
    if exists(server, name):
        server.query(f"ALTER DATABASE {quote(name)} ALLOW_CONNECTIONS true")


def check_name(name):
    """Stop at a database name that Odoo or PostgreSQL would trip over."""
    if len(name.encode()) > LONGEST_NAME - len(BUILDING) or "/" in name or not name.isprintable():
        raise Stop(f"{name!r} can't be the name of a database: use up to 50 plain characters.")


def ensure_with_addon(source, server, name):
    """Make a copy of the template with the addon and its demo data under this name, unless there is one.

    Returns whether it was made.
    """
    check_name(name)
    with exclusive("db-" + hashlib.sha256(name.encode()).hexdigest()[:16], f"it makes the database {name}"):
        if exists(server, name):
            return False
        template = ensure_template(source, server)
        check_space()
        building = name + BUILDING
        with step(f"Making the database {name} with the addon and its demo data"):
            try:
                copy(server, template, building)
                install = ["-d", building, "-i", ADDON, *ONE_OFF]
                run_odoo(source, server, install, "install.log", "Installing the addon")
                check_installed(server, building)
                rename(server, building, name)
            except BaseException:
                drop(server, building)
                raise
    return True


def check_installed(server, name):
    """Stop if Odoo ended well without having installed the addon, as it does when it can't find it."""
    rows = server.query("SELECT state FROM ir_module_module WHERE name = %s", [ADDON], database=name)
    if rows != [("installed",)]:
        state = rows[0][0] if rows else "unknown to Odoo"
        raise Stop(f"The addon was not installed, it is {state}: see {LOGS / 'install.log'}")


@contextlib.contextmanager
def scratch(source, server, purpose, keep=False):
    """Give a copy of the template that is dropped at the end; those of killed commands are dropped too."""
    template = ensure_template(source, server)
    drop_abandoned(server)
    name = f"{SCRATCH}{purpose}_{os.getpid()}"
    mark = open_lock(name)
    try_exclusive(mark)
    try:
        copy(server, template, name)
        yield name
    finally:
        if not keep:
            drop(server, name)
            (LOCKS / name).unlink(missing_ok=True)
        os.close(mark)


def drop_abandoned(server):
    """Drop the scratch databases whose command is gone."""
    for name in named(server, SCRATCH):
        # Without a mark it is another checkout's, on a server that both use.
        if not (LOCKS / name).exists():
            continue
        mark = open_lock(name)
        if try_exclusive(mark):
            drop(server, name)
            (LOCKS / name).unlink(missing_ok=True)
        os.close(mark)
