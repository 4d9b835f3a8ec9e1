"""One sync per ad account at a time, over all processes. The lock lives and dies with its database session."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connection

from apps.connections.models import AdAccount

# The first half of the two-part advisory lock key: "sync" in ASCII.
_SYNC = 0x73796E63


@contextmanager
def only_sync_of(account: AdAccount) -> Iterator[bool]:
    """True inside when this session has the account for itself, False when another one has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_SYNC, account.pk])
        (held,) = cursor.fetchone()
    try:
        yield held
    finally:
        if held:
            _release(account)


def _release(account: AdAccount) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_SYNC, account.pk])
    except Error:
        # The session is broken, and the lock went with it.
        connection.close()
