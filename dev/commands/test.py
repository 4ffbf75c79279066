"""`dev/test [tags]`: runs the addon's tests on a fresh copy of the template; the last line counts them."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
import unittest

from checks.queue_job import queue_job_problems
from checks.uninstall import LOG as UNINSTALL_LOG
from checks.uninstall import uninstall_problems

from host.databases import scratch
from host.house import open_house
from host.launcher import child_options, free_port, odoo_command, odoo_environ
from host.paths import ADDON, DEV, LOGS
from host.say import Stop
from host.testlog import Allowlist, TestLog

DEFAULT_TAGS = f"/{ADDON}"
# Longer than any single test takes: a browser test gives up after a minute or two by itself.
SILENCE_SECONDS = 20 * 60


def parse(arguments):
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="dev/test",
        description="Run the addon's tests, browser tests included. The last line is 'N passed, N failed'.",
        epilog=f"Tags are Odoo's: {DEFAULT_TAGS}:TestClass.test_method, a tag's name, -tag to leave out. "
        "Without any, the tests of the development commands run too.",
    )
    parser.add_argument("tags", nargs="*", help=f"Odoo's test tags (default {DEFAULT_TAGS})")
    parser.add_argument("--queue", action="store_true", help="only let batches run as jobs of OCA's queue_job")
    parser.add_argument("--keep", action="store_true", help="keep the test database and print its name")
    # Tags may begin with a minus, which is no option then.
    known = {"--keep", "--queue", "-h", "--help"}
    options, tags = [], []
    for word in arguments:
        (options if word in known else tags).append(word)
    asked = parser.parse_args(options)
    asked.tags = tags
    return asked


class Progress:
    """Prints the tests as they run: a class a line, a mark a test, and what failures say."""

    def __init__(self):
        self.shown = None
        self.fresh = True

    def write(self, text):
        """Print a part of a line."""
        sys.stdout.write(text)
        sys.stdout.flush()
        self.fresh = text.endswith("\n")

    def event(self, kind, text):
        """Show one event of the log."""
        if kind == "start":
            name = text.rpartition(".")[0]
            if name != self.shown:
                self.shown = name
                self.write(("" if self.fresh else "\n") + name + " ")
            self.write(".")
        elif kind == "skip":
            self.write("s")
        else:
            self.shown = None
            self.write(("" if self.fresh else "\n") + text + "\n")


def run_own_tests():
    """Run the tests of the development commands; return how many passed, failed and were skipped."""
    suite = unittest.defaultTestLoader.discover(str(DEV / "tests"), top_level_dir=str(DEV))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    broken = {case.id() for case, _text in [*result.failures, *result.errors]}
    skipped = len(result.skipped)
    return max(0, result.testsRun - len(broken) - skipped - len(result.unexpectedSuccesses)), failed, skipped


def end_group(child):
    """End Odoo and whatever it started, such as a browser that outlived its test."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def run_odoo_tests(house, database, tags, log):
    """Install the addon with tests on; feed the log; return Odoo's exit code."""
    arguments = ["-d", database, "-i", ADDON, "--test-tags", tags, "--stop-after-init", "--max-cron-threads=0"]
    arguments += [f"--http-port={free_port()}"]
    child = subprocess.Popen(
        odoo_command(arguments),
        env=odoo_environ(house.source),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # A group of its own, so that a browser that is left over can be found.
        **child_options(house.server, start_new_session=True),
    )
    silence = None
    silent = threading.Event()

    def give_up():
        silent.set()
        end_group(child)

    try:
        with (LOGS / "test.log").open("w", encoding="utf-8") as copy:
            for line in child.stdout:
                if silence:
                    silence.cancel()
                silence = threading.Timer(SILENCE_SECONDS, give_up)
                silence.daemon = True
                silence.start()
                copy.write(line)
                log.feed(line)
        code = child.wait()
    finally:
        if silence:
            silence.cancel()
        end_group(child)
    if silent.is_set():
        log.unexpected.append(f"Odoo said nothing for {SILENCE_SECONDS // 60} minutes and was ended")
    return code


def report_queue(problems):
    """Count the run with queue_job alone; return the exit code."""
    for problem in problems:
        print(f"FAIL: queue_job: {problem}")
    print(f"{int(not problems)} passed, {int(bool(problems))} failed", flush=True)
    return int(bool(problems))


def main(arguments):
    """Run the tests; the exit code tells whether all passed."""
    asked = parse(arguments)
    if asked.queue:
        with open_house() as house:
            return report_queue(queue_job_problems(house))
    try:
        allowlist = Allowlist.read(DEV / "log_allowlist.txt")
    except ValueError as error:
        raise Stop(f"dev/log_allowlist.txt: {error}") from None
    progress = Progress()
    log = TestLog(allowlist, progress.event)
    with open_house(browser=True) as house:
        own = (0, 0, 0) if asked.tags else run_own_tests()
        with scratch(house.source, house.server, "test", keep=asked.keep) as database:
            code = run_odoo_tests(house, database, ",".join(asked.tags) or DEFAULT_TAGS, log)
            # with all tests also its end: Odoo's own tests never uninstall
            left = [] if asked.tags or code else uninstall_problems(house, database)
            if asked.keep:
                progress.event("note", f"The test database is {database}.")
        jobs = [] if asked.tags else queue_job_problems(house)
    passed, failed, skipped, reasons = log.counts(code)
    if not progress.fresh:
        progress.write("\n")
    for (_logger, test), reason in log.skipped.items():
        print(f"skipped {test}: {reason}")
    for reason in reasons:
        if reason == "no test ran" and asked.tags:
            reason = f"no test matches {' '.join(asked.tags)}"
        print(f"FAIL: {reason} (see {LOGS / 'test.log'})")
    for problem in left:
        print(f"FAIL: uninstalling: {problem} (see {LOGS / UNINSTALL_LOG})")
    if not asked.tags and not code:
        passed, failed = passed + (not left), failed + bool(left)
    if not asked.tags:
        for problem in jobs:
            print(f"FAIL: queue_job: {problem}")
        passed, failed = passed + (not jobs), failed + bool(jobs)
    passed, failed, skipped = passed + own[0], failed + own[1], skipped + own[2]
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return int(failed > 0)
