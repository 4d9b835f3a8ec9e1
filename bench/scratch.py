"""A database, a sandbox and settings of their own for a figure, gone afterwards."""

import gc
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fbadmin.embedded import postgres

# Meta's error code of every call that was made, None where it went well.
HEARD: list[int | None] = []


def hear(call: Any, **about: Any) -> None:
    """For `GRAPH_RECORDER`."""
    HEARD.append(call.code)


def worked() -> float:
    """Seconds that processors have worked for this process and its database session, in all."""
    from django.db import connection

    connection.ensure_connection()
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text()
    user, system = stat.rpartition(")")[2].split()[11:13]
    return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def installation(*, durable: bool = True) -> Iterator[Path]:
    """Django set up on an embedded PostgreSQL in an empty folder, migrated.

    Not `durable`: it does not wait for the disk. For figures that are not about the database's speed.
    """
    folder = Path(tempfile.mkdtemp(prefix="fbadmin-bench-"))
    folder.chmod(0o711)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "fbadmin.settings",
        "FBADMIN_ENV_FILE": "",
        "DEBUG": "1",
        "VAR_DIR": str(folder),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "FBADMIN_POSTGRES_FAST": "" if durable else "1",
    }
    import django
    from django.core.management import call_command

    django.setup()
    from django.conf import settings

    settings.DEBUG = False  # or Django keeps every query in memory
    try:
        call_command("migrate", verbosity=0)
        gc.freeze()  # as a worker does
        yield folder
    finally:
        postgres.remove(folder)
        shutil.rmtree(folder, ignore_errors=True)
