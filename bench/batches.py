"""How many HTTP requests the hourly and the daily run of many ad accounts take, beside one per account and page.

python -m bench.batches [--accounts 400] [--report-accounts 40]

The daily run asks for 28 days of every set that an account keeps. Some of the ad accounts are taken to be large, so
that their sets come as asynchronous reports.
"""

import argparse
import logging
import time
from collections.abc import Callable
from datetime import UTC, date, datetime

import time_machine

from apps.sandbox import Sandbox
from bench import scratch

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAYS = {"since": date(2026, 11, 22), "until": date(2026, 11, 23)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=400)
    parser.add_argument("--report-accounts", type=int, default=40)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    with scratch.installation(), Sandbox(7, now=NOON, frozen=True, accounts=given.accounts) as sandbox:
        from django.conf import settings

        from apps.connections import tokens
        from apps.connections.models import AdAccount
        from apps.reporting import sync
        from apps.reporting.models import SyncRun

        settings.META_GRAPH_URL = sandbox.url
        with time_machine.travel(NOON, tick=False) as clock:

            def wait(seconds: float) -> None:
                clock.shift(seconds)
                sandbox.advance(seconds)

            settings.GRAPH_CLIENT_OPTIONS = {"sleep": wait}
            tokens.connect("Bench", sandbox.token("system"))
            accounts = list(AdAccount.objects.in_order())
            hourly = sync.request(accounts, SyncRun.Reason.HOURLY, **DAYS)
            measure("hourly run: two days of account and campaigns, structure", hourly, wait)
            make_large(accounts[: given.report_accounts])
            daily = sync.request_restated(accounts)
            measure("daily run: 28 days of every set, structure", daily, wait)
            by_report = {run.account_id for run in daily if run.reports.exists()}
            print(f"{len(by_report)} ad accounts had sets that came as reports.")


def make_large(accounts: list) -> None:
    """As if the last night had brought many rows of their sets, as it does where there are thousands of ads."""
    from apps.reporting import sets, sizes, sync
    from apps.reporting.models import SyncRun

    for account in accounts:
        runs = sync.request_sets(
            account, SyncRun.Reason.NIGHTLY, sets.NIGHTLY, date(2026, 10, 25), date(2026, 11, 21)
        )
        for run in runs:
            run.rows = 10 * sizes.DIRECT_ROWS
            run.done()


def measure(title: str, runs: list, wait: Callable[[float], None]) -> None:
    from apps.reporting import sync, tasks, together
    from apps.reporting.models import SyncRun

    fill, before = together.Fill(), time.perf_counter()
    left = {run.pk: run for run in runs}
    while left:
        for group in tasks.groups(list(left.values())):
            together.perform(group, fill=fill)
        for run in SyncRun.objects.in_bulk(left).values():
            if run.has_ended:
                left.pop(run.pk)
        waits = [
            run.not_before
            for run in SyncRun.objects.filter(pk__in=left, not_before__isnull=False)
            if run.state == SyncRun.State.WAITING
        ]
        if left and waits:
            wait(max(1.0, sync.seconds_until(min(waits))))
    ended = SyncRun.objects.filter(pk__in=[run.pk for run in runs])
    calls = sum(run.calls for run in ended)
    done = sum(run.state == SyncRun.State.DONE for run in ended)
    accounts = len({run.account_id for run in runs})
    print(f"{title}")
    print(
        f"  {accounts} ad accounts, {done} of {len(runs)} runs done, {sum(run.rows for run in ended)} rows,"
        f" {time.perf_counter() - before:.0f} s"
    )
    print(f"  one request per account and page: {calls:>6}")
    print(f"  in batches:                       {fill.requests:>6}  average fill {fill.average:.1f} of 50")
    print(f"  ratio:                              1/{calls / fill.requests:.0f}", flush=True)


if __name__ == "__main__":
    main()
