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


Truth = dict[tuple[str, ...], tuple[Decimal, int, int]]


@dataclass
class Outcome:
    calls: int = 0
    throttled: int = 0
    while_blocked: int = 0
    seconds: float = 0.0
    rows: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=60)
    parser.add_argument("--days", type=int, default=28)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    days = [date(2026, 11, 22) - timedelta(days=n) for n in range(given.days)]
    with (
        scratch.installation(durable=False),
        Sandbox(7, now=NOON, frozen=True, accounts=given.accounts, tier="full") as sandbox,
    ):
        truth = _truth(sandbox, days)
        _begin_again(sandbox)
        ours, stored = paced(sandbox, days)
        _begin_again(sandbox)
        theirs = naive(sandbox, days)
    _print(given.accounts, days, ours, theirs, right=stored == truth)


def _print(accounts: int, days: list[date], ours: Outcome, theirs: Outcome, *, right: bool) -> None:
    each = CALLS_A_DAY * len(days)
    needed = max(1.0, (each - POINTS) * SECONDS_PER_POINT)
    print(f"{accounts} ad accounts, {len(days)} days, {each} calls each; limited access tier")
    print(
        f"{'':16}{'calls':>8}{'throttled':>11}{'into a block':>14}{'rows':>8}{'Meta seconds':>14}{'x allowance':>13}"
    )
    for name, outcome in (("paced", ours), ("naive loop", theirs)):
        print(
            f"{name:16}{outcome.calls:>8}{outcome.throttled:>11}{outcome.while_blocked:>14}{outcome.rows:>8}"
            f"{outcome.seconds:>14.0f}{outcome.seconds / needed:>13.2f}"
        )
    print(
        f"The allowance itself needs {needed:.0f} s. Rows of the paced run, campaigns and ads, equal the truth: "
        f"{'yes' if right else 'NO'}."
    )


def _begin_again(sandbox: Sandbox) -> None:
    """The same server with nothing spent, at noon, and a tight allowance."""
    sandbox.reset()
    sandbox.set_clock(NOON)
    sandbox.freeze(True)
    sandbox.configure(tier="limited")


def paced(sandbox: Sandbox, days: list[date]) -> tuple[Outcome, Truth]:
    """The product's own way: connect, queue a run per account and day, work them off as Meta allows."""
    from django.conf import settings

    from apps.connections import tokens
    from apps.connections.models import AdAccount
    from apps.reporting import foreground, sync
    from apps.reporting.models import SyncRun

    settings.META_GRAPH_URL = sandbox.url
    settings.GRAPH_RECORDER = "bench.scratch.hear"
    with time_machine.travel(NOON, tick=False) as clock:

        def wait(seconds: float) -> None:
            clock.shift(seconds)
            sandbox.advance(seconds)

        settings.GRAPH_CLIENT_OPTIONS = {"sleep": wait}
        tokens.connect("Bench", sandbox.token("system"))
        runs = [
            run
            for day in days
            for run in sync.request(
                AdAccount.objects.in_order(), SyncRun.Reason.COMMAND, since=day, until=day, levels=LEVELS
            )
        ]
        scratch.HEARD.clear()
        foreground.work_off(runs, sleep=wait)
        seconds = (datetime.now(UTC) - NOON).total_seconds()
    stored = _stored()
    throttled = sum(code in THROTTLES for code in scratch.HEARD)
    rows = sum(key[0] == "campaign" for key in stored)
    return Outcome(len(scratch.HEARD), throttled, sandbox.calls_while_blocked(), seconds, rows), stored


def naive(sandbox: Sandbox, days: list[date]) -> Outcome:
    """What the users of Meta's SDK copy: call, and on a throttle sleep 1, 2, 4 … seconds, 60 at most."""
    outcome = Outcome()
    session = _session(sandbox)

    def wait(seconds: float) -> None:
        sandbox.advance(seconds)
        outcome.seconds += seconds

    for account in sandbox.accounts:
        for day in days:
            for path, params in _questions(account["id"], day):
                outcome.rows += _insist(session, f"{sandbox.url}/v26.0/{path}", params, outcome, wait)
    outcome.while_blocked = sandbox.calls_while_blocked()
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


def _truth(sandbox: Sandbox, days: list[date]) -> Truth:
    """Every campaign's and ad's days, asked while the allowance is wide: one question per account and level."""
    session = _session(sandbox)
    span = f'{{"since":"{min(days)}","until":"{max(days)}"}}'
    truth = {}
    for account in sandbox.accounts:
        for level in ("campaign", "ad"):
            params = {
                "fields": f"account_id,{level}_id,spend,impressions,clicks", "level": level, "time_range": span,
                "time_increment": "1", "limit": "5000",
            }  # fmt: skip
            url = f"{sandbox.url}/v26.0/{account['id']}/insights"
            body = session.get(url, params=params, timeout=60).json()
            assert "next" not in body.get("paging", {}), "The truth does not fit into one page."
            for row in body["data"]:
                key = (level, row["account_id"], row[f"{level}_id"], row["date_start"])
                truth[key] = (Decimal(row["spend"]), int(row["impressions"]), int(row["clicks"]))
    return truth


def _stored() -> Truth:
    from apps.reporting.models import Insight

    rows = Insight.objects.filter(level__in=["campaign", "ad"], breakdown="").values_list(
        "level", "account__meta_id", "object_id", "day", "spend", "impressions", "clicks"
    )
    return {
        (level, account, object_id, day.isoformat()): (spend, impressions, clicks)
        for level, account, object_id, day, spend, impressions, clicks in rows
    }


def _session(sandbox: Sandbox) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {sandbox.token('system')}"
    return session


if __name__ == "__main__":
    main()
