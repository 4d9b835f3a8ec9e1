"""Celery's way in: shells over `reporting.sync`."""

from datetime import datetime, timedelta

from celery import Task, shared_task
from django.db import transaction

from apps.connections.models import AdAccount

from . import backfill, reports, sums, sync, together
from .models import SyncRun

# How long to leave an account alone that another run is busy with.
_BUSY_PAUSE = 10
# A message is held no longer than this: after 15 minutes (settings) Redis would give it to another worker as well.
_LONGEST_PAUSE = 600


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


@shared_task
def perform_together(run_ids: list[int]) -> None:
    """Do many small runs in batches; those that Meta makes wait come back one by one."""
    for run in together.perform(run_ids):
        if run.state == SyncRun.State.WAITING and run.not_before is not None:
            perform.apply_async((run.pk,), countdown=_pause(run.not_before))


@shared_task
def sync_recent() -> None:
    """Today and yesterday of every reachable ad account, in batches over all of them."""
    runs: list[SyncRun] = []
    for account in AdAccount.objects.reachable():
        today = account.today()
        runs += sync.request([account], SyncRun.Reason.HOURLY, since=today - timedelta(days=1), until=today)
    for start in range(0, len(runs), together.MOST_RUNS):
        perform_together.delay_on_commit([run.pk for run in runs[start : start + together.MOST_RUNS]])


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
    for run_id in sync.sweep():
        perform.delay(run_id)


def nudge(runs: list[SyncRun]) -> None:
    """Tell a worker of these runs, once the rows are committed. Where the broker is away, the sweep tells it later."""
    ids = [run.pk for run in runs]

    def tell() -> None:
        for run_id in ids:
            perform.delay(run_id)

    transaction.on_commit(tell, robust=True)


def _pause(moment: datetime) -> float:
    return min(sync.seconds_until(moment) + 1, _LONGEST_PAUSE)
