"""Fetches what Meta knows of an ad account and replaces what is stored. Page, task and command all come here.

`request` writes down what is due, `perform` does it, `sweep` finds what nobody was told of.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone

from apps.connections import clients
from apps.connections.models import AdAccount, Connection
from apps.connections.purposes import Purpose
from apps.graphapi import (
    INSIGHTS_RESTATEMENT_DAYS,
    Client,
    GraphError,
    Pauses,
    Request,
    ServerFault,
    Throttled,
    TokenRefused,
    TooMuchData,
)
from apps.vault import SealBroken

from . import insights, ledger, locks, reports, retries, sets, sizes, store, structure
from .models import SyncRun
from .rows import InsightRow, Unreadable
from .store import Changes, Window

logger = logging.getLogger(__name__)

DEFAULT_LEVELS = sets.levels_of(sets.HOURLY)
RESTATED_DAYS = INSIGHTS_RESTATEMENT_DAYS
# Enough to compare four weeks with the four before, and to see a quarter.
FIRST_SYNC_DAYS = 90
# Hiccups are waited out where somebody watches. A worker waits a moment only: the run comes back by itself.
AT_A_TERMINAL = Pauses(tries=4, first=1.0, longest=60.0)
IN_A_WORKER = Pauses(tries=2, first=1.0, longest=5.0)
# A nudge that no worker has answered for this long is sent again.
FORGOTTEN_AFTER = timedelta(minutes=2)
MOST_SWEPT = 2000
# Seconds between two looks at a run's reports, at least.
_SOONEST = 0.5
# Runs that nobody waits for: each set is asked for in the way that takes the fewest calls.
_UNWATCHED = {SyncRun.Reason.NIGHTLY, SyncRun.Reason.BACKFILL}
# What failed so often when it was read at once is asked for as reports.
_TRIES_AT_ONCE = 2


class Busy(Exception):
    """Another run of the same ad account is at work: come back in a moment."""


class Overtaken(Exception):
    """This run was given up for dead and taken over by another worker; what was fetched is thrown away."""


class ReportsRunning(Exception):
    """Meta is still at work on the reports of a run."""


class WorkerDied(Exception):
    """The run never came to an end: its worker was killed each time."""


def request(
    accounts: Iterable[AdAccount],
    reason: str,
    *,
    since: date | None = None,
    until: date | None = None,
    levels: Sequence[str] = (),
    breakdowns: Sequence[str] = (),
    whole: bool = True,
    by: Any = None,
) -> list[SyncRun]:
    """Write down that these accounts are due: one run each, the queued one where the same is due already.

    Days are each account's own and default to the last 28. `whole`: where there are breakdowns, not broken down as
    well. The caller nudges a worker for each run, after the commit.
    """
    runs = []
    for account in accounts:
        last = until or max(account.today(), since or account.today())
        first = since or last - timedelta(days=RESTATED_DAYS - 1)
        due = {
            "account": account,
            "reason": reason,
            "since": first,
            "until": last,
            "levels": list(levels) or DEFAULT_LEVELS,
            "breakdowns": ["", *breakdowns] if breakdowns and whole else list(breakdowns),
        }
        run, _ = SyncRun.objects.get_or_create(**due, state=SyncRun.State.QUEUED, defaults={"asked_by": by})
        runs.append(run)
    return runs


def request_sets(
    account: AdAccount,
    reason: str,
    chosen: Iterable[sets.NumberSet],
    since: date,
    until: date,
    *,
    by: Any = None,
) -> list[SyncRun]:
    """These sets of one account: the small ones together as one run, each large one as a run of its own."""
    chosen = list(chosen)
    days: dict[str, Any] = {"since": since, "until": until, "by": by}
    small = sets.levels_of(one for one in chosen if one.hourly)
    runs = request([account], reason, levels=small, **days) if small else []
    for one in chosen:
        if not one.hourly:
            by_parts = [one.breakdown] if one.breakdown else []
            runs += request([account], reason, levels=[one.level], breakdowns=by_parts, whole=False, **days)
    return runs


def request_first() -> list[SyncRun]:
    """The first sync of every ad account that can be read and never was asked for."""
    runs = []
    for account in AdAccount.objects.reachable().filter(sync_runs=None):
        since = account.today() - timedelta(days=FIRST_SYNC_DAYS - 1)
        runs += request([account], SyncRun.Reason.FIRST, since=since)
    return runs


def request_restated(accounts: Iterable[AdAccount]) -> list[SyncRun]:
    """The days that Meta still restates, by each account's own calendar, of every set that it keeps."""
    accounts = list(accounts)
    keeps = sets.kept_by(accounts)
    runs = []
    for account in accounts:
        today = account.today()
        since = today - timedelta(days=RESTATED_DAYS - 1)
        runs += request_sets(account, SyncRun.Reason.NIGHTLY, keeps[account.pk], since, today)
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
        try:
            _fetch_and_store(run)
        except (OperationalError, InterfaceError):
            raise  # the database went away, and our lock with it: the sweep finds the run
        except Exception as fault:
            if not alone.is_held:
                raise  # likewise: a session that died while it was idle is told of by another error
            # Ours, not Meta's. Left running, the run would be found and begun again for ever.
            logger.exception("Sync run %s came upon a fault of this program.", run.pk)
            conclude(run, fault, None)
    return run


def sweep() -> list[SyncRun]:
    """The runs that a worker must be told of: nudges that were lost, and runs whose worker died."""
    for run in SyncRun.objects.running().select_related("account"):
        with locks.only_sync_of(run.account) as alone:
            if alone:  # nobody works on it although it says so
                # Read again under the lock: it may have ended since the list was read.
                run.refresh_from_db()
                if run.state == SyncRun.State.RUNNING:
                    logger.warning("The worker of sync run %s died; the run is queued again.", run.pk)
                    _requeue(run)
    forgotten = list(SyncRun.objects.forgotten(FORGOTTEN_AFTER)[:MOST_SWEPT])
    SyncRun.objects.filter(pk__in=[run.pk for run in forgotten]).update(nudged_at=timezone.now())
    return forgotten


def seconds_until(moment: datetime) -> float:
    return max(0.0, (moment - timezone.now()).total_seconds())


def is_due(run: SyncRun) -> bool:
    """Whether it has not ended and need not wait. Asked under the account's lock, so nobody is at work on it."""
    if run.has_ended:
        return False
    if run.state != SyncRun.State.WAITING or run.not_before is None:
        return True
    return run.not_before <= timezone.now()


def _requeue(run: SyncRun) -> None:
    run.deaths += 1
    pause = retries.pause_after_death(run)
    if pause == timedelta(0):
        put_back(run)
        return
    died = WorkerDied(f"Its worker died {run.deaths} times. The server's log says why; it may lack memory.")
    if pause is None:
        _fail(run, died)
    else:
        run.wait(timezone.now() + pause, died)


def put_back(run: SyncRun) -> None:
    """Due again, at once. Where the same was asked for meanwhile, that run will do."""
    try:
        with transaction.atomic():
            run.requeue()
            # Due since long ago, so that the next sweep picks it up.
            SyncRun.objects.filter(pk=run.pk).update(nudged_at=timezone.now() - FORGOTTEN_AFTER)
    except IntegrityError:
        run.fail(Overtaken("It came to no end, and the same window is queued again as another run."))


def _fail(run: SyncRun, error: Exception) -> None:
    """Ended without its numbers: the ledger says which days lack them."""
    with transaction.atomic():
        run.fail(error)
        ledger.hindered(run.account, windows(run), error)


def _wait(run: SyncRun, error: GraphError) -> None:
    """Meta asks for patience, or our pace book does."""
    until = timezone.now() + timedelta(seconds=error.retry_after / settings.META_CLOCK_SPEED)
    with transaction.atomic():
        run.wait(until, error)
        ledger.hindered(run.account, windows(run), error, until=until)


def _watch(run: SyncRun, progress: reports.Progress) -> None:
    """Come back when there is something to do for the reports."""
    until = timezone.now() + timedelta(seconds=max(progress.wait, _SOONEST))
    if progress.held_up_by is None:
        done = f"Meta prepares the reports: {progress.finished} of {progress.total} are there."
        run.wait(until, ReportsRunning(done))
        return
    with transaction.atomic():
        run.wait(until, progress.held_up_by)
        ledger.hindered(run.account, windows(run), progress.held_up_by, until=until)


def _fail_for_now(run: SyncRun, error: Exception) -> None:
    """Try again after a pause while the run's budget lasts. The ledger names the trouble, not a wait for Meta."""
    pause = retries.pause(run, error)
    if pause is None:
        _fail(run, error)
        return
    with transaction.atomic():
        run.try_again(timezone.now() + pause, error)
        ledger.hindered(run.account, windows(run), error)
        if isinstance(error, ServerFault) and run.failures >= _TRIES_AT_ONCE and may_go_by_report(run):
            # Perhaps it is about one object: reports find out which, and bring the others.
            reports.plan(run, windows(run))


@dataclass
class Fetched:
    """Everything Meta answered for one run, held until it is complete."""

    described: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    windows: list[tuple[Window, list[InsightRow]]] = field(default_factory=list)
    # The rows came by reports and stand in tables of their own.
    by_report: bool = False


Outcome = Fetched | reports.Progress | Exception


def _fetch_and_store(run: SyncRun) -> None:
    calls = _Count()
    connection: Connection | None = None
    allotment = clients.allot(questions(run))
    outcome: Outcome
    try:
        if allotment.refusal:
            raise allotment.refusal
        connection = clients.connection_for(run.account)
        patience = AT_A_TERMINAL if run.reason == SyncRun.Reason.COMMAND else IN_A_WORKER
        client = clients.for_connection(
            connection, purpose=Purpose.SYNC, also=calls, pace=allotment, retries=patience
        )
        outcome = _ask(run, connection, client)
    except (GraphError, Unreadable, SealBroken, clients.NoConnection) as error:
        outcome = error
    finally:
        allotment.give_back()
    run.calls += calls.total
    conclude(run, outcome, connection)


def _ask(run: SyncRun, connection: Connection, client: Client) -> Fetched | reports.Progress:
    """Everything of the run, or how far its reports are. Large sets go by reports, and what no answer can hold."""
    if not goes_by_report(run):
        try:
            return _fetch(client, run)
        except TooMuchData:
            logger.info("Sync run %s is too much for single answers; reports are ordered.", run.pk)
    reports.plan(run, windows(run))
    progress = reports.advance(run, connection, client)
    return Fetched(_describe(client, run), by_report=True) if progress.done else progress


def goes_by_report(run: SyncRun) -> bool:
    """Whether it is, or has been found to be, too much to be read at once. A person who waits is answered at once."""
    return run.reports.exists() or (may_go_by_report(run) and sizes.is_large(run))


def may_go_by_report(run: SyncRun) -> bool:
    return run.reason in _UNWATCHED


def questions(run: SyncRun) -> list[Request]:
    """The first page of everything a run asks: what must have room before it begins. Reports look for it one by one."""
    if goes_by_report(run):
        return []
    described = [structure.question(run.account, level) for level in described_levels(run)]
    return [*described, *(insights.question(run.account, window) for window in windows(run))]


def conclude(run: SyncRun, outcome: Outcome, connection: Connection | None) -> None:
    """Write what came of a run: its rows, the wait that Meta asks for, or why it failed.

    All in one transaction, and only while the run is still ours.
    """
    try:
        with transaction.atomic():
            _insist_on_ownership(run)
            _conclude(run, outcome, connection)
    except Overtaken as error:
        logger.warning("Sync run %s: %s", run.pk, error)
        return
    if connection is not None and isinstance(outcome, Fetched):
        connection.went_well()
    if run.has_ended and run.reports.exists():
        reports.forget(run)


def _insist_on_ownership(run: SyncRun) -> None:
    current = SyncRun.objects.select_for_update().get(pk=run.pk)
    if (current.state, current.attempt) != (SyncRun.State.RUNNING, run.attempt):
        raise Overtaken("another worker has taken this run over")


def _conclude(run: SyncRun, outcome: Outcome, connection: Connection | None) -> None:
    match outcome:
        case Fetched():
            _store(run, outcome)
        case reports.Progress():
            _watch(run, outcome)
        case Throttled():
            _wait(run, outcome)
        case TokenRefused():
            if connection is not None:
                connection.refuse(outcome)
            _fail_unless_another_reads(run, outcome)
        case _:
            _fail_for_now(run, outcome)


def _fail_unless_another_reads(run: SyncRun, refusal: TokenRefused) -> None:
    """Where another connection reaches the ad account, it takes over: the run is due again."""
    try:
        other = clients.connection_for(run.account)
    except clients.NoConnection:
        _fail(run, refusal)
        return
    logger.warning("Sync run %s was refused its token; connection %s takes over.", run.pk, other.pk)
    put_back(run)


def _fetch(client: Client, run: SyncRun) -> Fetched:
    fetched = Fetched(_describe(client, run))
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


def _describe(client: Client, run: SyncRun) -> dict[str, list[dict[str, Any]]]:
    return {level: structure.fetch(client, run.account, level) for level in described_levels(run)}


def windows(run: SyncRun) -> list[Window]:
    """What a run asks for: each level by each breakdown, of which "" is the whole."""
    return [
        Window(level, run.since, run.until, breakdown)
        for level in run.levels
        for breakdown in run.breakdowns or [""]
    ]


def described_levels(run: SyncRun) -> list[str]:
    """The levels whose objects are listed with the numbers: each with its parents.

    At night every level has a run of its own, and numbers that are broken down add no objects to it.
    """
    order = ["campaign", "adset", "ad"]
    if run.reason in _UNWATCHED:
        return [level for level in order if level in run.levels and "" in (run.breakdowns or [""])]
    deepest = max((order.index(level) for level in run.levels if level in order), default=0)
    return order[: deepest + 1]


def _store(run: SyncRun, fetched: Fetched) -> None:
    for level, found in fetched.described.items():
        structure.store(run.account, level, found)
    now = timezone.now()
    changes = reports.store_all(run) if fetched.by_report else Changes()
    for window, rows in fetched.windows:
        changes += store.replace(run.account, window, rows)
        ledger.complete(run.account, window, at=now)
    if fetched.by_report:
        _note_reports(run)
    run.rows, run.added = changes.rows, changes.added
    run.changed, run.removed = changes.changed, changes.removed
    run.done()


def _note_reports(run: SyncRun) -> None:
    gaps = reports.gaps(run)
    for window in windows(run):
        ledger.reported(run.account, window, [gap for gap in gaps if gap.window == window])


class _Count:
    """Listens to a client and counts its calls."""

    def __init__(self) -> None:
        self.total = 0

    def __call__(self, call: Any) -> None:
        self.total += 1
