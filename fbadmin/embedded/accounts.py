"""Who runs the server: PostgreSQL refuses to work for root, so root lends it an account without rights."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import EmbeddedError


@dataclass(frozen=True)
class Account:
    """The one the server runs as. `lent`: we are root, and it is someone else."""

    uid: int
    gid: int
    lent: bool

    def run(self, *command: str | Path, timeout: float = 120) -> "subprocess.CompletedProcess[str]":
        """The command as this account, in a clean environment, with both outputs in one text."""
        lent: dict[str, Any] = {}
        if self.lent:
            lent = {"user": self.uid, "group": self.gid, "extra_groups": []}
        try:
            return subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=timeout,
                cwd="/",
                # PG* variables of the caller's shell would lead the server's tools astray.
                env={"PATH": os.defpath, "LC_ALL": "C"},
                check=False,
                **lent,
            )
        except subprocess.TimeoutExpired as error:
            raise EmbeddedError(f"{command[0]} took longer than {timeout:.0f} seconds.") from error
        except (OSError, subprocess.SubprocessError) as error:
            return subprocess.CompletedProcess(command, 126, f"{command[0]}: {error}")

    def reaches(self, folder: Path) -> bool:
        """May this account walk through every folder on the way to, and into, this one?"""
        return not self.lent or self.run("/bin/sh", "-c", 'test -x "$1"', "sh", folder).returncode == 0

    def owns(self, path: Path) -> None:
        if self.lent:
            os.chown(path, self.uid, self.gid)


def owner_of(path: Path) -> Account:
    """The account that already owns this data."""
    status = path.stat()
    return Account(status.st_uid, status.st_gid, lent=os.geteuid() != status.st_uid)


def unprivileged() -> Account:
    """The account for new data: ourselves, or for root `postgres` where there is one, else `nobody`."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), lent=False)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, lent=True)
    raise EmbeddedError(
        "PostgreSQL does not run as root, and this machine has neither an account postgres nor nobody. "
        "Work as an ordinary user, or set DATABASE_URL=postgres://…"
    )


def my_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError as error:
        raise EmbeddedError(
            f"User id {os.geteuid()} has no name in /etc/passwd, which PostgreSQL insists on. "
            "Add one, or set DATABASE_URL=postgres://…"
        ) from error
