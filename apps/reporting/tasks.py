"""Celery's way in: shells over `reporting.sync`."""

from datetime import timedelta

from celery import Task, shared_task

from apps.connections.models import AdAccount

from . import sync, together
from .models import SyncRun

# How long to leave an account alone that another run is busy with.
_BUSY_PAUSE = 10


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
        raise self.retry(countdown=sync.seconds_until(run.not_before) + 1)


@shared_task
def perform_together(run_ids: list[int]) -> None:
    """Do many small runs in batches; those that Meta makes wait come back one by one."""
    for run in together.perform(run_ids):
        if run.state == SyncRun.State.WAITING and run.not_before is not None:
            perform.apply_async((run.pk,), countdown=sync.seconds_until(run.not_before) + 1)


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
    """The 28 days that Meta still restates, of every reachable ad account."""
    nudge(sync.request(AdAccount.objects.reachable(), SyncRun.Reason.NIGHTLY))


@shared_task
def sweep() -> None:
    """Tell workers of what they were not told."""
    for run_id in sync.sweep():
        perform.delay(run_id)


def nudge(runs: list[SyncRun]) -> None:
    """Tell a worker of these runs, once the rows are committed."""
    for run in runs:
        perform.delay_on_commit(run.pk)
