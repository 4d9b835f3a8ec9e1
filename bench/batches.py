"""How many HTTP requests the hourly run of many ad accounts takes, beside one request per account and page.

python -m bench.batches [--accounts 400]
"""

import argparse
import logging
import time
from datetime import UTC, date, datetime

from apps.sandbox import Sandbox
from bench import scratch

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAYS = {"since": date(2026, 11, 22), "until": date(2026, 11, 23)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=400)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    with scratch.installation(), Sandbox(7, now=NOON, frozen=True, accounts=given.accounts) as sandbox:
        measure(sandbox)


def measure(sandbox: Sandbox) -> None:
    from django.conf import settings

    from apps.connections import tokens
    from apps.connections.models import AdAccount
    from apps.reporting import sync, together
    from apps.reporting.models import SyncRun

    settings.META_GRAPH_URL = sandbox.url
    tokens.connect("Bench", sandbox.token("system"))
    runs = sync.request(AdAccount.objects.in_order(), SyncRun.Reason.HOURLY, **DAYS)
    fill = together.Fill()
    before = time.perf_counter()
    ended = []
    for start in range(0, len(runs), together.MOST_RUNS):
        ended += together.perform([run.pk for run in runs[start : start + together.MOST_RUNS]], fill=fill)
    seconds = time.perf_counter() - before
    calls = sum(run.calls for run in ended)
    done = sum(run.state == SyncRun.State.DONE for run in ended)
    print(
        f"{len(runs)} ad accounts, two days, account and campaign level, structure; {done} done in {seconds:.0f} s"
    )
    print(f"one request per account and page: {calls:>5}")
    print(f"in batches:                       {fill.batches:>5}  average fill {fill.average:.1f} of 50")
    print(f"ratio:                             1/{calls / fill.batches:.0f}")


if __name__ == "__main__":
    main()
