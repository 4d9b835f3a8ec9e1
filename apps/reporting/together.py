"""Many small runs at once: the reads of all ad accounts of one token, packed into batches.

A batch saves round trips, not allowance: each member counts as a call, reserves its price and has its own result,
error and record. Members go round the accounts, so that none is hammered. What is put off or fails leaves only its
own run behind; a window that is too much for one answer is left to be read alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from apps.connections import clients
from apps.connections.models import Connection
from apps.connections.sealing import SealBroken
from apps.graphapi import Call, Client, GraphError, Listed, Request, Throttled, TooMuchData
from apps.graphapi.pace import Allotment

from . import insights, locks, structure, sync
from .models import SyncRun
from .rows import Unreadable
from .store import Window
from .sync import Fetched

# Runs that one worker takes on together: with two or three reads each this fills several batches.
MOST_RUNS = 100


@dataclass
class Fill:
    """How full the batches were: `members` of `batches` round trips."""

    batches: int = 0
    members: int = 0
    calls_by_account: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __call__(self, call: Call) -> None:
        if call.envelope:
            self.batches += 1
            self.members += call.batch_size
        elif call.account_id:
            self.calls_by_account[call.account_id] += 1

    @property
    def average(self) -> float:
        return self.members / self.batches if self.batches else 0.0


@dataclass(frozen=True)
class _Part:
    """One list of one run: the objects of a level, or the rows of a window."""

    run: SyncRun
    request: Request
    level: str = ""
    window: Window | None = None


def perform(run_ids: Iterable[int], *, fill: Fill | None = None) -> list[SyncRun]:
    """Do these runs together as far as they are due and their accounts free. Returns those that were tried."""
    runs = SyncRun.objects.select_related("account").in_bulk(list(run_ids))
    done: list[SyncRun] = []
    with ExitStack() as held:
        claimed = list(_claim(runs.values(), held))
        for connection, group in _by_connection(claimed):
            _fetch_and_store(connection, group, fill or Fill())
            done += group
    return done


def _claim(runs: Iterable[SyncRun], held: ExitStack) -> Iterator[SyncRun]:
    """Those that are due and whose account nobody else is at work on; started. One run per account."""
    taken: set[int] = set()
    for run in runs:
        if run.account_id in taken or not held.enter_context(locks.only_sync_of(run.account)):
            continue
        run.refresh_from_db()
        if sync.is_due(run):
            taken.add(run.account_id)
            run.start()
            yield run


def _by_connection(runs: list[SyncRun]) -> list[tuple[Connection, list[SyncRun]]]:
    groups: dict[Connection, list[SyncRun]] = defaultdict(list)
    for run in runs:
        try:
            groups[clients.connection_for(run.account)].append(run)
        except clients.NoConnection as error:
            sync.conclude(run, error, None)
    return list(groups.items())


def _fetch_and_store(connection: Connection, runs: list[SyncRun], fill: Fill) -> None:
    allotment = clients.allot([])
    try:
        client = clients.for_connection(connection, also=fill, pace=allotment, retries=sync.IN_A_WORKER)
        _ask(client, connection, list(_admit(runs, allotment)), fill)
    except SealBroken as error:
        for run in runs:
            sync.conclude(run, error, connection)
    finally:
        allotment.give_back()


def _admit(runs: list[SyncRun], allotment: Allotment) -> Iterator[SyncRun]:
    """The runs that have room for all they ask; the others wait without having spent a call."""
    for run in runs:
        own = clients.allot(sync.questions(run))
        if own.refusal:
            sync.conclude(run, own.refusal, None)
        else:
            allotment.absorb(own)
            yield run


def _ask(client: Client, connection: Connection, runs: list[SyncRun], fill: Fill) -> None:
    parts = _round_robin([_parts(run) for run in runs])
    answers = client.lists([part.request for part in parts], limit=insights.PAGE)
    by_run: dict[int, list[tuple[_Part, Listed]]] = defaultdict(list)
    for part, listed in zip(parts, answers, strict=True):
        by_run[part.run.pk].append((part, listed))
    for run in runs:
        run.calls += fill.calls_by_account[run.account.meta_id]
        _conclude(run, by_run[run.pk], connection)


def _parts(run: SyncRun) -> list[_Part]:
    described = [
        _Part(run, structure.question(run.account, level), level=level)
        for level in sync.described_levels(run.levels)
    ]
    asked = [
        _Part(run, insights.question(run.account, window), window=window) for window in sync.windows(run)
    ]
    return described + asked


def _round_robin(lists: list[list[_Part]]) -> list[_Part]:
    longest = max(map(len, lists), default=0)
    return [parts[n] for n in range(longest) for parts in lists if n < len(parts)]


def _conclude(run: SyncRun, answers: list[tuple[_Part, Listed]], connection: Connection) -> None:
    errors = [listed.error for _, listed in answers if listed.error]
    if any(isinstance(error, TooMuchData) for error in errors):
        sync.put_back(run)  # alone it is read in halves
        return
    sync.conclude(run, _worst(errors) or _read(run, answers), connection)


def _worst(errors: list[GraphError]) -> GraphError | None:
    """What will not pass by itself comes before what will; of waits the longest."""
    return max(errors, key=_gravity, default=None)


def _gravity(error: GraphError) -> tuple[bool, bool, float]:
    passes = isinstance(error, Throttled) or error.transient
    return not passes, isinstance(error, Throttled), error.retry_after


def _read(run: SyncRun, answers: list[tuple[_Part, Listed]]) -> Fetched | Unreadable:
    fetched = Fetched()
    try:
        for part, listed in answers:
            if part.window is None:
                fetched.described[part.level] = listed.rows
            else:
                rows: list[Any] = insights.read(run.account, part.window, listed.rows)
                fetched.windows.append((part.window, rows))
    except Unreadable as error:
        return error
    return fetched
