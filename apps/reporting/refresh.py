"""Asks for the days that a page shows to be fetched again, as far as that is not under way."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from apps.connections.models import AdAccount

from . import sync, tasks
from .arguments import earliest
from .models import SyncRun
from .periods import Period

# Syncs of one ad account, asked for on pages, that may be to come at the same time.
MOST_OPEN = 5


@dataclass
class Asked:
    """What came of it, by ad account. One of several windows queued is queued."""

    queued: list[AdAccount] = field(default_factory=list)
    under_way: list[AdAccount] = field(default_factory=list)  # all of it is
    full: list[AdAccount] = field(default_factory=list)  # too much is to come already

    def sentence(self, days: str) -> str:
        """For the person who asked."""
        told = [
            f"{_are(self.queued)} queued for {days}." if self.queued else "",
            f"{_are(self.under_way)} being synced for these days already." if self.under_way else "",
            f"{_are(self.full)} left out: {MOST_OPEN} syncs that were asked for here are still to come. "
            "Ask again when one is done."
            if self.full
            else "",
        ]
        if not any(told):
            return f"Meta has no numbers of {days}. Nothing was queued."
        coming = "The numbers change here as they arrive." if self.queued or self.under_way else ""
        return " ".join(part for part in (*told, coming) if part)


def ask(accounts: list[AdAccount], windows: list[Period], *, by: Any) -> Asked:
    """One run for each ad account and window, as far as Meta has these days, and a nudge for each run."""
    asked = Asked()
    with transaction.atomic():
        # One person after the other, so that two who press at once see each other's runs.
        list(_these(accounts).select_for_update(no_key=True).order_by("pk"))
        to_come = _to_come(accounts)
        for account in accounts:
            _ask(account, windows, to_come[account.pk], asked, by)
    return asked


def _ask(account: AdAccount, windows: list[Period], to_come: list[SyncRun], asked: Asked, by: Any) -> None:
    wanted = [window for window in (_known(account, one) for one in windows) if window]
    missing = [window for window in wanted if not any(_covers(run, window) for run in to_come)]
    if not missing:
        asked.under_way += [account] if wanted else []
        return
    if sum(run.reason == SyncRun.Reason.PAGE for run in to_come) + len(missing) > MOST_OPEN:
        asked.full.append(account)
        return
    for window in missing:
        tasks.nudge(
            sync.request([account], SyncRun.Reason.PAGE, since=window.since, until=window.until, by=by)
        )
    asked.queued.append(account)


def _are(accounts: list[AdAccount]) -> str:
    return "1 ad account is" if len(accounts) == 1 else f"{len(accounts)} ad accounts are"


def _known(account: AdAccount, window: Period) -> Period | None:
    """The part of the window that Meta can have numbers of."""
    today = account.today()
    since, until = max(window.since, earliest(today)), min(window.until, today)
    return Period(since, until) if since <= until else None


def _covers(run: SyncRun, window: Period) -> bool:
    """Whether the run brings all that a page asks for of these days."""
    return (
        run.since <= window.since
        and window.until <= run.until
        and set(run.levels).issuperset(sync.DEFAULT_LEVELS)
        and "" in (run.breakdowns or [""])
    )


def _to_come(accounts: list[AdAccount]) -> dict[int, list[SyncRun]]:
    found: dict[int, list[SyncRun]] = defaultdict(list)
    for run in SyncRun.objects.open().filter(account__in=[account.pk for account in accounts]):
        found[run.account_id].append(run)
    return found


def _these(accounts: list[AdAccount]) -> Any:
    return AdAccount.objects.filter(pk__in=[account.pk for account in accounts])
