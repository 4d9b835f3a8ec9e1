"""A process of its own that waits until nobody uses the server, stops it, and ends.

Its users hold a shared lock; the kernel frees it even when they are killed, so an exclusive lock means:
all gone. Run as a file and with the standard library only, because it stays for as long as the server.
"""

import fcntl
import os
import subprocess
import sys


def server_pid(data: str) -> int | None:
    """The running server's process, if the pid in its file is really it: numbers get used again."""
    try:
        with open(os.path.join(data, "postmaster.pid")) as note:  # noqa: PTH118, PTH123
            pid = int(note.readline())
        if os.path.exists("/proc/self/cwd"):  # noqa: PTH110
            at_home = os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(data)  # noqa: PTH115
            return pid if at_home else None
        os.kill(pid, 0)
    except PermissionError:
        return pid
    except (OSError, ValueError):
        return None
    return pid


def main(data: str, users: str, keeper: str, uid: str, gid: str, *stop: str) -> None:
    mine = os.open(keeper, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # one is enough
    theirs = os.open(users, os.O_RDWR | os.O_CLOEXEC)
    fcntl.flock(theirs, fcntl.LOCK_EX)
    if server_pid(data):
        subprocess.run(
            stop,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            check=False,
            **({"user": int(uid), "group": int(gid), "extra_groups": []} if uid else {}),
        )
    os.close(mine)  # first, so that whoever gets the other lock next finds no keeper and starts one
    os.close(theirs)


if __name__ == "__main__":
    main(*sys.argv[1:])
