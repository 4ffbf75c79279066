"""What the machine itself must have, found by looking for the thing and installed from Debian where it is missing."""

import glob
import importlib.util
import os
import platform
import shutil
import subprocess
import sys

from .locks import exclusive
from .paths import CACHE
from .say import Stop, last_line, run_logged, step

MACHINES = ("x86_64", "amd64", "aarch64", "arm64")
# Odoo unpacked takes 1.3 GB, the Python packages 0.4 GB, the databases and their files 1 GB.
FREE_FOR_SETUP = 4 * 1024**3
FREE_FOR_WORK = 300 * 1024**2
KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.asc",
)
BROWSERS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")


def find_keyring():
    """Return the file with the keys that Debian signs its archive with, or None."""
    return next((path for path in KEYRINGS if os.path.exists(path)), None)


def find_postgres():
    """Return the newest folder that has a PostgreSQL server's programs, or None."""

    def version(folder):
        number = os.path.basename(os.path.dirname(folder))
        return float(number) if number.replace(".", "", 1).isdigit() else 0.0

    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=version, reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(os.path.dirname(os.path.realpath(on_path)))
    needed = ("postgres", "initdb", "pg_ctl")
    return next((f for f in folders if all(os.access(os.path.join(f, name), os.X_OK) for name in needed)), None)


def find_browser():
    """Return the browser that Odoo's browser tests would start, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def have_node():
    """Return whether Node.js and its package manager are there."""
    return bool(shutil.which("node") and shutil.which("npm"))


def probes(browser=False, node=False):
    """Yield each Debian package that a command needs and whether what it brings is there already."""
    venv = f"python3.{sys.version_info[1]}-venv"
    yield venv, bool(importlib.util.find_spec("ensurepip"))
    yield "libmagic1", bool(glob.glob("/usr/lib/*/libmagic.so.1") + glob.glob("/usr/lib*/libmagic.so.1"))
    if not os.environ.get("ODOO_PATH"):
        yield "debian-archive-keyring", bool(find_keyring())
        yield "dpkg", bool(shutil.which("dpkg-deb"))
    if not os.environ.get("DATABASE_URL"):
        yield "postgresql", bool(find_postgres())
        yield "util-linux", bool(shutil.which("setpriv"))
    if browser:
        yield "chromium", bool(find_browser())
        # A browser without a single font ends with a crash.
        yield "fonts-dejavu-core", bool(glob.glob("/usr/share/fonts/**/*.[to]tf", recursive=True))
    if node:
        yield "nodejs", bool(shutil.which("node"))
        yield "npm", bool(shutil.which("npm"))


def missing_packages(**wanted):
    """Return the Debian packages that are needed and not there."""
    return [package for package, there in probes(**wanted) if not there]


def check_machine():
    """Stop where nothing of what follows could work."""
    if not sys.platform.startswith("linux"):
        raise Stop("These commands need Linux (Debian or a relative): on another system, use a container or a VM.")
    if platform.machine() not in MACHINES:
        raise Stop(
            f"The processor type {platform.machine()} is not supported: the pinned Python packages have wheels"
            " for x86_64 and aarch64 only."
        )
    owner = CACHE.stat().st_uid if CACHE.exists() else os.geteuid()
    if owner != os.geteuid():
        raise Stop(f"{CACHE} belongs to another user (id {owner}): run this as that user, or remove the folder.")


def check_space(needed=FREE_FOR_WORK):
    """Stop before a step that the disk has no room for."""
    free = shutil.disk_usage(CACHE).free
    if free < needed:
        raise Stop(
            f"Too little disk space for {CACHE}: {needed / 1024**2:,.0f} MB are needed, {free / 1024**2:,.0f} MB are"
            " free. Free some and run this again."
        )


def become_root(packages):
    """Return the words to put before a command that only root may run, or say what root has to install."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        if subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0:
            return ["sudo", "-n"]
        if sys.stdin.isatty() and sys.stderr.isatty():
            return ["sudo"]
    raise Stop(f"Debian packages are missing, and you may not install them: apt-get install {' '.join(packages)}")


def ensure_packages(**wanted):
    """Install the Debian packages that are needed and not there."""
    packages = missing_packages(**wanted)
    if not packages:
        return
    with exclusive("apt", "it installs Debian packages"):
        packages = missing_packages(**wanted)
        if not packages:
            return
        if not shutil.which("apt-get"):
            raise Stop(
                "These are missing, and there is no apt-get to install them with: "
                f"{', '.join(packages)} (Debian's names). Install them by this system's own means."
            )
        prefix = become_root(packages) + ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"]
        wait = ["-o", "DPkg::Lock::Timeout=300"]
        with step(f"Installing Debian packages: {' '.join(packages)}"):
            # A failing update may be about a source that has nothing we need: the installation tells.
            run_logged([*prefix, "apt-get", *wait, "update"], "apt-update.log", survive=True)
            install = ["apt-get", *wait, "install", "-y", "--no-install-recommends", *packages]
            # Killing it halfway would leave the machine's packages half installed.
            code, output = run_logged([*prefix, *install], "apt-install.log", survive=True)
        if code or missing_packages(**wanted):
            reason = last_line(output, "E:", "dpkg: error")
            raise Stop(
                f"Debian packages could not be installed ({' '.join(packages)}): {reason}"
                f" — details in {CACHE / 'log' / 'apt-install.log'}"
            )
