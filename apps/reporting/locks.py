"""One sync per ad account at a time, over all processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

from apps.connections.locks import session_lock
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
    with session_lock(_SYNC, account.pk) as was_free:
        yield Lock(connection.connection, was_free)
