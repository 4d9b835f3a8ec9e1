"""Guessing is limited: so many tries within a while, then the door stays shut until a time that is told.

Tries are rows, because a lock-out must outlive a flushed cache and hold over all processes.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from .models import Attempt

_KEPT = timedelta(hours=1)


@dataclass(frozen=True)
class Rule:
    """What is guessed at, how many tries there are, and the while they count for."""

    name: str
    tries: int
    within: timedelta


PASSWORD = Rule("password", 5, timedelta(minutes=15))
CODE = Rule("code", 5, timedelta(minutes=15))
# Many addresses tried from one place.
PLACE = Rule("place", 10, timedelta(minutes=1))


class LockedOut(Exception):
    """Too many tries. `until` is when the next one counts again."""

    def __init__(self, rule: Rule, until: datetime) -> None:
        self.rule, self.until = rule, until
        minutes = max(1, -(-int((until - timezone.now()).total_seconds()) // 60))
        wait = "1 minute" if minutes == 1 else f"{minutes} minutes"
        super().__init__(
            f"Locked after {rule.tries} failed tries. It opens again in {wait}, at {until:%H:%M} UTC."
        )


@dataclass(frozen=True)
class Try:
    """A try that was counted as failed until it turns out well."""

    row: int
    left: int

    def went_well(self) -> None:
        """Give this one back. Earlier failures still count: a right guess now and then must not reset them."""
        Attempt.objects.filter(pk=self.row).delete()


@transaction.atomic
def count(rule: Rule, whom: str) -> Try:
    """Count a try before it is made. Raises LockedOut when there is none left."""
    key = hashlib.sha256(f"{rule.name}|{whom}".encode()).hexdigest()
    _take_turns(key)
    now = timezone.now()
    Attempt.objects.filter(at__lt=now - _KEPT).delete()
    recent = list(
        Attempt.objects.filter(key=key, at__gt=now - rule.within)
        .order_by("-at")
        .values_list("at", flat=True)[: rule.tries]
    )
    if len(recent) >= rule.tries:
        raise LockedOut(rule, recent[-1] + rule.within)
    row = Attempt.objects.create(key=key, at=now)
    return Try(row.pk, rule.tries - len(recent) - 1)


def forget(rule: Rule, whom: str) -> None:
    """Open the door again: an admin has looked, or the password is a new one."""
    Attempt.objects.filter(key=hashlib.sha256(f"{rule.name}|{whom}".encode()).hexdigest()).delete()


def _take_turns(key: str) -> None:
    """Two guesses at once must not both be the last one allowed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(key[:15], 16)])
