"""Where the embedded server lives.

`VAR_DIR/postgres` is a folder, or for root, when the server's account has no way in there (a
`mktemp -d` folder, say), a link to a folder under /var/lib/fbadmin. Deleting `VAR_DIR` deletes the link, and
with it the claim to the data: the next new database sweeps up what nothing links to any more.
"""

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import locks
from .accounts import Account
from .errors import EmbeddedError

STATE = Path("/var/lib/fbadmin")
# A socket's address has 107 bytes, and the name of its file needs some of them.
_LONGEST = 85


def socket_folder(var_dir: Path) -> Path:
    """Where clients look for the server. Known before there is one."""
    inside = var_dir / "postgres" / "socket"
    if len(os.fsencode(inside)) <= _LONGEST:
        return inside
    mark = hashlib.sha256(os.fsencode(inside)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"fbadmin-{os.geteuid()}-{mark}"


def open_home(var_dir: Path, account: Account, end: Callable[[Path], bool]) -> Path:
    """The server's folder, made when there is none. `end` stops a home's server unless it is used."""
    link = var_dir / "postgres"
    if link.is_dir():
        home = link.resolve()
        if home != link and os.geteuid() == 0:
            _claim(home, link)
        return home
    var_dir.mkdir(parents=True, exist_ok=True)
    if not account.lent:
        link.mkdir(mode=0o700, exist_ok=True)
        return link.resolve()
    _passable(STATE, 0o755)
    with locks.alone(STATE / "lock"):
        if link.is_dir():
            return link.resolve()
        sweep(end)
        return _create(link, account)


def _create(link: Path, account: Account) -> Path:
    if link.is_symlink():
        link.unlink()  # to a home that is no more
    if account.reaches(link.parent):
        _passable(link, 0o711)
        return link.resolve()
    home = STATE / secrets.token_hex(4)
    _passable(home, 0o711)
    (home / "claimed-by").write_text(str(link))
    link.symlink_to(home)
    return home


def _passable(folder: Path, mode: int) -> None:
    """Made with this mode whatever the umask; one that exists stays as it is."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(mode)


def _claim(home: Path, link: Path) -> None:
    """Note a VAR_DIR that was moved, so that its data does not count as forgotten."""
    note = home / "claimed-by"
    if note.is_file() and not _links(Path(note.read_text()), home):
        note.write_text(str(link))


def sweep(end: Callable[[Path], bool]) -> None:
    """Remove homes whose VAR_DIR is gone and which nobody uses. Held under STATE/lock."""
    for note in STATE.glob("*/claimed-by"):
        home, link = note.parent, Path(note.read_text())
        if _links(link, home) or _moved(link, home):
            continue
        if end(home):
            shutil.rmtree(home, ignore_errors=True)


def _links(link: Path, home: Path) -> bool:
    try:
        return link.is_symlink() and link.readlink() == home
    except OSError:
        return False


def _moved(link: Path, home: Path) -> bool:
    """Was VAR_DIR only renamed? Look at its neighbours."""
    try:
        neighbours = list(link.parent.parent.iterdir())
    except OSError:
        return False
    return any(_links(folder / link.name, home) for folder in neighbours)


def make_socket_folder(var_dir: Path, home: Path, account: Account) -> Path:
    """The folder as the server names it; only its account can write there."""
    folder = socket_folder(var_dir)
    if folder.parent == var_dir / "postgres":
        folder = home / "socket"
    _passable(folder, 0o711)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid not in {os.geteuid(), account.uid}:
        raise EmbeddedError(f"{folder} belongs to someone else. Remove it, or choose a shorter VAR_DIR.")
    account.owns(folder)
    for leftover in folder.glob(".s.PGSQL.*"):
        leftover.unlink()  # the server that made it is not running: the caller has made sure
    return folder
