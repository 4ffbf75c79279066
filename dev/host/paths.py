"""Where everything lies: the checkout and, below its one ignored folder, all that the commands make."""

from pathlib import Path

ADDON = "crm_buying_journey"
ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / "dev"
REQUIREMENTS = DEV / "requirements.txt"

# Deleting this folder uninstalls everything but Debian's packages.
CACHE = ROOT / ".cache"
LOGS = CACHE / "log"
LOCKS = CACHE / "lock"
VENV = CACHE / "venv"
ODOO = CACHE / "odoo"
POSTGRES = CACHE / "pg"
ADDONS = CACHE / "addons"
DATA = CACHE / "data"
MAILS = CACHE / "mails"
SINK_PORT = CACHE / "sink-port"
CONFIG = CACHE / "odoo.conf"


def make_cache():
    """Make the cache folder and the few folders that every command writes to."""
    for folder in (CACHE, LOGS, LOCKS, ADDONS, DATA):
        folder.mkdir(parents=True, exist_ok=True)
    # Tools that walk the checkout without reading .gitignore (pytest, tar --exclude-caches, …) skip it by this tag.
    tag = CACHE / "CACHEDIR.TAG"
    if not tag.exists():
        tag.write_text("Signature: 8a477f597d28d172789f06886806bc55\n")
    # Odoo names an addon after its folder, and a checkout may be called anything.
    link = ADDONS / ADDON
    if not link.is_symlink() or link.resolve() != ROOT:
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT)
