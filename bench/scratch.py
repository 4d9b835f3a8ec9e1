"""A database, a sandbox and settings of their own for a figure, gone afterwards."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fbadmin.embedded import postgres

# Meta's error code of every call that was made, None where it went well.
HEARD: list[int | None] = []


def hear(call: Any) -> None:
    """For `GRAPH_RECORDER`."""
    HEARD.append(call.code)


@contextmanager
def installation() -> Iterator[Path]:
    """Django set up on an embedded PostgreSQL in an empty folder, migrated."""
    folder = Path(tempfile.mkdtemp(prefix="fbadmin-bench-"))
    folder.chmod(0o711)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "fbadmin.settings",
        "FBADMIN_ENV_FILE": "",
        "DEBUG": "1",
        "VAR_DIR": str(folder),
        "DATABASE_URL": "",
        "REDIS_URL": "",
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
