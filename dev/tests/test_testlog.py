"""The reading of Odoo's test log: counts, failures and lines that should not be there."""

import unittest

from host.testlog import Allowlist, TestLog

STAMP = "2026-01-02 03:04:05,678 42"
LOGGER = "odoo.addons.crm_buying_journey.tests.test_x"


def line(level, logger, message):
    """Return a log line as Odoo writes it."""
    return f"{STAMP} {level} db {logger}: {message} \n"


def report(failed, errors, run):
    """Return the line in which the runner reports."""
    level = "ERROR" if failed or errors else "INFO"
    return line(
        level,
        "odoo.tests.result",
        f"{failed} failed, {errors} error(s) of {run} tests when loading database 'db'",
    )


class LogCase(unittest.TestCase):
    """Reads made-up logs."""

    def read(self, *lines, allow="", code=0):
        """Feed lines to a log; return its counts and what it showed."""
        shown = []
        log = TestLog(Allowlist(allow), lambda kind, text: shown.append((kind, text)))
        for text in lines:
            log.feed(text)
        return log.counts(code), shown

    def start(self, name):
        """Return the line with which a test begins."""
        return line("INFO", LOGGER, f"Starting {name} ...")


class TestCounting(LogCase):
    """What a run counts as."""

    def test_all_pass(self):
        counts, _shown = self.read(self.start("A.test_1"), self.start("A.test_2"), report(0, 0, 2))
        self.assertEqual(counts, (2, 0, 0, []))

    def test_failure_is_counted_once_and_shown_whole(self):
        counts, shown = self.read(
            self.start("A.test_1"),
            line("ERROR", LOGGER, "FAIL: A.test_1"),
            "Traceback (most recent call last):\n",
            "AssertionError: 1 != 2\n",
            self.start("A.test_2"),
            line("ERROR", "odoo.modules.loading", "Module crm_buying_journey: 1 failures, 0 errors of 2 tests"),
            report(1, 0, 2),
            code=1,
        )
        self.assertEqual(counts, (1, 1, 0, []))
        self.assertIn(
            ("failure", "FAIL: A.test_1\nTraceback (most recent call last):\nAssertionError: 1 != 2"),
            [(kind, "\n".join(part.rstrip() for part in text.splitlines())) for kind, text in shown],
        )

    def test_two_broken_subtests_are_one_broken_test(self):
        counts, _shown = self.read(
            self.start("A.test_1"),
            line("ERROR", LOGGER, "FAIL: Subtest A.test_1 (a=1)"),
            line("ERROR", LOGGER, "ERROR: Subtest A.test_1 (a=2)"),
            self.start("A.test_2"),
            report(1, 1, 2),
            code=1,
        )
        self.assertEqual(counts, (1, 2, 0, []))

    def test_broken_class_setup_takes_no_passed_test_away(self):
        counts, _shown = self.read(
            self.start("A.test_1"),
            line("ERROR", "odoo.tests.suite", "ERROR: setUpClass (odoo.addons.crm_buying_journey.tests.test_x.B)"),
            report(0, 1, 1),
            code=1,
        )
        self.assertEqual(counts, (1, 1, 0, []))

    def test_skipped(self):
        counts, _shown = self.read(
            self.start("A.test_1"), line("INFO", LOGGER, "skipped A.test_1 : not today"), report(0, 0, 1)
        )
        self.assertEqual(counts, (0, 0, 1, []))

    def test_skipped_for_want_of_a_browser_fails(self):
        counts, _shown = self.read(
            self.start("A.test_1"), line("INFO", LOGGER, "skipped A.test_1 : Chrome not found"), report(0, 0, 1)
        )
        self.assertEqual(counts[1], 1)

    def test_no_test(self):
        counts, _shown = self.read(
            line("WARNING", "odoo.tests.result", "0 failed, 0 error(s) of 0 tests when loading database 'db'")
        )
        self.assertEqual(counts, (0, 1, 0, ["no test ran"]))

    def test_end_without_report_fails(self):
        counts, _shown = self.read(self.start("A.test_1"), code=-9)
        self.assertEqual(counts[1], 1)

    def test_exit_code_alone_fails(self):
        counts, _shown = self.read(self.start("A.test_1"), report(0, 0, 1), code=3)
        self.assertEqual(counts[1], 1)


class TestUnexpectedLines(LogCase):
    """Warnings and errors that no test failure explains."""

    def test_all_levels_from_warning_up(self):
        for level in ("WARNING", "ERROR", "CRITICAL"):
            with self.subTest(level=level):
                counts, shown = self.read(self.start("A.t"), line(level, "odoo.sql_db", "oh"), report(0, 0, 1))
                self.assertEqual(counts[:2], (1, 1))
                self.assertIn("odoo.sql_db: oh", shown[-1][1])

    def test_info_is_fine(self):
        counts, _shown = self.read(self.start("A.t"), line("INFO", "x", "an ERROR in words"), report(0, 0, 1))
        self.assertEqual(counts[1], 0)

    def test_allowed(self):
        allow = "# Because.\n^WARNING odoo\\.sql_db: oh\n"
        lines = self.start("A.t"), line("WARNING", "odoo.sql_db", "oh"), report(0, 0, 1)
        self.assertEqual(self.read(*lines, allow=allow)[0][1], 0)
        self.assertEqual(self.read(*lines, allow="# Because.\n^ERROR\n")[0][1], 1)

    def test_an_entry_needs_a_reason(self):
        with self.assertRaisesRegex(ValueError, "line 3"):
            Allowlist("# Reason.\n\nx\n")
