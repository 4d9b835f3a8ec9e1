"""How old the numbers of each ad account are, and what stands in the way of newer ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Max, Min
from django.utils import timezone

from apps.connections.models import AdAccount, Connection

from .models import Level, SyncRun

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
    """By account id. Costs four queries."""
    accounts = list(accounts)
    # The account's own rows are what a page begins with; a run of ads or a breakdown alone says nothing of them.
    runs = SyncRun.objects.filter(account__in=accounts, levels__contains=Level.ACCOUNT.value)
    earliest = dict(runs.filter(state=SyncRun.State.DONE).values_list("account").annotate(Min("since")))
    runs = runs.exclude(reason=SyncRun.Reason.BACKFILL)
    done = runs.filter(state=SyncRun.State.DONE)
    # A run over old days says nothing about today.
    recent = done.filter(until__gte=timezone.now().date() - timedelta(days=2))
    fetched = dict(recent.values_list("account").annotate(Max("finished_at")))
    latest = {
        run.account_id: run for run in runs.order_by("account_id", "-queued_at", "-pk").distinct("account_id")
    }
    lost = _without_connection(accounts)
    return {
        account.pk: _judge(
            account,
            fetched.get(account.pk),
            earliest.get(account.pk),
            latest.get(account.pk),
            account.pk in lost,
        )
        for account in accounts
    }


def _without_connection(accounts: list[AdAccount]) -> set[int]:
    reached = set(
        AdAccount.objects.filter(
            pk__in=[account.pk for account in accounts],
            reach__lost_at=None,
            reach__connection__state=Connection.State.ACTIVE,
        ).values_list("pk", flat=True)
    )
    return {account.pk for account in accounts} - reached


def _judge(
    account: AdAccount, at: datetime | None, earliest: date | None, latest: SyncRun | None, unreached: bool
) -> Freshness:
    def told(kind: str, words: str) -> Freshness:
        return Freshness(account, at, earliest, kind, words)

    if unreached:
        return told("crit", "is reached by no working connection")
    if latest and latest.state == SyncRun.State.FAILED:
        return told("crit", "failed to sync")
    if latest and latest.state == SyncRun.State.WAITING:
        return told("warn", "waits for Meta")
    if at is None and latest and latest.state == SyncRun.State.DONE:  # over old days
        return told("info", "has no recent numbers")
    if at is None:
        return told("info", "is being synced for the first time" if latest else "was never synced")
    if timezone.now() - at > LATE_AFTER:
        return told("warn", f"is {age(at)} behind")
    return told("ok", "")


def age(at: datetime) -> str:
    """`44 min`, `3 h`, `2 d`."""
    minutes = max(0, int((timezone.now() - at).total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"
