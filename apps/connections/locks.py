"""Locks over all processes that live and die with a database session: no time limit, nothing to clean up.

No transaction is open while one is held, so that Meta can be asked meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, OperationalError, connection, transaction

from .models import Connection

# The first half of the two-part key: "tokn" in ASCII.
_TOKEN = 0x746F6B6E
_TIMED_OUT = "55P03"  # PostgreSQL: lock_not_available
# Longer than an exchange with all its retries takes.
_PATIENCE = "90s"


@contextmanager
def session_lock(kind: int, number: int, *, patience: str = "") -> Iterator[bool]:
    """True inside when this session holds the lock. With `patience` it waits so long for its turn, else not at all."""
    held = _wait(kind, number, patience) if patience else _try(kind, number)
    try:
        yield held
    finally:
        if held:
            _release(kind, number)


@contextmanager
def only_change_of(changed: Connection) -> Iterator[bool]:
    """One at a time gives a connection another token, or ends it; the next one waits and looks again."""
    number = int.from_bytes(changed.pk.bytes[:4], signed=True)
    with session_lock(_TOKEN, number, patience=_PATIENCE) as held:
        yield held


def _try(kind: int, number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [kind, number])
        held: bool = cursor.fetchone()[0]
    return held


def _wait(kind: int, number: int, patience: str) -> bool:
    try:
        # The setting ends with the transaction; the lock does not.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [patience])
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [kind, number])
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") == _TIMED_OUT:
            return False
        raise
    return True


def _release(kind: int, number: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [kind, number])
    except Error:
        # The session is broken, and the lock went with it.
        connection.close()
