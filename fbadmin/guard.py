"""Ends the children of a runner that was killed itself.

It reads from a pipe which programs run; when the pipe ends, the runner is gone, and so must they be. Run as a
file, with the standard library only, in a session of its own.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress


def end_all(pids: list[int], patience: float) -> None:
    """SIGTERM to the programs, newest first; after a while SIGKILL to all that is left of their sessions."""
    for pid in reversed(pids):
        _send(os.kill, pid, signal.SIGTERM)
    until = time.monotonic() + patience
    while any(_runs(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    for pid in pids:
        _send(os.killpg, pid, signal.SIGKILL)


def _send(how: Callable[[int, int], None], pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        how(pid, number)


def _runs(pid: int) -> bool:
    """Each program leads a session of its own; a process that took over its number does not."""
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def main(pipe: int, patience: float) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends with the runner and not before
    pids: list[int] = []
    with os.fdopen(pipe) as lines:
        for line in lines:
            pid = int(line)
            if pid > 0:
                pids.append(pid)
            elif -pid in pids:
                pids.remove(-pid)
    end_all([pid for pid in pids if _runs(pid)], patience)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
