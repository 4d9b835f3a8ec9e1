"""Who spends an allowance, how it went over a day, and what waits for it. A fixed number of queries each."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Sum

from apps.connections.purposes import Purpose
from apps.graphapi import use_case_of
from apps.graphapi.entries import Scope
from apps.reporting.models import SyncRun

from .budgets import Budget, Key
from .models import AccountHour
from .slots import half_hour_of, hour_of

_WORDS: dict[str, str] = {
    Purpose.SYNC: "Sync",
    Purpose.CHECK: "Checks of connections",
    Purpose.RENEWAL: "Renewal of tokens",
    Purpose.SETUP: "Set-up",
    Purpose.SYSTEM_USERS: "System users",
    Purpose.CONNECT: "Connecting",
    Purpose.CONVERSIONS: "Conversions",
    Purpose.WEBHOOKS: "Webhooks",
}
_HALF_HOUR = timedelta(minutes=30)
SLOTS = 48


@dataclass(frozen=True)
class Job:
    """Calls of one purpose to one path pattern."""

    purpose: str
    path: str
    calls: int

    @property
    def label(self) -> str:
        return _WORDS.get(self.purpose) or self.purpose.replace("_", " ").capitalize() or "Not named"

    @property
    def what(self) -> str:
        """`insights` of `act_{id}/insights`."""
        last = self.path.rpartition("/")[2]
        return {"act_{id}": "the account", "{id}": "one object"}.get(last, last)


def since(now: datetime) -> datetime:
    """From when on jobs are counted: this hour and the one before, which are kept apart."""
    return hour_of(now) - timedelta(hours=1)


def jobs(now: datetime) -> list[Job]:
    """Of all ad accounts, the largest first."""
    rows = (
        AccountHour.objects.filter(at__gte=since(now)).values_list("purpose", "path").annotate(Sum("calls"))
    )
    return sorted((Job(*row) for row in rows), key=lambda job: (-job.calls, job.path))


def jobs_of(budgets: Sequence[Budget], now: datetime) -> dict[Key, list[Job]]:
    """What draws on each of these, the largest first."""
    rows = AccountHour.objects.filter(
        at__gte=since(now), account_id__in={one.object_id for one in budgets if one.object_id}
    )
    by_account: dict[str, list[Job]] = defaultdict(list)
    for account_id, *job in rows.values_list("account_id", "purpose", "path").annotate(Sum("calls")):
        by_account[account_id].append(Job(*job))
    return {
        one.key: sorted(
            (job for job in by_account[one.object_id] if _draws_on(job.path, one)), key=lambda job: -job.calls
        )
        for one in budgets
    }


def _draws_on(path: str, budget: Budget) -> bool:
    if budget.scope == Scope.BUSINESS_USE_CASE:
        return use_case_of(path) == budget.type
    return budget.scope == Scope.ACCOUNT or use_case_of(path) == "ads_insights"


@dataclass(frozen=True)
class PutOff:
    """Runs of one ad account that wait for Meta: why they were asked for, and when the first goes on."""

    reasons: list[str]
    until: datetime | None


def put_off(budgets: Iterable[Budget]) -> dict[str, PutOff]:
    """By the bare id of the ad account."""
    runs = SyncRun.objects.filter(
        state=SyncRun.State.WAITING, account__meta_id__in={one.object_id for one in budgets}
    )
    waiting: dict[str, list[tuple[str, datetime | None]]] = defaultdict(list)
    for account_id, reason, until in runs.order_by("not_before").values_list(
        "account__meta_id", "reason", "not_before"
    ):
        waiting[account_id].append((SyncRun.Reason(reason).label, until))
    return {
        account_id: PutOff(list(dict.fromkeys(reason for reason, _ in several)), several[0][1])
        for account_id, several in waiting.items()
    }


def days_of(budgets: Sequence[Budget], now: datetime) -> dict[Key, list[float | None]]:
    """The highest percentages of the last 48 half hours, oldest first; None where nothing was told."""
    first = half_hour_of(now) - (SLOTS - 1) * _HALF_HOUR
    days: dict[Key, list[float | None]] = {one.key: [None] * SLOTS for one in budgets}
    if not days:
        return days
    with connection.cursor() as cursor:
        cursor.execute(_DAY, [tuple(days), first, now])
        for scope, object_id, use_case, at, peak in cursor.fetchall():
            days[scope, object_id, use_case][(at - first) // _HALF_HOUR] = peak
    return days


# By hand: Django has no word for "one of these triples".
_DAY = """
SELECT scope, object_id, type, at, peak FROM health_usageslot
WHERE (scope, object_id, type) IN %s AND at BETWEEN %s AND %s
"""
