"""How old the numbers of each ad account are, and what stands in the way of newer ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from apps.connections.models import AdAccount, Connection, Reach
from apps.ui.formats import age

from .models import Coverage, Level, SyncRun

# Hourly, with room for a slow hour.
LATE_AFTER = timedelta(minutes=90)


@dataclass(frozen=True)
class Freshness:
    """The state of one ad account's numbers. `kind`: ok, info, warn or crit; `words` go on from the account's name."""

    account: AdAccount
    at: datetime | None  # when today's numbers were last fetched
    earliest: date | None  # the first day that was ever fetched
    kind: str
    words: str

    @property
    def sentence(self) -> str:
        """`words` as a sentence of its own."""
        return f"It {self.words}."


def of(accounts: Iterable[AdAccount]) -> dict[int, Freshness]:
    """By account id. One query of look-ups that end at their first row: every page asks, and runs are many."""
    accounts = list(accounts)
    known = _known([account.pk for account in accounts])
    return {account.pk: _judge(account, known[account.pk]) for account in accounts}


class _Known(NamedTuple):
    reached: bool
    earliest: date | None
    at: datetime | None
    latest: str | None  # the state of the latest run


def _known(ids: list[int]) -> dict[int, _Known]:
    # The account's own rows are what a page begins with; ads or a breakdown alone say nothing of them.
    ledger = Coverage.objects.filter(account=OuterRef("pk"), level=Level.ACCOUNT, breakdown="")
    fetched = ledger.exclude(fetched_at=None)
    # Old days say nothing about today.
    recent = fetched.filter(day__gte=timezone.now().date() - timedelta(days=2))
    runs = SyncRun.objects.filter(account=OuterRef("pk"), levels__contains=Level.ACCOUNT.value)
    latest = runs.exclude(reason=SyncRun.Reason.BACKFILL).order_by("-queued_at", "-pk")
    reached = Reach.objects.filter(
        account=OuterRef("pk"), lost_at=None, connection__in=Connection.objects.usable().order_by()
    )
    rows = AdAccount.objects.filter(pk__in=ids).values_list(
        "pk",
        Exists(reached),
        Subquery(fetched.order_by("day").values("day")[:1]),
        Subquery(recent.order_by("-fetched_at").values("fetched_at")[:1]),
        Subquery(latest.values("state")[:1]),
    )
    return {pk: _Known(*facts) for pk, *facts in rows}


def _judge(account: AdAccount, known: _Known) -> Freshness:
    at, latest = known.at, known.latest

    def told(kind: str, words: str) -> Freshness:
        return Freshness(account, at, known.earliest, kind, words)

    if not known.reached:
        return told("crit", "is reached by no working connection")
    if latest == SyncRun.State.FAILED:
        return told("crit", "failed to sync")
    if latest == SyncRun.State.WAITING:
        return told("warn", "waits for Meta")
    if at is None and latest == SyncRun.State.DONE:  # over old days
        return told("info", "has no recent numbers")
    if at is None:
        return told("info", "is being synced for the first time" if latest else "was never synced")
    if timezone.now() - at > LATE_AFTER:
        return told("warn", f"is {age(at)} behind")
    return told("ok", "")
