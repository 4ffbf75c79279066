"""`dev/lint`: style and form of every file; prints `file:line: what is wrong` and fails if anything is."""

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess

from checks.files import check_csv, check_length, check_text, list_files

from host.environment import clean_environ, enter, python
from host.locks import exclusive
from host.packages import check_space
from host.paths import ADDON, ADDONS, CACHE, DEV, REQUIREMENTS, ROOT
from host.say import Stop, last_line, run_logged, say, step

# Nobody reads the texts of errors that a test makes up.
UNTRANSLATED_TESTS = re.compile(r"^tests/\S+ \[translation-required\]")
OLDEST_NODE = (18, 18)
# Which files pylint found nothing in, by their content.
PYLINT_CLEAN = CACHE / "pylint-clean.json"
WHOLE_ADDON = ("__init__.py", "__manifest__.py")


def parse(arguments):
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="dev/lint", description="Check style and form of every file.")
    parser.add_argument("--fix", action="store_true", help="first let ruff and eslint repair what they can")
    parser.add_argument("--no-i18n", action="store_true", help="leave the translations alone (they need a database)")
    return parser.parse_args(arguments)


def run_tool(title, command, cwd=ROOT, rewrite=None, passed_over=None):
    """Run a checker; print what it says if it finds something; return how many lines that were."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=clean_environ(RUFF_CACHE_DIR=CACHE / "ruff", PYLINTHOME=CACHE / "pylint"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if not done.returncode:
        return 0
    lines = [line for line in done.stdout.splitlines() if line.strip() and not line.startswith("*****")]
    lines = [rewrite(line) if rewrite else line for line in lines]
    if passed_over and lines:
        lines = [line for line in lines if not passed_over.search(line)]
        if not lines:
            return 0
    print("\n".join([f"— {title}", *lines]), flush=True)
    return max(1, len(lines))


def check_python(fix):
    """Run ruff and pylint-odoo."""
    ruff = [str(python()), "-m", "ruff"]
    if fix:
        run_tool("ruff", [*ruff, "check", "--fix", "--quiet", "."])
        run_tool("ruff", [*ruff, "format", "--quiet", "."])
    found = run_tool("ruff", [*ruff, "check", "--output-format=concise", "--quiet", "."])
    found += run_tool(
        "ruff format (repair with dev/lint --fix)",
        [*ruff, "format", "--check", "--output-format=concise", "--quiet", "."],
    )
    return found + check_odoo_style()


def check_odoo_style():
    """Run pylint-odoo on the files that it has not found clean already; it takes ten times as long as all else."""
    own = [path for path in list_files() if path.endswith(".py") and not path.startswith(("dev/", ".", "docs/"))]
    setting = hashlib.sha256((DEV / "pylintrc").read_bytes() + REQUIREMENTS.read_bytes()).hexdigest()
    marks = {path: hashlib.sha256((ROOT / path).read_bytes()).hexdigest() for path in own}
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(PYLINT_CLEAN.read_text(encoding="utf-8"))
        if known.pop("setting", None) == setting:
            # with these two it looks at the addon as a whole
            own = [path for path in own if path in WHOLE_ADDON or known.get(path) != marks[path]]
    complaints = []
    # By the name that Odoo knows the addon by: a checkout may be called anything.
    found = run_tool(
        "pylint-odoo",
        [str(python()), "-m", "pylint", f"--rcfile={DEV / 'pylintrc'}", *(f"{ADDON}/{path}" for path in own)],
        cwd=ADDONS,
        rewrite=lambda line: complaints.append(line.removeprefix(f"{ADDON}/")) or complaints[-1],
        passed_over=UNTRANSLATED_TESTS,
    )
    if not found or all(":" in line for line in complaints):
        wrong = {line.partition(":")[0] for line in complaints} if found else set()
        clean = {path: mark for path, mark in marks.items() if path not in wrong}
        PYLINT_CLEAN.write_text(json.dumps({"setting": setting} | clean), encoding="utf-8")
    return found


def ensure_eslint():
    """Return the folder with the pinned eslint, installed first where it is missing."""
    files = [DEV / "eslint" / name for name in ("package.json", "eslint.config.mjs")]
    mark = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    folder = CACHE / "node" / mark
    if (folder / "complete").exists():
        return folder
    _code, version = run_logged(["node", "--version"], "node.log")
    number = re.search(r"v(\d+)\.(\d+)", version)
    if not number or (int(number[1]), int(number[2])) < OLDEST_NODE:
        raise Stop(f"Node.js {'.'.join(map(str, OLDEST_NODE))} or newer is needed to check JavaScript: install it.")
    with exclusive("node", "it installs the JavaScript checker"):
        if (folder / "complete").exists():
            return folder
        check_space()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in files:
            shutil.copy(file, folder)
        with step("Installing the JavaScript checker"):
            code, output = run_logged(
                ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"],
                "npm.log",
                cwd=folder,
                env=clean_environ(npm_config_cache=CACHE / "npm", npm_config_update_notifier="false"),
            )
        shutil.rmtree(CACHE / "npm", ignore_errors=True)
        if code:
            shutil.rmtree(folder, ignore_errors=True)
            raise Stop(f"The JavaScript checker could not be installed: {last_line(output, 'npm error', 'npm ERR!')}")
        (folder / "complete").touch()
    return folder


def check_javascript(scripts, fix):
    """Run eslint."""
    folder = ensure_eslint()
    command = ["node", str(folder / "node_modules" / "eslint" / "bin" / "eslint.js"), "--max-warnings=0"]
    command += ["--config", str(folder / "eslint.config.mjs"), *(["--fix"] if fix else [])]
    return run_tool("eslint", [*command, *scripts])


def check_form(files):
    """Run the project's own checks of form."""
    from checks.markup import check_xml

    problems, warnings, seen = [], [], {}
    for path in files:
        try:
            with open(os.path.join(ROOT, path), encoding="utf-8", newline="") as content:
                text = content.read()
        except UnicodeDecodeError:
            # A picture, or something else that has no lines.
            continue
        problems += check_text(path, text)
        warnings += check_length(path, text)
        if path.endswith(".xml"):
            problems += check_xml(path, text, seen)
        elif path.endswith(".csv"):
            problems += check_csv(path, text)
    if warnings:
        print("\n".join(warnings), flush=True)
    if problems:
        print("\n".join(["— form", *problems]), flush=True)
    return len(problems)


def main(arguments):
    """Run all checks; the exit code tells whether anything is wrong."""
    asked = parse(arguments)
    scripts = [path for path in list_files() if path.startswith("static/") and path.endswith(".js")]
    enter(node=bool(scripts))
    found = check_python(asked.fix)
    if scripts:
        found += check_javascript(scripts, asked.fix)
    found += check_form(list_files())
    if not asked.no_i18n:
        from commands.i18n import check

        problems = check()
        if problems:
            print("\n".join(["— translations (repair with dev/i18n)", *problems]), flush=True)
        found += len(problems)
    say("Nothing to complain about." if not found else "There is something to repair, see above.")
    return int(found > 0)
