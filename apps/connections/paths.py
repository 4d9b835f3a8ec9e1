"""Through which connection an ad account is read, which others could, and why it is not the one it was."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from .models import AdAccount, Connection, Reach


@dataclass
class Paths:
    """All ways to one ad account: `open` in the order in which they are tried, the first one is used."""

    open: list[Reach] = field(default_factory=list)
    closed: list[Reach] = field(default_factory=list)

    @property
    def reader(self) -> Connection | None:
        return self.open[0].connection if self.open else None

    @property
    def others(self) -> list[Connection]:
        """What takes over when the reader is refused."""
        return [reach.connection for reach in self.open[1:]]

    @property
    def replaced(self) -> Reach | None:
        """The latest path that came before the reader's and is closed: the reader has taken over from it."""
        if not self.open:
            return None
        before = [reach for reach in self.closed if _order(reach) < _order(self.open[0])]
        return max(before, key=_closed_at, default=None)

    @property
    def sentence(self) -> str:
        """`Read through A since 3 Nov 2026, because B was refused.`; empty when it is read as ever."""
        if not self.open and self.closed:
            return f"Nothing reads it: {_closed(max(self.closed, key=_closed_at))}"
        closed = self.replaced
        if closed is None:
            return ""
        since = max(_closed_at(closed), self.open[0].since)
        return f"Read through {self.reader} since {since:%-d %b %Y}, because {_closed(closed)}"


def to(accounts: Iterable[AdAccount]) -> dict[int, Paths]:
    """The paths to each of these ad accounts, by its primary key."""
    found: dict[int, Paths] = defaultdict(Paths)
    ids = [account.pk for account in accounts]
    for reach in Reach.objects.filter(account__in=ids).select_related("connection"):
        is_open = reach.lost_at is None and reach.connection.works
        (found[reach.account_id].open if is_open else found[reach.account_id].closed).append(reach)
    for paths in found.values():
        paths.open.sort(key=_order)
    return defaultdict(Paths, found)


def _order(reach: Reach) -> tuple[str, float]:
    """The same as that of `ConnectionQuerySet.usable`."""
    return reach.connection.kind, reach.connection.created_at.timestamp()


def _closed_at(reach: Reach) -> datetime:
    return reach.lost_at or reach.connection.checked_at or reach.since


def _closed(reach: Reach) -> str:
    connection = reach.connection
    if connection.state == Connection.State.DISCONNECTED:
        return f"{connection} was disconnected."
    if connection.state == Connection.State.REFUSED:
        return f"{connection} was refused. {reach.lost_reason}".strip()
    return f"{connection} has lost it. {reach.lost_reason}".strip()
