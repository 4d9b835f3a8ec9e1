"""One sync per ad account at a time, over all processes. The lock lives and dies with its database session."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import Error, connection

from apps.connections.models import AdAccount

# The first half of the two-part advisory lock key: "sync" in ASCII.
_SYNC = 0x73796E63


@dataclass(frozen=True)
class Lock:
    """True when this session has the account for itself, false when another one has it."""

    session: Any
    was_free: bool

    def __bool__(self) -> bool:
        return self.was_free

    @property
    def is_held(self) -> bool:
        """Whether it still is: the session that took it lives."""
        return self.was_free and connection.connection is self.session and connection.is_usable()


@contextmanager
def only_sync_of(account: AdAccount) -> Iterator[Lock]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_SYNC, account.pk])
        (was_free,) = cursor.fetchone()
    lock = Lock(connection.connection, was_free)
    try:
        yield lock
    finally:
        if lock:
            _release(account)


def _release(account: AdAccount) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_SYNC, account.pk])
    except Error:
        # The session is broken, and the lock went with it.
        connection.close()
