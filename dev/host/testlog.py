"""Reads the log of an Odoo run with tests: what ran, what failed, and which lines should not be there."""

import re
from pathlib import Path

RECORD = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ (?P<level>[A-Z]+) (?P<database>\S+) (?P<logger>\S+?): (?P<message>.*)$"
)
STARTED = re.compile(r"^Starting (?P<test>\S+) \.\.\.$")
SKIPPED = re.compile(r"^skipped (?P<test>.+?) : (?P<reason>.*)$")
FAILED = re.compile(r"^(?P<flavour>FAIL|ERROR): (?P<test>.+)$")
SUBTEST = re.compile(r"^Subtest (?P<test>\S+) ")
REPORT = re.compile(r"^(?P<failed>\d+) failed, (?P<errors>\d+) error\(s\) of (?P<run>\d+) tests when loading database")
# Said besides failures that are counted already.
ECHO = re.compile(
    r"^(Module \S+: \d+ failures, \d+ errors of \d+ tests|At least one test failed when loading the modules\.)$"
)
# Odoo passes over browser tests in silence where it can't start a browser.
NO_BROWSER = re.compile(r"chrome|websocket-client", re.IGNORECASE)
SERIOUS = ("WARNING", "ERROR", "CRITICAL")


class Allowlist:
    """The log lines that Odoo or Debian's build of it writes by itself, each with the reason why it may stay."""

    def __init__(self, text):
        self.patterns = []
        reason = ""
        for number, line in enumerate(text.splitlines(), 1):
            line = line.strip()
            if line.startswith("#"):
                reason = line.lstrip("# ")
            elif not line:
                reason = ""
            elif not reason:
                raise ValueError(f"line {number} gives no reason: put one in a comment right above it")
            else:
                self.patterns.append(re.compile(line))

    @classmethod
    def read(cls, path):
        """Return the list in a file."""
        return cls(Path(path).read_text(encoding="utf-8"))

    def allows(self, level, logger, message):
        """Return whether a record may be there."""
        line = f"{level} {logger}: {message}"
        return any(pattern.search(line) for pattern in self.patterns)


class TestLog:
    """What a run's log says, line by line as it comes; `on_event(kind, text)` is told what people want to see."""

    def __init__(self, allowlist, on_event=lambda kind, text: None):
        self.allowlist = allowlist
        self.on_event = on_event
        self.started = set()
        self.broken = set()
        self.skipped = {}
        self.failures = 0
        self.report = None
        self.unexpected = []
        # What the lines that belong to the last record are appended to.
        self.block = None
        self.block_kind = None

    def feed(self, line):
        """Take in one line."""
        # Odoo ends every record with a space.
        line = line.rstrip()
        record = RECORD.match(line)
        if not record:
            if self.block is not None:
                self.block.append(line)
            return
        self.close_block()
        self.take(record["level"], record["logger"], record["message"])

    def take(self, level, logger, message):
        """Take in the first line of a record."""
        tests = ".tests." in logger or logger.startswith("odoo.tests")
        if tests and (found := STARTED.match(message)):
            self.started.add((logger, found["test"]))
            self.on_event("start", f"{logger.rpartition('.tests.')[2]}.{found['test']}")
        elif tests and (found := SKIPPED.match(message)):
            self.skipped[logger, found["test"]] = found["reason"]
            self.on_event("skip", found["test"])
            if NO_BROWSER.search(found["reason"]):
                self.unexpected.append(message)
                self.open_block("unexpected", message)
        elif level == "ERROR" and (found := FAILED.match(message)):
            self.failures += 1
            test = SUBTEST.match(found["test"])
            self.broken.add((logger, test["test"] if test else found["test"]))
            self.open_block("failure", message)
        elif found := REPORT.match(message):
            self.report = found.groupdict()
        elif level in SERIOUS and not ECHO.match(message) and not self.allowlist.allows(level, logger, message):
            self.unexpected.append(f"{level} {logger}: {message}")
            self.open_block("unexpected", f"{level} {logger}: {message}")

    def open_block(self, kind, line):
        """Begin to collect the lines of a record that people should see."""
        self.block, self.block_kind = [line], kind

    def close_block(self):
        """Show the record collected so far."""
        if self.block is not None:
            self.on_event(self.block_kind, "\n".join(self.block).rstrip())
        self.block = None

    def counts(self, exit_code):
        """Return how many passed, failed and were skipped, and the reasons for failures that are no test's."""
        self.close_block()
        reasons = []
        failed = self.failures
        if self.report:
            # The runner's own count is the one that counts.
            failed = max(failed, int(self.report["failed"]) + int(self.report["errors"]))
        if self.unexpected:
            reasons.append(f"{len(self.unexpected)} unexpected warnings or errors in the log")
        if not self.report:
            reasons.append("Odoo ended before it had run all tests")
        elif not self.started and not failed:
            reasons.append("no test ran")
        elif int(self.report["run"]) > len(self.started):
            reasons.append(f"Odoo counts {self.report['run']} tests, its log shows {len(self.started)}")
        if exit_code and not failed and not reasons:
            reasons.append(f"Odoo ended with exit code {exit_code}")
        passed = len(self.started - self.broken - set(self.skipped))
        return passed, failed + len(reasons), len(self.skipped), reasons
