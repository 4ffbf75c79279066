"""File locks that keep two commands from spoiling each other's work; the kernel frees those of a killed one."""

import contextlib
import fcntl
import os
import time

from .paths import LOCKS
from .say import say

# Shorter waits are nothing to tell about.
PATIENCE_SECONDS = 2


def open_lock(name):
    """Return an open descriptor of the named lock file."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    return os.open(LOCKS / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def try_exclusive(descriptor):
    """Take the lock for ourselves alone if nobody else has it; return whether we did."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def exclusive(name, reason=None):
    """Hold the named lock alone, waiting for whoever has it."""
    descriptor = open_lock(name)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not try_exclusive(descriptor):
            if time.monotonic() > deadline:
                if reason:
                    say(f"Waiting for another command to finish: {reason} …")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                break
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)
