"""Installs OCA's queue_job beside the addon in a scratch database and lets batches run as its jobs."""

import copy
import os
import shutil
from pathlib import Path

from host.databases import ONE_OFF, run_odoo, scratch
from host.environment import python
from host.locks import exclusive
from host.paths import ADDON, ADDONS, CACHE, LOGS
from host.say import Stop, last_line, run_logged, step

# Neither is a dependency of the addon; both are unpacked beside the environment, since queue_job asks for a package
# named odoo, which the package index does not have.
PACKAGES = ("odoo-addon-queue-job==19.0.2.4.0", "openupgradelib==3.13.7")
FOLDER = CACHE / ("queue_job-" + PACKAGES[0].rpartition("=")[2])
LOG = "queue_job.log"
SCRIPT = Path(__file__).with_name("queue_job_script.py")


def fetch():
    """Unpack the packages unless they are there."""
    with exclusive("queue-job", "it fetches queue_job"):
        if (FOLDER / "complete").exists():
            return
        shutil.rmtree(FOLDER, ignore_errors=True)
        install = [str(python()), "-m", "pip", "install", "--no-input", "--no-cache-dir", "--no-deps", "--no-compile"]
        install += ["--disable-pip-version-check", "--target", str(FOLDER), *PACKAGES]
        code, output = run_logged(install, "pip-queue_job.log")
        if code:
            raise Stop(f"queue_job could not be fetched: {last_line(output, 'ERROR:')}")
        (FOLDER / "complete").touch()


def queue_job_problems(house):
    """Return what went wrong, one sentence each."""
    try:
        with step("Running batches as jobs of queue_job"):
            fetch()
            addons = ",".join(map(str, [*house.source.addons, ADDONS, FOLDER / "odoo" / "addons"]))
            source = copy.copy(house.source)
            source.home = f"{source.home}{os.pathsep}{FOLDER}"
            with scratch(house.source, house.server, "queue") as database:
                options = ["-d", database, f"--addons-path={addons}"]
                install = [*options, "-i", f"{ADDON},queue_job", *ONE_OFF]
                run_odoo(source, house.server, install, LOG, "Installing queue_job")
                # what queue_job itself warns about, such as a job that it is asked for twice, is no fault of ours
                shell = ["shell", *options, "--no-http", "--log-level=error"]
                script = SCRIPT.read_text(encoding="utf-8")
                run_odoo(source, house.server, shell, LOG, "Running jobs", script)
    except Stop as stop:
        return [str(stop)]
    if "EVERYTHING ONCE" not in (LOGS / LOG).read_text(encoding="utf-8", errors="replace"):
        return [f"the jobs did not do everything once: see {LOGS / LOG}"]
    return []
