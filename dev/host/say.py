"""What the commands tell people: progress on standard error, and the one-line end of a run that can't go on."""

import contextlib
import ctypes
import signal
import subprocess
import sys
import threading
import time

from .paths import LOGS

BEAT_SECONDS = 15
PR_SET_PDEATHSIG = 1


class Stop(Exception):
    """The command can't go on: says in one line what is wrong and what to do about it."""

    def __init__(self, message, code=1):
        super().__init__(" ".join(str(message).split()))
        self.code = code


def say(text):
    """Print one line of progress. Standard output is left to what a command is asked for."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(text):
    """Announce a long step, show that it lives while it runs, and how long it took."""
    started = time.monotonic()
    ended = threading.Event()

    def beat():
        while not ended.wait(BEAT_SECONDS):
            say(f"  … {time.monotonic() - started:.0f} s")

    say(f"{text} …")
    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield
    finally:
        ended.set()
        heart.join()
    say(f"  done in {time.monotonic() - started:.0f} s")


def die_with_parent():
    """Ask the kernel to kill this process when its parent is gone, however that came about."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run_logged(command, log_name, survive=False, **options):
    """Run a command with its output in a log file; return its exit code and that output.

    It dies with us, so that it can't write to a place where the next run begins anew, unless it is to `survive`.
    """
    if not survive:
        options["preexec_fn"] = die_with_parent
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / log_name
    with log.open("w", encoding="utf-8", errors="replace") as out:
        out.write("$ " + " ".join(map(str, command)) + "\n")
        out.flush()
        try:
            code = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, check=False, **options
            ).returncode
        except FileNotFoundError:
            raise Stop(f"The program {command[0]} is not installed.") from None
    return code, log.read_text(encoding="utf-8", errors="replace")


def last_line(output, *starts):
    """Return the last line of a tool's output that begins with one of `starts`, else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for line in reversed(lines):
        if line.startswith(starts):
            return line
    return lines[-1] if lines else "(it said nothing)"
