"""Locks between processes. The kernel lets go of them when a process ends, however it ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import EmbeddedError

SHARED, EXCLUSIVE = fcntl.LOCK_SH, fcntl.LOCK_EX


def attempt(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for(descriptor: int, kind: int, *, what: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not attempt(descriptor, kind):
        if time.monotonic() > until:
            raise EmbeddedError(f"{what} was still locked after {seconds:.0f} s. Which process holds it?")
        time.sleep(0.02)


def open_lock(path: Path) -> int:
    """A descriptor that no program started from here inherits."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


@contextmanager
def alone(path: Path, seconds: float = 180) -> Iterator[None]:
    """One process at a time in here."""
    descriptor = open_lock(path)
    try:
        wait_for(descriptor, EXCLUSIVE, what=str(path), seconds=seconds)
        yield
    finally:
        os.close(descriptor)
