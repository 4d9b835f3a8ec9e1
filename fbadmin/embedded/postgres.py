"""The embedded PostgreSQL: one server per VAR_DIR, shared by all processes, gone with the last of them."""

import atexit
import os
import shutil
import threading
from pathlib import Path
from typing import Any

from . import accounts
from . import home as homes
from .errors import EmbeddedError
from .server import NAME, PORT, Server

__all__ = ["EmbeddedError", "database_config", "ensure", "release", "remove"]


def database_config(var_dir: Path) -> dict[str, Any]:
    """Django's DATABASES entry. Starts nothing and makes nothing."""
    return {
        "ENGINE": "fbadmin.embedded.backend",
        "NAME": NAME,
        "USER": NAME,
        "PASSWORD": "",
        "HOST": str(homes.socket_folder(var_dir)),
        "PORT": PORT,
        "VAR_DIR": str(var_dir),
    }


# --- what this process uses ----------------------------------------------------------------------

_guard = threading.Lock()
_used: dict[Path, Server] = {}


def ensure(var_dir: Path, *, again: bool = False) -> None:
    """Have a running server. A look-up after the first time; `again` asks the server itself."""
    if var_dir in _used and not again:
        return
    with _guard:
        if var_dir in _used and not again:
            return
        try:
            _ensure(var_dir)
        except PermissionError as error:
            raise EmbeddedError(
                f"{error.filename} belongs to another user. Work as the user who made {var_dir}, "
                "or choose another VAR_DIR."
            ) from error


def _ensure(var_dir: Path) -> None:
    home = homes.open_home(var_dir, accounts.unprivileged(), end=_end)
    server = _used.pop(var_dir, None)
    if server is None or server.home != home:  # VAR_DIR was deleted meanwhile
        server = Server(home)
    try:
        server.use()
        server.run(var_dir)
    except BaseException:
        server.leave()
        raise
    _used[var_dir] = server


def release(var_dir: Path) -> None:
    """This process is done with the server. Returns when the server is down, or still used by others."""
    with _guard:
        server = _used.pop(var_dir, None)
        if server is not None:
            server.leave()


def remove(var_dir: Path) -> None:
    """Stop the server and delete all its data. The caller knows that nobody uses it any more."""
    release(var_dir)
    link = var_dir / "postgres"
    if not link.is_dir():
        return
    home = link.resolve()
    if not Server(home).end(seconds=20):
        raise EmbeddedError(f"{home} is still in use.")
    shutil.rmtree(home)
    if link.is_symlink():
        link.unlink()
    sockets = homes.socket_folder(var_dir)
    if sockets.is_dir() and not sockets.is_symlink():
        shutil.rmtree(sockets)


def _end(home: Path) -> bool:
    return Server(home).end()


def _leave_all() -> None:
    for var_dir in list(_used):
        release(var_dir)


def _after_fork() -> None:
    """A child is a user of its own, from its first own connection on."""
    global _guard
    _guard = threading.Lock()
    for server in _used.values():
        server.forget()
    _used.clear()


atexit.register(_leave_all)
os.register_at_fork(after_in_child=_after_fork)
