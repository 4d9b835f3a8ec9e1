"""Which days were ever fetched. Only of those does a day without rows mean that nothing was delivered."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_

from django.db.models import Q
from django.utils import timezone

from apps.connections.models import AdAccount

from .models import SyncRun
from .periods import Period
from .sync import DEFAULT_LEVELS

# Hourly runs are many, and tell only of days that no nightly one has reached yet.
_HOURLY_COUNT_FOR = timedelta(days=3)


@dataclass(frozen=True)
class Fetched:
    stretches: dict[int, list[Period]]  # by account id: days without a gap

    def holds(self, account: AdAccount, period: Period) -> bool:
        stretches = self.stretches.get(account.pk, [])
        return any(one.since <= period.since and period.until <= one.until for one in stretches)

    def lacking(self, accounts: Iterable[AdAccount], period: Period | None) -> list[AdAccount]:
        """Accounts of which some of the period's days were never fetched."""
        return [account for account in accounts if period and not self.holds(account, period)]


def days_of(accounts: list[AdAccount], periods: Iterable[Period]) -> Fetched:
    """As far as it touches these periods. One query."""
    runs = SyncRun.objects.filter(
        reduce(or_, (Q(since__lte=one.until, until__gte=one.since) for one in periods)),
        ~Q(reason=SyncRun.Reason.HOURLY) | Q(finished_at__gte=timezone.now() - _HOURLY_COUNT_FOR),
        account__in=accounts,
        state=SyncRun.State.DONE,
        levels__contains=DEFAULT_LEVELS,
    )
    windows: dict[int, list[Period]] = defaultdict(list)
    for account_id, *days in runs.values_list("account_id", "since", "until").distinct().order_by("since"):
        windows[account_id].append(Period(*days))
    return Fetched({account_id: joined(found) for account_id, found in windows.items()})


def joined(windows: Iterable[Period]) -> list[Period]:
    """Windows in order of their first day; those that touch or overlap become one."""
    stretches: list[Period] = []
    for window in windows:
        last = stretches[-1] if stretches else None
        if last and window.since <= last.until + timedelta(days=1):
            stretches[-1] = Period(last.since, max(last.until, window.until))
        else:
            stretches.append(window)
    return stretches
