"""Celery's way in: shells over `reporting.sync`."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby

from celery import Task, shared_task
from django.db import transaction

from apps.connections.models import AdAccount

from . import backfill, reports, sums, sync, together
from .models import SyncRun

# How long to leave an account alone that another run is busy with.
_BUSY_PAUSE = 10
# A message is held no longer than this: after 15 minutes (settings) Redis would give it to another worker as well.
_LONGEST_PAUSE = 600
# Waits that end so close to each other are waited out together.
_TOGETHER = timedelta(seconds=30)


@shared_task(bind=True, max_retries=None)
def perform(self: Task, run_id: int) -> None:
    """Do one run; come back by itself when Meta asks to wait or the account is busy."""
    try:
        run = sync.perform(run_id)
    except SyncRun.DoesNotExist:
        return  # its ad account was removed
    except sync.Busy as busy:
        raise self.retry(exc=busy, countdown=_BUSY_PAUSE) from busy
    if run.state == SyncRun.State.WAITING and run.not_before is not None:
        raise self.retry(countdown=_pause(run.not_before))
    if run.state == SyncRun.State.QUEUED:  # another connection takes over
        perform.delay(run_id)


@shared_task
def perform_together(run_ids: list[int]) -> None:
    """Do many runs in batches; those that Meta makes wait come back together, about when the first of them is due."""
    worked = together.perform(run_ids)
    for run_id in worked.alone:
        perform.delay(run_id)
    if worked.busy:
        perform_together.apply_async((worked.busy,), countdown=_BUSY_PAUSE)
    for group, moment in _at_about_the_same_time(worked.tried):
        perform_together.apply_async((group,), countdown=_pause(moment))


@shared_task
def sync_recent() -> None:
    """Today and yesterday of every reachable ad account, in batches over all of them."""
    runs: list[SyncRun] = []
    for account in AdAccount.objects.reachable():
        today = account.today()
        runs += sync.request([account], SyncRun.Reason.HOURLY, since=today - timedelta(days=1), until=today)
    nudge(runs)


@shared_task
def sync_restated() -> None:
    """The 28 days that Meta still restates, of every reachable ad account and every set that it keeps."""
    reports.sweep()
    nudge(sync.request_restated(AdAccount.objects.reachable()))


@shared_task
def check_sums() -> None:
    """Whether the parts that are stored add up to the whole, of the days that may have changed."""
    for account in AdAccount.objects.in_order():
        today = account.today()
        sums.check(account, today - timedelta(days=sync.RESTATED_DAYS), today)


@shared_task
def fill_back() -> None:
    """A few months more of the ad accounts that are being filled, where daily work leaves allowance over."""
    nudge(backfill.step())


@shared_task
def sweep() -> None:
    """Tell workers of what they were not told, and begin with ad accounts that were just connected."""
    nudge(sync.request_first())
    nudge(sync.sweep())


def nudge(runs: list[SyncRun]) -> None:
    """Tell workers of these runs, once the rows are committed. Where the broker is away, the sweep tells them later."""

    def tell() -> None:
        # A run whose worker died goes alone: if it does so each time, it takes no other with it.
        for run in (run for run in runs if run.deaths):
            perform.delay(run.pk)
        for group in groups([run for run in runs if not run.deaths]):
            if len(group) == 1:
                perform.delay(group[0])
            else:
                perform_together.delay(group)

    transaction.on_commit(tell, robust=True)


def groups(runs: list[SyncRun]) -> list[list[int]]:
    """Ids of as many runs as one worker takes on; those of one ad account stay together."""
    found: list[list[int]] = []
    for _, own in groupby(sorted(runs, key=_by_account), key=_by_account):
        ids = [run.pk for run in own]
        if not found or len(found[-1]) + len(ids) > together.MOST_RUNS:
            found.append([])
        found[-1] += ids
    return found


def _by_account(run: SyncRun) -> int:
    return run.account_id


def _at_about_the_same_time(runs: list[SyncRun]) -> Iterator[tuple[list[int], datetime]]:
    """Waiting runs whose waits end within half a minute of each other, with the end of the last."""
    waiting = [
        (run.not_before, run.pk) for run in runs if run.state == SyncRun.State.WAITING and run.not_before
    ]
    while waiting:
        first = min(waiting)[0]
        group = [one for one in waiting if one[0] <= first + _TOGETHER]
        waiting = [one for one in waiting if one not in group]
        yield [pk for _, pk in sorted(group)], max(group)[0]


def _pause(moment: datetime) -> float:
    return min(sync.seconds_until(moment) + 1, _LONGEST_PAUSE)
