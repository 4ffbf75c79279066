"""The house: what it says when something is wrong, and the small parts that can be tried without a database."""

import contextlib
import errno
import io
import json
import os
import struct
import tempfile
import unittest
import zlib
from pathlib import Path
from unittest import mock

from commands.odoo import option, subcommand
from host import cluster, demo, entry, packages, paths, source
from host.fonts import SFNT_TABLE, WOFF_HEADER, WOFF_TABLE, woff_to_ttf
from host.mailsink import Keeper
from host.say import Stop, last_line
from host.server import parse_url


class TestDatabaseUrl(unittest.TestCase):
    """DATABASE_URL."""

    def test_parts(self):
        self.assertEqual(
            parse_url("postgresql://me:p%40ss@db.example:5433/x?sslmode=require"),
            {"host": "db.example", "port": "5433", "user": "me", "password": "p@ss", "sslmode": "require"},
        )
        self.assertEqual(parse_url("postgres://me@/?host=/run/postgresql")["host"], "/run/postgresql")

    def test_refused(self):
        for url in ("mysql://a@b", "postgresql://host:5432", "postgresql://postgres@host", "postgresql://a@b:many"):
            with self.subTest(url=url), self.assertRaises(Stop):
                parse_url(url)


class TestCommandLine(unittest.TestCase):
    """What dev/odoo reads in the words that it passes on."""

    def test_subcommand(self):
        self.assertEqual(subcommand(["shell", "-d", "x"]), "shell")
        self.assertEqual(subcommand(["--addons-path=a", "shell"]), "shell")
        self.assertEqual(subcommand(["-d", "x"]), "server")
        self.assertEqual(subcommand([]), "server")

    def test_option(self):
        for words in (["-d", "x"], ["-dx"], ["--database", "x"], ["--database=x"], ["-d", "y", "-d", "x"]):
            with self.subTest(words=words):
                self.assertEqual(option(words, "-d", "--database"), "x")
        self.assertIsNone(option(["--dev=all"], "-d", "--database"))


class TestOneLine(unittest.TestCase):
    """Whatever goes wrong, people get one line and an exit code, never a traceback."""

    def run_command(self, error):
        """Run a command that fails; return its exit code and what it said."""
        command = mock.Mock()
        command.main.side_effect = error
        said = io.StringIO()
        with (
            mock.patch("importlib.import_module", return_value=command),
            mock.patch("signal.signal"),
            mock.patch.object(paths, "LOGS", self.logs),
            contextlib.redirect_stderr(said),
            self.assertRaises(SystemExit) as end,
        ):
            entry.main("test")
        return end.exception.code, said.getvalue()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.logs = Path(folder.name)

    def test_stop(self):
        self.assertEqual(self.run_command(Stop("No\nway.", code=3)), (3, "No way.\n"))

    def test_disk_full(self):
        code, said = self.run_command(OSError(errno.ENOSPC, "No space left on device"))
        self.assertEqual(code, 1)
        self.assertIn("disk is full", said)
        self.assertEqual(said.count("\n"), 1)

    def test_unexpected(self):
        code, said = self.run_command(ValueError("a\nb"))
        self.assertEqual(code, 1)
        self.assertEqual(said.count("\n"), 1)
        (log,) = self.logs.iterdir()
        self.assertIn(str(log), said)
        self.assertIn("Traceback", log.read_text())

    def test_interrupt(self):
        self.assertEqual(self.run_command(KeyboardInterrupt()), (130, "Interrupted.\n"))


class TestMachine(unittest.TestCase):
    """What the machine must have."""

    def test_processor(self):
        with mock.patch("platform.machine", return_value="riscv64"), self.assertRaisesRegex(Stop, "riscv64"):
            packages.check_machine()

    def test_space(self):
        with (
            mock.patch("shutil.disk_usage", return_value=mock.Mock(free=5)),
            self.assertRaisesRegex(Stop, "disk space"),
        ):
            packages.check_space()

    def test_packages_without_rights(self):
        with (
            mock.patch.object(packages, "missing_packages", return_value=["postgresql", "chromium"]),
            mock.patch("os.geteuid", return_value=1000),
            mock.patch("shutil.which", side_effect=lambda name: None if name == "sudo" else f"/usr/bin/{name}"),
            self.assertRaisesRegex(Stop, "apt-get install postgresql chromium"),
        ):
            packages.ensure_packages()

    def test_last_line(self):
        self.assertEqual(last_line("a\nE: b\nc\n", "E:"), "E: b")
        self.assertEqual(last_line("a\nb\n", "E:"), "b")


class TestSource(unittest.TestCase):
    """Which Odoo is used."""

    def make(self, version):
        """Return a folder that looks like a checkout of Odoo."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        home = Path(folder.name)
        (home / "odoo").mkdir()
        (home / "addons" / "web").mkdir(parents=True)
        (home / "odoo" / "release.py").write_text(f"version_info = ({version}, 'final', 0, '')\n")
        return home

    def test_checkout(self):
        home = self.make("19, 0, 0")
        found = source.named_source(str(home))
        self.assertEqual(found.addons, [home.resolve() / "addons"])

    def test_refused(self):
        with self.assertRaisesRegex(Stop, "is Odoo 18.0"):
            source.named_source(str(self.make("18, 0, 0")))
        with self.assertRaisesRegex(Stop, "holds no Odoo"):
            source.named_source("/nowhere")


class TestCluster(unittest.TestCase):
    """The private database server."""

    def test_number_of_a_dead_server(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(cluster, "DATA", Path(folder)):
            self.assertIsNone(cluster.running_pid())
            # A process that lives, but is no server of ours.
            (Path(folder) / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}\n")
            self.assertIsNone(cluster.running_pid())

    def test_long_folders_get_a_short_stand_in(self):
        for name in ("x" * 120, "with space"):
            run = Path("/") / name
            with mock.patch.object(cluster, "RUN", run):
                self.assertLessEqual(len(str(cluster.socket_folder())), cluster.LONGEST_FOLDER)
                self.assertNotEqual(cluster.socket_folder(), run)


class TestSink(unittest.TestCase):
    """The mails that the sink keeps."""

    def test_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            Keeper(folder).keep("a@example.com", ["b@example.com", "c@example.com"], b"Subject: x\r\n\r\ny\r\n")
            (line,) = (Path(folder) / "envelopes.jsonl").read_text().splitlines()
            record = json.loads(line)
            self.assertEqual(record["rcpt_tos"], ["b@example.com", "c@example.com"])
            self.assertEqual((Path(folder) / record["file"]).read_bytes(), b"Subject: x\r\n\r\ny\r\n")


class TestSmallParts(unittest.TestCase):
    """Fonts and marks."""

    def test_font(self):
        table = b"x" * 101
        packed = zlib.compress(table)
        start = WOFF_HEADER.size + WOFF_TABLE.size
        head = WOFF_HEADER.pack(b"wOFF", b"\0\1\0\0", 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0)
        font = woff_to_ttf(head + WOFF_TABLE.pack(b"glyf", start, len(packed), len(table), 7) + packed)
        tag, checksum, offset, length = SFNT_TABLE.unpack_from(font, 12)
        self.assertEqual((tag, checksum, length), (b"glyf", 7, 101))
        self.assertEqual(font[offset : offset + length], table)
        self.assertEqual(struct.unpack_from(">4sHHHH", font), (b"\0\1\0\0", 1, 16, 0, 0))

    def test_hash_follows_the_addon_only(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "models").mkdir()
            (root / "dev").mkdir()
            (root / "models" / "a.py").write_text("1")
            first = demo.addon_hash(root)
            (root / "dev" / "b.py").write_text("1")
            self.assertEqual(demo.addon_hash(root), first)
            (root / "models" / "a.py").write_text("2")
            self.assertNotEqual(demo.addon_hash(root), first)
