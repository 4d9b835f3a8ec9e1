"""Works runs off in this process: what a worker does, for a person who waits at a terminal."""

import time
from collections.abc import Callable

from . import sync
from .models import SyncRun

_BUSY_PAUSE = 1.0


def work_off(
    runs: list[SyncRun],
    *,
    tell: Callable[[str], None] = lambda text: None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[SyncRun]:
    """Perform every run to its end and return them as they ended.

    A run that Meta makes wait does not hold up the others; when all that is left must wait, so does this.
    """
    ended: dict[int, SyncRun] = {}
    left = [run.pk for run in runs]
    while left:
        again = []
        for pk in left:
            try:
                run = sync.perform(pk)
            except sync.Busy:
                again.append(pk)
                continue
            if run.state in {SyncRun.State.DONE, SyncRun.State.FAILED}:
                ended[pk] = run
                tell(line(run))
            else:
                again.append(pk)
        left = again
        if left:
            _rest(left, tell, sleep)
    return [ended[run.pk] for run in runs]


def line(run: SyncRun) -> str:
    """One run in one line."""
    who = f"{run.account} ({run.account.act_id}), {run.since} to {run.until}"
    if run.state == SyncRun.State.FAILED:
        return f"{who}: failed. {run.error}"
    return f"{who}: {run.rows} rows in {run.calls} calls; {run.added} new, {run.changed} changed, {run.removed} gone."


def _rest(left: list[int], tell: Callable[[str], None], sleep: Callable[[float], None]) -> None:
    waits = SyncRun.objects.filter(pk__in=left, state=SyncRun.State.WAITING).order_by("not_before")
    first = waits.select_related("account").first()
    if first is None or first.not_before is None or waits.count() < len(left):
        sleep(_BUSY_PAUSE)  # another process works on one of these accounts
        return
    pause = sync.seconds_until(first.not_before)
    tell(f"Waiting {pause:.0f} s ({first.account}: {first.error})")
    sleep(max(0.05, pause))
