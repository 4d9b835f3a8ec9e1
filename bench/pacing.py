"""How close to the allowance's own speed a sync comes without ever being throttled, beside a naive loop.

60 ad accounts, 28 days, day by day, at all four levels with the structure: 196 calls per account against a point score
of 60 that sinks by one every five seconds. Time is Meta's and virtual: it passes only where somebody waits, so that the
machine's speed does not count.

    python -m bench.pacing [--accounts 60] [--days 28]
"""

import argparse
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import requests
import time_machine

from apps.sandbox import Sandbox
from bench import scratch

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
POINTS, SECONDS_PER_POINT = 60, 5
LEVELS = ["account", "campaign", "adset", "ad"]
CALLS_A_DAY = 7  # three lists of objects, four levels of insights
THROTTLES = {4, 17, 32, 613, 80000, 80004}


@dataclass
class Outcome:
    calls: int
    throttled: int
    while_blocked: int
    seconds: float
    rows: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=60)
    parser.add_argument("--days", type=int, default=28)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    days = [date(2026, 11, 22) - timedelta(days=n) for n in range(given.days)]
    with scratch.installation():
        ours, right = paced(given.accounts, days)
    theirs = naive(given.accounts, days)
    each = CALLS_A_DAY * len(days)
    needed = max(0.0, (each - POINTS) * SECONDS_PER_POINT)
    print(f"{given.accounts} ad accounts, {len(days)} days, {each} calls each; limited access tier")
    print(
        f"{'':16}{'calls':>8}{'throttled':>11}{'into a block':>14}{'rows':>8}{'Meta seconds':>14}{'x allowance':>13}"
    )
    for name, outcome in (("paced", ours), ("naive loop", theirs)):
        print(
            f"{name:16}{outcome.calls:>8}{outcome.throttled:>11}{outcome.while_blocked:>14}{outcome.rows:>8}"
            f"{outcome.seconds:>14.0f}{outcome.seconds / needed:>13.2f}"
        )
    print(
        f"The allowance itself needs {needed:.0f} s. Rows of the paced run equal the truth: {'yes' if right else 'NO'}."
    )


def paced(accounts: int, days: list[date]) -> tuple[Outcome, bool]:
    """The product's own way: connect, queue a run per account and day, work them off as Meta allows."""
    from django.conf import settings

    from apps.connections import tokens
    from apps.connections.models import AdAccount
    from apps.reporting import foreground, sync
    from apps.reporting.models import Insight, SyncRun

    with Sandbox(7, now=NOON, frozen=True, accounts=accounts, tier="full") as sandbox:
        settings.META_GRAPH_URL = sandbox.url
        tokens.connect("Bench", sandbox.token("system"))
        truth = _truth(sandbox, days)
        sandbox.reset()
        sandbox.set_clock(NOON)
        sandbox.freeze(True)
        sandbox.configure(tier="limited")
        _forget_pace()
        with time_machine.travel(NOON, tick=False) as clock:

            def wait(seconds: float) -> None:
                clock.shift(seconds)
                sandbox.advance(seconds)

            settings.GRAPH_CLIENT_OPTIONS = {"sleep": wait}
            settings.GRAPH_RECORDER = "bench.scratch.hear"
            runs = [
                run
                for day in days
                for run in sync.request(
                    AdAccount.objects.in_order(), SyncRun.Reason.COMMAND, since=day, until=day, levels=LEVELS
                )
            ]
            foreground.work_off(runs, sleep=wait)
            seconds = (datetime.now(UTC) - NOON).total_seconds()
        stored = {
            (row.account.meta_id, row.object_id, row.day.isoformat()): row.spend
            for row in Insight.objects.at("campaign").select_related("account")
        }
        blocked = _blocked(sandbox)
    throttled = sum(code in THROTTLES for code in scratch.HEARD)
    return Outcome(len(scratch.HEARD), throttled, blocked, seconds, len(stored)), stored == truth


def naive(accounts: int, days: list[date]) -> Outcome:
    """What the users of Meta's SDK copy: call, and on a throttle sleep 1, 2, 4 … seconds, 60 at most."""

    with Sandbox(7, now=NOON, frozen=True, accounts=accounts, tier="limited") as sandbox:
        outcome = Outcome(0, 0, 0, 0.0, 0)
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {sandbox.token('system')}"

        def wait(seconds: float) -> None:
            sandbox.advance(seconds)
            outcome.seconds += seconds

        for account in _account_ids(sandbox):
            for day in days:
                for path, params in _questions(account, day):
                    outcome.rows += _insist(session, f"{sandbox.url}/v26.0/{path}", params, outcome, wait)
        outcome.while_blocked = _blocked(sandbox)
    return outcome


def _insist(
    session: requests.Session,
    url: str,
    params: dict[str, str],
    outcome: Outcome,
    wait: Callable[[float], None],
) -> int:
    for attempt in range(60):
        body = session.get(url, params=params, timeout=30).json()
        outcome.calls += 1
        if "error" not in body:
            return len(body["data"]) if params.get("level") == "campaign" else 0
        outcome.throttled += body["error"]["code"] in THROTTLES
        wait(min(60.0, 2.0**attempt))
    return 0


def _questions(account: str, day: date) -> list[tuple[str, dict[str, str]]]:
    span = f'{{"since":"{day}","until":"{day}"}}'
    listing = {"fields": "id,name", "limit": "100"}
    insights = {"fields": "spend", "time_range": span, "time_increment": "1", "limit": "500"}
    return [
        *((f"{account}/{edge}", listing) for edge in ("campaigns", "adsets", "ads")),
        *((f"{account}/insights", insights | {"level": level}) for level in LEVELS),
    ]


def _truth(sandbox: Sandbox, days: list[date]) -> dict[tuple[str, str, str], Decimal]:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {sandbox.token('system')}"
    span = f'{{"since":"{min(days)}","until":"{max(days)}"}}'
    truth = {}
    for account in _account_ids(sandbox):
        params = {
            "fields": "account_id,campaign_id,spend", "level": "campaign", "time_range": span,
            "time_increment": "1", "limit": "5000",
        }  # fmt: skip
        for row in session.get(f"{sandbox.url}/v26.0/{account}/insights", params=params, timeout=60).json()[
            "data"
        ]:
            truth[row["account_id"], row["campaign_id"], row["date_start"]] = Decimal(row["spend"])
    return truth


def _account_ids(sandbox: Sandbox) -> list[str]:
    return [f"act_{str(one['id']).removeprefix('act_')}" for one in sandbox.state()["accounts"]]


def _blocked(sandbox: Sandbox) -> int:
    counted = sandbox.calls_while_blocked()
    return counted if isinstance(counted, int) else sum(counted.values())


def _forget_pace() -> None:
    from apps.connections.models import Allowance, Price

    Allowance.objects.all().delete()
    Price.objects.all().delete()


if __name__ == "__main__":
    main()
