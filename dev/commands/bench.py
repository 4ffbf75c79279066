"""`dev/bench [name]`: runs a file of dev/benchmarks in Odoo's shell on a scratch database with the demo."""

import argparse
import os

from host.databases import ONE_OFF, run_odoo, scratch
from host.house import open_house
from host.launcher import odoo_command, odoo_environ, run_as_ourselves
from host.paths import ADDON, DEV
from host.say import Stop, step

FOLDER = DEV / "benchmarks"


def summary(path):
    """Return the first line of a benchmark's docstring."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            return line.strip("\"' ")
    return ""


def main(arguments):
    """Run the named benchmarks, or list those there are."""
    known = {path.stem: path for path in sorted(FOLDER.glob("*.py")) if not path.stem.startswith("_")}
    parser = argparse.ArgumentParser(prog="dev/bench", description="Run benchmarks; without a name, list them.")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(known) or "no benchmark yet")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.names if name not in known]
    if unknown:
        there = "the benchmarks are: " + ", ".join(known) if known else "there is no benchmark yet"
        raise Stop(f"Unknown benchmark {', '.join(unknown)}: {there}.", code=2)
    if not asked.names:
        for name, path in known.items():
            print(f"{name:20} {summary(path)}")
        if not known:
            print("There is no benchmark yet.")
        return 0
    worst = 0
    with open_house() as house:
        environ = odoo_environ(house.source)
        # what the benchmarks share lies beside them
        environ["PYTHONPATH"] = os.pathsep.join((str(environ["PYTHONPATH"]), str(FOLDER)))
        for name in asked.names:
            with scratch(house.source, house.server, "bench") as database:
                with step(f"Preparing a database for {name}"):
                    install = ["-d", database, "-i", ADDON, *ONE_OFF]
                    run_odoo(house.source, house.server, install, "install.log", "Installing the addon")
                with known[name].open("rb") as script:
                    code = run_as_ourselves(
                        odoo_command(["shell", "-d", database, "--no-http", "--log-level=warn"]),
                        environ,
                        house.server,
                        stdin=script,
                    )
            worst = worst or abs(code)
    return worst
