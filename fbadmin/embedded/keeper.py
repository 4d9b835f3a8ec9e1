"""A process of its own that waits until nobody uses the server, stops it, and ends.

Its users hold a shared lock; the kernel frees it even when they are killed, so an exclusive lock means:
all gone. Run as a file and with the standard library only, because it stays for as long as the server.
"""

import fcntl
import os
import signal
import sys
import time


def server_pid(data: str) -> int | None:
    """The running server's process, if the pid in its file is really it: numbers get used again."""
    try:
        with open(os.path.join(data, "postmaster.pid")) as note:  # noqa: PTH118, PTH123
            pid = int(note.readline())
    except (OSError, ValueError):
        return None
    return pid if _works_in(pid, data) else None


def stop(data: str, patience: float = 30) -> None:
    """A fast shutdown: connections are cut, what is committed stays. Returns when the process is gone."""
    pid = server_pid(data)
    if pid is None:
        return
    for number in (signal.SIGINT, signal.SIGQUIT):  # fast, and if that takes too long, at once
        os.kill(pid, number)
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if not _works_in(pid, data):
                return
            time.sleep(0.01)


def _works_in(pid: int, data: str) -> bool:
    try:
        if os.path.exists("/proc/self/cwd"):  # noqa: PTH110
            return os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(data)  # noqa: PTH115
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def main(data: str, users: str, keeper: str) -> None:
    mine = os.open(keeper, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # one is enough
    theirs = os.open(users, os.O_RDWR | os.O_CLOEXEC)
    fcntl.flock(theirs, fcntl.LOCK_EX)
    stop(data)
    os.close(mine)  # first, so that whoever gets the other lock next finds no keeper and starts one
    os.close(theirs)


if __name__ == "__main__":
    main(*sys.argv[1:])
