"""The Python environment: a venv in the cache folder with the pinned packages, rebuilt when the pins change."""

import contextlib
import functools
import hashlib
import os
import platform
import shutil
import sys

from .locks import exclusive
from .packages import FREE_FOR_SETUP, check_machine, check_space, ensure_packages
from .paths import CACHE, REQUIREMENTS, REQUIREMENTS_BARE, VENV, make_cache
from .say import Stop, last_line, run_logged, step

# Set once a command goes on under the environment's own Python: to its process id, which stays when it does, so that
# a command started by another one is not taken for it.
INSIDE = "CRM_BUYING_JOURNEY_INSIDE"


@functools.cache
def environment_folder():
    """Return the folder of the environment, named after all that it depends on.

    The interpreter inside gives the same name as the one that made it, so both find the same folder.
    """
    pins = REQUIREMENTS.read_text() + REQUIREMENTS_BARE.read_text()
    facts = [pins, sys.version, platform.machine(), os.path.realpath(sys.base_prefix)]
    return CACHE / "venvs" / hashlib.sha256("\0".join(facts).encode()).hexdigest()[:16]


def python():
    """Return the environment's interpreter."""
    return environment_folder() / "bin" / "python"


def build(folder):
    """Make a venv with the pinned packages in `folder`; a stamp at the end tells that it is whole."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with step("Installing the Python packages (a minute or two)"):
        code, output = run_logged([sys.executable, "-m", "venv", str(folder)], "venv.log")
        if code:
            shutil.rmtree(folder, ignore_errors=True)
            raise Stop(f"No Python environment could be made: {last_line(output, 'Error')}")
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--no-input", "--no-cache-dir"]
        install += ["--disable-pip-version-check", "--prefer-binary"]
        code, output = run_logged([*install, "-r", str(REQUIREMENTS)], "pip.log")
        if not code:
            code, output = run_logged([*install, "--no-deps", "-r", str(REQUIREMENTS_BARE)], "pip-bare.log")
    if code:
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            check_space()
        reason = last_line(output, "ERROR:", "error:")
        raise Stop(f"The Python packages could not be installed: {reason} — details in {CACHE / 'log'}")
    (folder / "complete").touch()


def ensure_environment():
    """Make the environment unless it is there."""
    folder = environment_folder()
    if (folder / "complete").exists() and VENV.resolve() == folder:
        return
    with exclusive("venv", "it installs Python packages"):
        if not (folder / "complete").exists():
            check_space(FREE_FOR_SETUP if not (CACHE / "odoo" / "current").exists() else FREE_FOR_SETUP // 4)
            build(folder)
        # For people, who should not have to look up the name.
        fresh = VENV.with_name("venv.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(folder)
        fresh.replace(VENV)


def enter(**wanted):
    """Set up what every command needs, then go on as the same command under the environment's Python."""
    if os.environ.get(INSIDE) == f"{os.getpid()} {CACHE}":
        return
    check_machine()
    make_cache()
    check_space()
    ensure_packages(**wanted)
    ensure_environment()
    os.environ[INSIDE] = f"{os.getpid()} {CACHE}"
    try:
        os.execv(python(), [str(python()), *sys.argv])
    except OSError as error:
        # The Python that the environment was made from was removed or replaced.
        shutil.rmtree(environment_folder(), ignore_errors=True)
        raise Stop(f"The Python environment is broken ({error}): run this again to rebuild it.") from None


def clean_environ(**more):
    """Return the environment for a child, free of variables that would bend Python, PostgreSQL or Odoo."""
    bent = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV", INSIDE)
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in bent and not name.startswith(("PG", "ODOO_")) and name != "OPENERP_SERVER"
    }
    environ.update(PYTHONPYCACHEPREFIX=str(CACHE / "pycache"), PYTHONUNBUFFERED="1")
    environ.update({name: str(value) for name, value in more.items()})
    return environ
