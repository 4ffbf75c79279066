"""Where everything lies: the checkout and, below its one ignored folder, all that the commands make."""

import contextlib
import os
from pathlib import Path

ADDON = "crm_buying_journey"
ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / "dev"
REQUIREMENTS = DEV / "requirements.txt"
REQUIREMENTS_BARE = DEV / "requirements-bare.txt"

# In the checkout, but no part of what Odoo installs.
NOT_ADDON = ("dev", "__pycache__")

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
CONFIGS = CACHE / "config"


def make_cache():
    """Make the cache folder and the few folders that every command writes to."""
    for folder in (CACHE, LOGS, LOCKS, ADDONS, DATA):
        folder.mkdir(parents=True, exist_ok=True)
    # Tools that walk the checkout without reading .gitignore (pytest, tar --exclude-caches, …) skip it by this tag.
    tag = CACHE / "CACHEDIR.TAG"
    if not tag.exists():
        tag.write_text("Signature: 8a477f597d28d172789f06886806bc55\n")
    link_addon()


def link_addon():
    """Make the folder through which Odoo sees the addon, under the addon's name whatever the checkout is called.

    It has a link to each part of the addon rather than being one link to the checkout: Odoo follows links when it
    walks an addon's files, and would get lost in this cache folder, which has Odoo itself in it.
    """
    folder = ADDONS / ADDON
    if folder.is_symlink():
        folder.unlink()
    folder.mkdir(exist_ok=True)
    wanted = {path.name for path in ROOT.iterdir() if path.name not in NOT_ADDON and not path.name.startswith(".")}
    for link in folder.iterdir():
        if link.name not in wanted or os.readlink(link) != str(ROOT / link.name):
            link.unlink(missing_ok=True)
    for name in wanted:
        # Another command may be doing the same.
        with contextlib.suppress(FileExistsError):
            (folder / name).symlink_to(ROOT / name)
