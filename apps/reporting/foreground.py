"""Works runs off in this process: what a worker does, for a person who waits at a terminal."""

import time
from collections.abc import Callable

from . import sync
from .models import SyncRun

_BUSY_PAUSE = 1.0
_ENDED = {SyncRun.State.DONE, SyncRun.State.FAILED}


def work_off(
    runs: list[SyncRun],
    *,
    tell: Callable[[str], None] = lambda text: None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[SyncRun]:
    """Perform every run to its end and return them as they ended.

    A run that Meta makes wait does not hold up other accounts; when all that is left must wait, so does this.
    """
    ended: dict[int, SyncRun] = {}
    left = {run.pk: run for run in runs}
    while left:
        full = _try_each(left)
        for pk in [pk for pk, run in left.items() if run.state in _ENDED]:
            ended[pk] = left.pop(pk)
            tell(line(ended[pk]))
        if left:
            _rest(left, full, tell, sleep)
    return [ended[run.pk] for run in runs]


def line(run: SyncRun) -> str:
    """One run in one line."""
    who = f"{run.account} ({run.account.act_id}), {run.since} to {run.until}"
    if run.state == SyncRun.State.FAILED:
        return f"{who}: failed. {run.error}"
    return f"{who}: {run.rows} rows in {run.calls} calls; {run.added} new, {run.changed} changed, {run.removed} gone."


def _try_each(left: dict[int, SyncRun]) -> set[int]:
    """Perform those that are due, each once. Returns the ids of accounts that turned out to have no room.

    Once a run had to wait before its first call, the account's further runs would only be told the same.
    """
    full: set[int] = set()
    for pk, before in list(left.items()):
        if before.account_id in full or not sync.is_due(before):
            continue
        try:
            run = left[pk] = sync.perform(pk)
        except sync.Busy:
            continue
        if run.state == SyncRun.State.WAITING and run.calls == before.calls:
            full.add(run.account_id)
    return full


def _rest(
    left: dict[int, SyncRun], full: set[int], tell: Callable[[str], None], sleep: Callable[[float], None]
) -> None:
    waits = {
        pk: run.not_before
        for pk, run in left.items()
        if run.state == SyncRun.State.WAITING and run.not_before
    }
    if not waits or any(pk not in waits and run.account_id not in full for pk, run in left.items()):
        sleep(_BUSY_PAUSE)  # another process works on one of these accounts
        return
    first = min(waits, key=waits.__getitem__)
    pause = sync.seconds_until(waits[first])
    tell(f"Waiting {pause:.0f} s ({left[first].account}: {left[first].error})")
    sleep(max(0.05, pause))
