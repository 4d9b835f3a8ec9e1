"""Asks for the days that a page shows to be fetched again."""

from datetime import date
from typing import Any

from apps.connections.models import AdAccount

from . import tasks
from .arguments import earliest
from .models import SyncRun
from .periods import Period
from .sync import request as request_sync


def ask(accounts: list[AdAccount], windows: list[Period], *, by: Any) -> list[SyncRun]:
    """One run for each ad account and window, as far as Meta has these days, and a nudge for each run."""
    runs = []
    for account in accounts:
        today = account.today()
        for window in windows:
            since, until = max(window.since, earliest(today)), min(window.until, today)
            if since <= until:
                runs += _request(account, since, until, by)
    tasks.nudge(runs)
    return runs


def _request(account: AdAccount, since: date, until: date, by: Any) -> list[SyncRun]:
    return request_sync([account], SyncRun.Reason.PAGE, since=since, until=until, by=by)
