"""Many runs at once: what all ad accounts of one token ask for, packed into batches.

A batch saves round trips, not allowance: each member counts as a call, reserves its price and has its own result,
error and record. Members go round the accounts, so that none is hammered. What is put off or fails leaves only its
own run behind. Small sets are read at once; the reports of large ones are ordered, looked at and read side by side.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from apps.connections import clients
from apps.connections.models import AdAccount, Connection
from apps.connections.purposes import Purpose
from apps.graphapi import Call, Client, GraphError, Listed, Request, Throttled, TooMuchData
from apps.graphapi.pace import Allotment
from apps.vault import SealBroken

from . import insights, locks, reports, sizes, structure, sync
from .models import RoundTrips, SyncRun
from .rows import Unreadable
from .store import Window
from .sync import Fetched

# Runs that one worker takes on together: every set of 25 ad accounts, or one of many more.
MOST_RUNS = 175
# A list that was thought to be small and goes on beyond this is left to a report.
MOST_ROWS = 2 * sizes.DIRECT_ROWS


@dataclass
class Fill:
    """How full the round trips were: `reads` in `requests`, one in each that went alone."""

    requests: int = 0
    reads: int = 0

    def hear(self, call: Call) -> None:
        self.requests += call.envelope or not call.batch_size
        self.reads += not call.envelope

    @property
    def average(self) -> float:
        return self.reads / self.requests if self.requests else 0.0

    def write_down(self) -> None:
        """Add it to this hour's."""
        hour = timezone.now().replace(minute=0, second=0, microsecond=0)
        with transaction.atomic():
            RoundTrips.objects.get_or_create(hour=hour)
            RoundTrips.objects.filter(hour=hour).update(
                requests=F("requests") + self.requests, reads=F("reads") + self.reads
            )

    @classmethod
    def since(cls, moment: datetime) -> "Fill":
        """What was written down of the hours from then on."""
        sums = RoundTrips.objects.filter(hour__gte=moment).aggregate(Sum("requests"), Sum("reads"))
        return cls(sums["requests__sum"] or 0, sums["reads__sum"] or 0)


@dataclass(frozen=True)
class Worked:
    """`tried`: runs that were begun or must still wait. Ids of others: `busy`, because another run has their account;
    `alone`, because they are too much for a batch."""

    tried: list[SyncRun] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class _Part:
    """One list of one run: the objects of a level, or the rows of a window."""

    run: SyncRun
    request: Request
    level: str = ""
    window: Window | None = None


@dataclass
class _Desk:
    """Where the runs of one connection are worked on. An account is let go when the last of its runs is through."""

    connection: Connection
    client: Client
    allotment: Allotment
    held: "_Held"
    worked: Worked

    def conclude(self, run: SyncRun, outcome: sync.Outcome) -> None:
        sync.conclude(run, outcome, self.connection)
        self.held.through_with(run)

    def leave(self, run: SyncRun) -> None:
        """As reports it comes back with others; what is read in halves is read alone."""
        if sync.may_go_by_report(run):
            reports.plan(run, sync.windows(run))
        sync.put_back(run)
        self.worked.alone.append(run.pk)
        self.held.through_with(run)


class _Held:
    """The accounts that are ours, each until the last of its runs is through."""

    def __init__(self, all_of_them: ExitStack) -> None:
        self._all = all_of_them
        self._locks: dict[int, ExitStack] = {}
        self._left: dict[int, set[int]] = defaultdict(set)

    def take(self, account: AdAccount) -> bool:
        lock = self._all.enter_context(ExitStack())
        is_ours = bool(lock.enter_context(locks.only_sync_of(account)))
        if is_ours:
            self._locks[account.pk] = lock
        return is_ours

    def for_run(self, run: SyncRun) -> None:
        self._left[run.account_id].add(run.pk)

    def through_with(self, run: SyncRun) -> None:
        self._left[run.account_id].discard(run.pk)
        self.let_go()

    def let_go(self) -> None:
        """Those that nothing is left to do for."""
        for account_id in [one for one in self._locks if not self._left[one]]:
            self._locks.pop(account_id).close()


def perform(run_ids: Iterable[int], *, fill: Fill | None = None) -> Worked:
    """Do these runs together as far as they are due and their accounts free."""
    runs = SyncRun.objects.select_related("account").in_bulk(list(run_ids)).values()
    fill, worked = fill or Fill(), Worked()
    with ExitStack() as locked:
        held = _Held(locked)
        due = _claim(runs, held, worked)
        for connection, group in _by_connection(due, held):
            own = Fill()
            _fetch_and_store(connection, group, own, held, worked)
            own.write_down()
            fill.requests, fill.reads = fill.requests + own.requests, fill.reads + own.reads
    return worked


def _claim(runs: Iterable[SyncRun], held: _Held, worked: Worked) -> list[SyncRun]:
    """Those that are due and whose account nobody else is at work on; started. The accounts take turns."""
    by_account: dict[int, list[SyncRun]] = defaultdict(list)
    for run in runs:
        by_account[run.account_id].append(run)
    ours = []
    for group in by_account.values():
        if held.take(group[0].account):
            ours.append(group)
        else:
            worked.busy.extend(run.pk for run in group)
    due = []
    for run in _in_turns(ours):
        # Read again: while we waited for the lock, another worker may have done it.
        run.refresh_from_db()
        if sync.is_due(run):
            run.start()
            held.for_run(run)
            due.append(run)
        if not run.has_ended:
            worked.tried.append(run)
    held.let_go()
    return due


def _in_turns(groups: Sequence[Sequence[SyncRun]]) -> Iterator[SyncRun]:
    for n in range(max(map(len, groups), default=0)):
        yield from (group[n] for group in groups if n < len(group))


def _by_connection(runs: list[SyncRun], held: _Held) -> list[tuple[Connection, list[SyncRun]]]:
    groups: dict[Connection, list[SyncRun]] = defaultdict(list)
    for run in runs:
        try:
            groups[clients.connection_for(run.account)].append(run)
        except clients.NoConnection as error:
            sync.conclude(run, error, None)
            held.through_with(run)
    return list(groups.items())


def _fetch_and_store(
    connection: Connection, runs: list[SyncRun], fill: Fill, held: _Held, worked: Worked
) -> None:
    allotment = clients.allot([])
    try:
        client = clients.for_connection(
            connection, purpose=Purpose.SYNC, also=fill.hear, pace=allotment, retries=sync.IN_A_WORKER
        )
        desk = _Desk(connection, client, allotment, held, worked)
        by_report = [run for run in runs if sync.goes_by_report(run)]
        complete = _advance(desk, by_report)
        _read(desk, [*complete, *(run for run in runs if run not in by_report)], {run.pk for run in complete})
    except SealBroken as error:
        for run in runs:
            sync.conclude(run, error, connection)
    finally:
        allotment.give_back()


def _advance(desk: _Desk, runs: list[SyncRun]) -> list[SyncRun]:
    """The reports of these runs, as far as they get now. Returns the runs of which all have been read."""
    for run in runs:
        reports.plan(run, sync.windows(run))
    complete = []
    for run_id, outcome in reports.advance_together(runs, desk.connection, desk.client).items():
        run = next(one for one in runs if one.pk == run_id)
        if isinstance(outcome, reports.Progress):
            run.calls += outcome.calls
        if isinstance(outcome, reports.Progress) and outcome.done:
            complete.append(run)
        else:
            desk.conclude(run, outcome)
    return complete


def _read(desk: _Desk, runs: list[SyncRun], by_report: set[int]) -> None:
    """Lists of all these runs side by side; each run is stored as soon as its last one is there."""
    begun: list[_Part] = []
    parts: dict[int, int] = {}
    came: dict[int, list[tuple[_Part, Listed]]] = defaultdict(list)

    def requests() -> Iterator[Request]:
        for run in runs:
            own = _parts(run, described_only=run.pk in by_report)
            if run.pk not in by_report and not _admit(desk, run, own):
                continue
            if not own:
                desk.conclude(run, _fetched(run, [], by_report=True))
            parts[run.pk] = len(own)
            for part in own:
                begun.append(part)
                yield part.request

    def most_rows(place: int) -> int | None:
        part = begun[place]
        return MOST_ROWS if part.window and sync.may_go_by_report(part.run) else None

    for place, listed in desk.client.lists(requests(), limit=insights.PAGE, most_rows=most_rows):
        run = begun[place].run
        run.calls += listed.pages
        came[run.pk].append((begun[place], listed))
        if len(came[run.pk]) == parts[run.pk]:
            _conclude(desk, run, came.pop(run.pk), by_report=run.pk in by_report)


def _admit(desk: _Desk, run: SyncRun, parts: list[_Part]) -> bool:
    """Whether there is room for all that a run asks; otherwise it waits without having spent a call."""
    room = clients.allot([part.request for part in parts])
    if room.refusal:
        desk.conclude(run, room.refusal)
        return False
    desk.allotment.absorb(room)
    return True


def _parts(run: SyncRun, *, described_only: bool) -> list[_Part]:
    described = [
        _Part(run, structure.question(run.account, level), level=level)
        for level in sync.described_levels(run)
    ]
    if described_only:
        return described
    asked = [
        _Part(run, insights.question(run.account, window), window=window) for window in sync.windows(run)
    ]
    return described + asked


def _conclude(desk: _Desk, run: SyncRun, answers: list[tuple[_Part, Listed]], *, by_report: bool) -> None:
    errors = [listed.error for _, listed in answers if listed.error]
    if any(isinstance(error, TooMuchData) for error in errors):
        desk.leave(run)
        return
    desk.conclude(run, _worst(errors) or _fetched(run, answers, by_report=by_report))


def _worst(errors: list[GraphError]) -> GraphError | None:
    """What will not pass by itself comes before what will; of waits the longest."""
    return max(errors, key=_gravity, default=None)


def _gravity(error: GraphError) -> tuple[bool, bool, float]:
    passes = isinstance(error, Throttled) or error.transient
    return not passes, isinstance(error, Throttled), error.retry_after


def _fetched(run: SyncRun, answers: list[tuple[_Part, Listed]], *, by_report: bool) -> Fetched | Unreadable:
    fetched = Fetched(by_report=by_report)
    try:
        for part, listed in answers:
            if part.window is None:
                fetched.described[part.level] = listed.rows
            else:
                fetched.windows.append((part.window, insights.read(run.account, part.window, listed.rows)))
    except Unreadable as error:
        return error
    return fetched
