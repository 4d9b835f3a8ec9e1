"""Which days were ever fetched. Only of those does a day without rows mean that nothing was delivered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from apps.connections.models import AdAccount

from .models import Coverage, Level
from .periods import Period

# What the page is made of.
_LEVELS = [Level.ACCOUNT, Level.CAMPAIGN]


@dataclass(frozen=True)
class Fetched:
    held: frozenset[tuple[int, Period]]  # account ids and periods of which every day was fetched

    def lacking(self, accounts: Iterable[AdAccount], period: Period | None) -> list[AdAccount]:
        """Accounts of which some of the period's days were never fetched. Knows only periods that were asked for."""
        return [account for account in accounts if period and (account.pk, period) not in self.held]


def of(accounts: list[AdAccount], periods: Sequence[Period]) -> Fetched:
    """What the ledger says of these periods. One query."""
    if not periods:
        return Fetched(frozenset())
    counts = {f"days_{n}": Count("pk", filter=_within(period)) for n, period in enumerate(periods)}
    ledger = Coverage.objects.filter(account__in=accounts, level__in=_LEVELS, breakdown="")
    rows = (
        ledger.exclude(fetched_at=None)
        .values("account_id")
        .annotate(**counts)
        .values_list("account_id", *counts)
    )
    return Fetched(
        frozenset(
            (account_id, period)
            for account_id, *days in rows
            for period, held in zip(periods, days, strict=True)
            if held == period.length * len(_LEVELS)
        )
    )


def _within(period: Period) -> Q:
    return Q(day__range=(period.since, period.until))
