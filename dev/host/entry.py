"""The door of every command: picks a Python, sets the house up, runs the command, turns failures into one line.

This file alone is read by Pythons that may be too old for the rest, so it keeps to syntax they know.
"""

import errno
import importlib
import os
import signal
import sys
import time
import traceback

OLDEST, NEWEST = (3, 10), (3, 13)


def fitting_python():
    """Return another Python on this machine that the pinned packages have wheels for, or None."""
    import shutil
    import subprocess

    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        # Version managers put stand-ins on the path that only print an error.
        if found and subprocess.call([found, "-c", "pass"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            return found
    return None


def ensure_python():
    """Go on under a Python that the pinned packages support."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    found = fitting_python()
    if not found:
        version = ".".join(map(str, sys.version_info[:2]))
        sys.stderr.write(
            f"Python {version} is not supported: install Python 3.10, 3.11, 3.12 or 3.13, then try again.\n"
        )
        sys.exit(1)
    os.execv(found, [found] + sys.argv)


def interrupt(_signal, _frame):
    """Let a polite request to end unwind the stack as Ctrl-C does, so that everything is cleaned up."""
    raise KeyboardInterrupt


def log_crash(name):
    """Write the current traceback to a log file; return where."""
    from .paths import LOGS

    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / ("crash-{}-{}.log".format(name, time.strftime("%Y%m%d-%H%M%S")))
    log.write_text(traceback.format_exc(), encoding="utf-8")
    return log


def explain(error, name):
    """Return the one line that says what went wrong, and what to do."""
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: free some space and run this again ({error})."
    try:
        what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return f"Unexpected failure of {name}: {what} (details: {log_crash(name)})"
    except OSError:
        return f"Unexpected failure of {name}: {type(error).__name__}: {error}"


def main(name):
    """Run the command `name` and exit with its code."""
    ensure_python()
    from .say import Stop

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    try:
        code = importlib.import_module("commands." + name).main(sys.argv[1:])
    except Stop as stop:
        sys.stderr.write(f"{stop}\n")
        code = stop.code
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        code = 130
    except BrokenPipeError:
        code = 1
    except Exception as error:
        sys.stderr.write(f"{explain(error, name)}\n")
        code = 1
    sys.stderr.flush()
    sys.exit(code)
