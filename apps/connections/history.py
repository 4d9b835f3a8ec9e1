"""What happened to a connection, as a person reads it later: the one writer of `ConnectionCheck`."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from .models import AdAccount, Connection, ConnectionCheck

Outcome = ConnectionCheck.Outcome
# So many names stand in a sentence; of the others the number.
_NAMED = 5
# Longer ago than this only what changed something is kept.
_KEPT_DAYS = 90


def note(
    connection: Connection,
    outcome: str,
    changes: Sequence[str] = (),
    *,
    reason: str = "",
    error: Exception | None = None,
    milliseconds: int = 0,
    by: Any = None,
) -> ConnectionCheck:
    return ConnectionCheck.objects.create(
        connection=connection,
        outcome=outcome,
        changes=list(changes),
        reason=reason or (str(error) if error else ""),
        error_code=getattr(error, "code", None),
        error_subcode=getattr(error, "subcode", None),
        fbtrace_id=getattr(error, "fbtrace_id", "")[:80],
        milliseconds=milliseconds,
        asked_by=by,
    )


def named(accounts: Iterable[AdAccount]) -> str:
    """`1 ad account: A`, `7 ad accounts: A, B, C, D, E and 2 more`."""
    names = sorted(str(account) for account in accounts)
    many = "1 ad account" if len(names) == 1 else f"{len(names)} ad accounts"
    rest = len(names) - _NAMED
    return f"{many}: {', '.join(names[:_NAMED])}{f' and {rest} more' if rest > 0 else ''}"


def moved(what: str, before: datetime | None, after: datetime | None) -> list[str]:
    """A sentence when a clock moved. None: no end, or none known."""
    if before == after:
        return []
    if after is None:
        return [f"{what} has no end any more."]
    was = f"; it was {before:%-d %b %Y}" if before else ""
    return [f"{what} ends on {after:%-d %b %Y}{was}."]


def forget(connection: Connection) -> None:
    """Keep of its history only when looks were made and how they ended: the sentences may name its owner."""
    connection.checks.update(changes=[], reason="", fbtrace_id="")


def prune() -> int:
    """Forget old looks that changed nothing. Returns how many."""
    old = timezone.now() - timedelta(days=_KEPT_DAYS)
    dull = ConnectionCheck.objects.filter(
        at__lt=old, outcome__in=[Outcome.SAME, Outcome.UNCHECKED], changes=[]
    )
    return dull.delete()[0]
