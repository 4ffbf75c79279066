"""Odoo 19 itself: Debian's package unpacked into the cache folder, or the checkout that ODOO_PATH names."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from .fonts import woff_to_ttf
from .locks import exclusive
from .packages import FREE_FOR_SETUP, check_space, find_keyring
from .paths import CACHE, ODOO
from .say import Stop, last_line, run_logged, step

SUITE = os.environ.get("DEBIAN_SUITE") or "sid"
# Odoo's package has links to these packages' files. All of them hold data only, so they are unpacked beside it
# and the links lead where they should, whatever the machine has installed. Font Awesome is not among them: Debian's
# is a later one, without the file that Odoo's icons in mails are drawn with.
PACKAGES = (
    "odoo-19",
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
DIST = Path("usr/lib/python3/dist-packages")
# Debian leaves out this minified library (background blur in calls), and the browser then logs an error that
# fails every browser test.
MISSING_SCRIPT = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
ICON_FONT = "web/static/src/libs/fontawesome/fonts/fontawesome-webfont"


class Source:
    """An Odoo to run: where Python finds it, which addons paths it has, and its version."""

    def __init__(self, kind, home, addons, version):
        self.kind = kind
        self.home = home
        self.addons = addons
        self.version = version
        # The configuration file, written once the database server is known.
        self.config = None


def read_version(home):
    """Return the version in Odoo's own words, as 19.0, or None where there is no Odoo."""
    try:
        release = (home / "odoo" / "release.py").read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"^version_info\s*=\s*\(\s*['\"]?(?:saas~)?(\d+)['\"]?\s*,\s*(\d+)", release, re.MULTILINE)
    return found and f"{found[1]}.{found[2]}"


def named_source(path):
    """Return the Odoo that the developer named."""
    named = Path(path).expanduser().resolve()
    version = read_version(named)
    if not version:
        raise Stop(
            f"ODOO_PATH={path} holds no Odoo: name a checkout (with odoo-bin, addons and odoo) or the folder that"
            " has the package odoo in it."
        )
    if not version.startswith("19."):
        raise Stop(f"ODOO_PATH={path} is Odoo {version}: this addon needs Odoo 19.")
    addons = [folder for folder in (named / "odoo" / "addons", named / "addons") if folder.is_dir()]
    if not any((folder / "web").is_dir() for folder in addons):
        raise Stop(f"ODOO_PATH={path} has no addons: the folder addons, or odoo/addons, must hold Odoo's own.")
    return Source("path", named, addons, f"{version} {named}")


def apt_options(folder):
    """Return options that keep apt to the private folder and leave the machine's sources alone."""
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    settings = {
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        # An archive's snapshot is as good: any release of Odoo 19 will do, and its signature is checked all the same.
        "Acquire::Check-Valid-Until": "false",
        # Else apt calls an update that failed a success.
        "APT::Update::Error-Mode": "any",
    }
    if os.geteuid() == 0:
        # apt's own download user may not reach a checkout in a private folder.
        settings["APT::Sandbox::User"] = "root"
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def apt_reason(output):
    """Return why apt failed: its first error, and for a failed download the line that tells more."""
    lines = [line.strip() for line in output.splitlines()]
    for line in lines:
        if line.startswith("E:") and "Some index files failed" not in line:
            return line
    for number, line in enumerate(lines[:-1]):
        if line.startswith("Err:"):
            return lines[number + 1]
    return last_line(output)


def find_mirror(folder):
    """Return the address of a Debian archive: the environment's word, else that of the machine's own sources."""
    named = os.environ.get("DEBIAN_MIRROR")
    if named:
        return named.rstrip("/")
    listing = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(LABEL)", "Created-By: Packages"]
    for refresh in (False, True):
        if refresh:
            # The machine has never read its own sources, or lost what it read: read them into our folder.
            own = apt_options(folder / "own")
            run_logged(["apt-get", *own, "update"], "apt-own.log")
            listing += own
        _code, output = run_logged(listing, "apt-targets.log")
        for line in output.splitlines()[1:]:
            words = line.split()
            if words[1:] == ["Debian", "Debian"]:
                return words[0].rstrip("/")
    raise Stop(
        "This machine's apt sources name no Debian archive: set DEBIAN_MIRROR to the address of one,"
        " or ODOO_PATH to a checkout of Odoo 19."
    )


def download(folder, into):
    """Fetch Odoo's package and those it links to; return the package files."""
    options = apt_options(folder)
    sources = folder / "suite.list"
    mirror = find_mirror(folder)
    sources.write_text(f"deb [signed-by={find_keyring()}] {mirror} {SUITE} main\n")
    options += ["-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=/dev/null"]
    advice = "check the network, or set DEBIAN_MIRROR to a Debian archive that has it, or ODOO_PATH to a checkout"
    code, output = run_logged(["apt-get", *options, "update"], "apt-suite.log")
    if code:
        reason = apt_reason(output)
        raise Stop(f"Debian's suite {SUITE} could not be read from {mirror}: {reason} — {advice} of Odoo 19.")
    code, output = run_logged(["apt-get", *options, "download", *PACKAGES], "apt-download.log", cwd=into)
    if code:
        reason = apt_reason(output)
        raise Stop(f"Odoo could not be downloaded from {mirror} {SUITE}: {reason} — {advice} of Odoo 19.")
    return sorted(into.glob("*.deb"))


def heal(addons):
    """Put in what Debian's build leaves out."""
    script = addons / MISSING_SCRIPT
    if not script.exists():
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text("// Stands in for a library that Debian does not ship; nothing here calls it.\n")
    font, packed = addons / f"{ICON_FONT}.ttf", addons / f"{ICON_FONT}.woff"
    if not font.exists() and packed.exists():
        font.unlink(missing_ok=True)
        font.write_bytes(woff_to_ttf(packed.read_bytes()))


def unpack():
    """Download Odoo and unpack it beside its final place, then put it there in one step."""
    check_space(FREE_FOR_SETUP)
    ODOO.mkdir(parents=True, exist_ok=True)
    for left in ODOO.glob("unpacking-*"):
        shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix="unpacking-", dir=ODOO))
    try:
        root = work / "root"
        with step("Downloading Odoo 19 from Debian (130 MB)"):
            files = download(CACHE / "apt", work)
        with step("Unpacking Odoo"):
            for file in files:
                code, output = run_logged(["dpkg-deb", "-x", str(file), str(root)], "unpack.log")
                if code:
                    # A full disk is the likely reason, and the log may have found no room to say so.
                    check_space()
                    raise Stop(f"{file.name} could not be unpacked: {last_line(output, 'dpkg-deb:')}")
        package = next((file.name for file in files if file.name.startswith("odoo-19_")), None)
        version = read_version(root / DIST)
        if not package or not version or not version.startswith("19."):
            raise Stop(f"Debian's package is Odoo {version or 'of an unknown version'}: this addon needs Odoo 19.")
        heal(root / DIST / "odoo" / "addons")
        # The name carries apt's escapes (%3a, +): plain characters keep out of every tool's way.
        name = re.sub(r"[^\w.]+", "-", package.split("_")[1])
        (root / "version").write_text(f"{version} {package.split('_')[1]}\n")
        final = ODOO / name
        shutil.rmtree(final, ignore_errors=True)
        root.rename(final)
        fresh = ODOO / "current.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(name)
        fresh.replace(ODOO / "current")
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(CACHE / "apt", ignore_errors=True)


def ensure_source():
    """Return the Odoo to run, fetched first where that is still to be done."""
    path = os.environ.get("ODOO_PATH")
    if path:
        return named_source(path)
    current = ODOO / "current"
    if not (current / "version").exists():
        with exclusive("odoo", "it downloads Odoo"):
            if not (current / "version").exists():
                unpack()
    home = current.resolve() / DIST
    return Source("debian", home, [home / "odoo" / "addons"], (current / "version").read_text().strip())
