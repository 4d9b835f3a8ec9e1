"""Fetches what Meta knows of an ad account and replaces what is stored. Page, task and command all come here.

`request` writes down what is due, `perform` does it, `sweep` finds what nobody was told of.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.connections import clients
from apps.connections.models import AdAccount, Connection
from apps.connections.sealing import SealBroken
from apps.graphapi import Client, GraphError, Throttled, TokenRefused

from . import insights, locks, store, structure
from .models import Level, SyncRun
from .rows import InsightRow, Unreadable
from .store import Changes, Window

logger = logging.getLogger(__name__)

DEFAULT_LEVELS = [Level.ACCOUNT.value, Level.CAMPAIGN.value]
RESTATED_DAYS = 28
# A nudge that no worker has answered for this long is sent again.
FORGOTTEN_AFTER = timedelta(minutes=2)


class Busy(Exception):
    """Another run of the same ad account is at work: come back in a moment."""


class Overtaken(Exception):
    """This run was given up for dead and taken over by another worker; what was fetched is thrown away."""


def request(
    accounts: Iterable[AdAccount],
    reason: str,
    *,
    since: date | None = None,
    until: date | None = None,
    levels: Sequence[str] = (),
    breakdowns: Sequence[str] = (),
    by: Any = None,
) -> list[SyncRun]:
    """Write down that these accounts are due: one run each, the queued one where the same is due already.

    Days are each account's own and default to the last 28. The caller nudges a worker for each run, after the commit.
    """
    runs = []
    for account in accounts:
        last = until or account.today()
        first = since or last - timedelta(days=RESTATED_DAYS - 1)
        due = {
            "account": account,
            "reason": reason,
            "since": first,
            "until": last,
            "levels": list(levels) or DEFAULT_LEVELS,
            "breakdowns": list(breakdowns),
        }
        run, _ = SyncRun.objects.get_or_create(**due, state=SyncRun.State.QUEUED, defaults={"asked_by": by})
        runs.append(run)
    return runs


def perform(run_id: int) -> SyncRun:
    """Do one run and say in its row what came of it. A run that is not due is left alone.

    Raises Busy when the account is being synced by another run.
    """
    run: SyncRun = SyncRun.objects.select_related("account").get(pk=run_id)
    with locks.only_sync_of(run.account) as alone:
        if not alone:
            raise Busy(f"{run.account} is being synced already.")
        # Read again: while we waited for the lock, another worker may have done it.
        run = SyncRun.objects.select_related("account").get(pk=run_id)
        if not is_due(run):
            return run
        run.start()
        _fetch_and_store(run)
    return run


def sweep() -> list[int]:
    """Ids of the runs that a worker must be told of: nudges that were lost, and runs whose worker died."""
    for run in SyncRun.objects.running().select_related("account"):
        with locks.only_sync_of(run.account) as alone:
            if alone:  # nobody works on it although it says so
                # Read again under the lock: it may have ended since the list was read.
                run.refresh_from_db()
                if run.state == SyncRun.State.RUNNING:
                    logger.warning("The worker of sync run %s died; the run is queued again.", run.pk)
                    _requeue(run)
    forgotten = list(SyncRun.objects.forgotten(FORGOTTEN_AFTER).values_list("pk", flat=True)[:500])
    SyncRun.objects.filter(pk__in=forgotten).update(nudged_at=timezone.now())
    return forgotten


def seconds_until(moment: datetime) -> float:
    return max(0.0, (moment - timezone.now()).total_seconds())


def is_due(run: SyncRun) -> bool:
    """Whether it has not ended and need not wait. Asked under the account's lock, so nobody is at work on it."""
    if run.state in {SyncRun.State.DONE, SyncRun.State.FAILED}:
        return False
    waits = run.state == SyncRun.State.WAITING and run.not_before is not None
    return not waits or run.not_before <= timezone.now()


def _requeue(run: SyncRun) -> None:
    try:
        with transaction.atomic():
            run.requeue()
            # Due since long ago, so that it is picked up at once.
            SyncRun.objects.filter(pk=run.pk).update(nudged_at=timezone.now() - FORGOTTEN_AFTER)
    except IntegrityError:
        # The same window was asked for again meanwhile: that run will do.
        run.fail(Overtaken("The worker died; the same window is queued again as another run."))


@dataclass
class Fetched:
    """Everything Meta answered for one run, held until it is complete."""

    described: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    windows: list[tuple[Window, list[InsightRow]]] = field(default_factory=list)


def _fetch_and_store(run: SyncRun) -> None:
    calls = _Count()
    connection: Connection | None = None
    try:
        connection = clients.connection_for(run.account)
        client = clients.for_connection(connection, also=calls, background=True)
        fetched = _fetch(client, run)
    except (GraphError, Unreadable, SealBroken, clients.NoConnection) as error:
        run.calls += calls.total
        conclude(run, error, connection)
    else:
        run.calls += calls.total
        conclude(run, fetched, connection)


def conclude(run: SyncRun, outcome: Fetched | Exception, connection: Connection | None) -> None:
    """Write what came of a run: its rows, the wait that Meta asks for, or why it failed."""
    match outcome:
        case Fetched():
            try:
                _store(run, outcome)
            except Overtaken as error:
                logger.warning("Sync run %s: %s", run.pk, error)
        case Throttled():
            wait = timedelta(seconds=outcome.retry_after / settings.META_CLOCK_SPEED)
            run.wait(timezone.now() + wait, outcome)
        case TokenRefused():
            if connection is not None:
                connection.refuse(outcome)
            run.fail(outcome)
        case _:
            run.fail(outcome)


def _fetch(client: Client, run: SyncRun) -> Fetched:
    fetched = Fetched()
    for level in described_levels(run.levels):
        fetched.described[level] = structure.fetch(client, run.account, level)
    for window in windows(run):
        rows = insights.fetch(
            client,
            run.account,
            level=window.level,
            since=window.since,
            until=window.until,
            breakdown=window.breakdown,
        )
        fetched.windows.append((window, rows))
    return fetched


def windows(run: SyncRun) -> list[Window]:
    """What a run asks for: each level, whole and by each breakdown."""
    return [
        Window(level, run.since, run.until, breakdown)
        for level in run.levels
        for breakdown in ["", *run.breakdowns]
    ]


def described_levels(levels: Iterable[str]) -> list[str]:
    """The levels whose objects are needed to read the numbers of these: each with its parents."""
    order = ["campaign", "adset", "ad"]
    deepest = max((order.index(level) for level in levels if level in order), default=0)
    return order[: deepest + 1]


def _store(run: SyncRun, fetched: Fetched) -> None:
    """All of the run in one transaction, and only while the run is still ours."""
    with transaction.atomic():
        current = SyncRun.objects.select_for_update().get(pk=run.pk)
        if (current.state, current.attempt) != (SyncRun.State.RUNNING, run.attempt):
            raise Overtaken("another worker has taken this run over")
        for level, found in fetched.described.items():
            structure.store(run.account, level, found)
        changes = Changes()
        for window, rows in fetched.windows:
            changes += store.replace(run.account, window, rows)
        run.rows, run.added = changes.rows, changes.added
        run.changed, run.removed = changes.changed, changes.removed
        run.done()


class _Count:
    """Listens to a client and counts its calls."""

    def __init__(self) -> None:
        self.total = 0

    def __call__(self, call: Any) -> None:
        self.total += 1
