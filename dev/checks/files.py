"""Which files there are to check, and the rules that hold for all of them."""

import csv
import io
import os
import re
import subprocess

from host.paths import ROOT

LONGEST = 400
# In a comment, with the reason after it: the file may be longer.
LONG_ALLOWED = "long file:"
SOURCES = (".py", ".js", ".xml", ".css", ".scss")
TEXTS = (*SOURCES, ".csv", ".md", ".rst", ".toml", ".txt", ".yml", ".mjs", ".json")
OPENINGS = {
    ".py": ('"""', "'''", 'r"""', "#"),
    ".js": ("//", "/*"),
    ".css": ("/*",),
    ".scss": ("//", "/*"),
    ".xml": ("<!--",),
}
ODOO_MODULE = re.compile(r"^/\*\*\s*@odoo-module\b[^*]*\*+/\s*$")


def list_files():
    """Return the paths, from the checkout's root, of all files that are the project's own."""
    command = ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, capture_output=True, check=True)
        names = os.fsdecode(done.stdout).split("\0")
    except (OSError, subprocess.CalledProcessError):
        # Not a git checkout (a downloaded archive), or owned by somebody whom git does not trust.
        names = []
        for folder, folders, files in os.walk(ROOT):
            folders[:] = [name for name in folders if name not in (".cache", ".git", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, name), ROOT) for name in files]
    own = (name for name in names if name and not name.startswith("static/lib/"))
    return sorted(name for name in own if os.path.isfile(os.path.join(ROOT, name)))


def kind(path, text):
    """Return the ending of a file's name, that of a script by its first line."""
    ending = os.path.splitext(path)[1]
    if not ending and text.startswith("#!") and "python" in text.split("\n", 1)[0]:
        return ".py"
    return ending


def opening(text, ending):
    """Return the first line of a file that could say what it is for."""
    for line in text.splitlines():
        line = line.strip()
        # A comment may also open what the root element holds, where Odoo's own files have it.
        root = ending == ".xml" and re.match(r"<(odoo|templates|data)\b[^>]*>$", line)
        if not line or root or line.startswith(("#!", "<?xml", "# -*-")) or ODOO_MODULE.match(line):
            continue
        return line
    return ""


def check_text(path, text):
    """Yield what is wrong with the form of one file."""
    ending = kind(path, text)
    if not text:
        return
    lines = text.split("\n")
    if ending in SOURCES and os.path.basename(path) != "__init__.py":
        first = opening(text, ending)
        if first and not first.startswith(OPENINGS[ending]):
            yield f"{path}:1: the file does not open with a line that says what it is for"
    if ending in TEXTS or ending == ".py":
        if not text.endswith("\n"):
            yield f"{path}:{len(lines)}: no line break at the end of the file"
        elif text.endswith("\n\n"):
            yield f"{path}:{len(lines)}: blank lines at the end of the file"
        for number, line in enumerate(lines, 1):
            if line != line.rstrip() and ending != ".md":
                yield f"{path}:{number}: white space at the end of the line"
            if line.startswith("\t") or (ending in SOURCES and "\t" in line):
                yield f"{path}:{number}: a tab"


def check_length(path, text):
    """Yield a warning for a file that is too long without a reason."""
    count = text.count("\n")
    if kind(path, text) in SOURCES and count > LONGEST and LONG_ALLOWED not in text:
        yield f"{path}:{LONGEST}: warning: {count} lines; split it, or say why not in a comment: {LONG_ALLOWED} …"


def check_csv(path, text):
    """Yield what is wrong with a table."""
    rows = list(csv.reader(io.StringIO(text)))
    if not rows:
        yield f"{path}:1: the table is empty"
        return
    header, seen = rows[0], {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            yield f"{path}:{number}: {len(row)} columns where the header has {len(header)}"
        elif "id" in header:
            name = row[header.index("id")]
            if name in seen:
                yield f"{path}:{number}: the id {name} is that of line {seen[name]} too"
            seen.setdefault(name, number)
        if any(value != value.strip() for value in row):
            yield f"{path}:{number}: white space around a value"
