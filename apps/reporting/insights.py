"""Asks Meta for daily insights of one ad account."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from apps.connections.models import AdAccount
from apps.graphapi import Client, Request, TooMuchData

from . import rows, sets
from .attribution import WINDOWS
from .rows import InsightRow, Row
from .store import Window
from .streaming import METRICS, WINDOWED

PAGE = 500

_NAMES = {"account": [], "campaign": ["campaign_name"], "adset": ["adset_name"], "ad": ["ad_name"]}


def fetch(
    client: Client, account: AdAccount, *, level: str, since: date, until: date, breakdown: str = ""
) -> list[InsightRow]:
    """Every daily row of the window. A window that is too much for one answer is asked for in halves, down to a day.

    Raises GraphError or rows.Unreadable; then nothing of the window may be stored.
    """
    try:
        return _ask(client, account, level=level, since=since, until=until, breakdown=breakdown)
    except TooMuchData:
        if since == until:
            raise
    middle = since + (until - since) // 2
    earlier = fetch(client, account, level=level, since=since, until=middle, breakdown=breakdown)
    later = fetch(
        client, account, level=level, since=middle + timedelta(days=1), until=until, breakdown=breakdown
    )
    return earlier + later


def question(
    account: AdAccount,
    window: Window,
    *,
    metrics: Sequence[str] = METRICS,
    filtering: Sequence[dict[str, Any]] = (),
) -> Request:
    """The list that holds the daily rows of a window. What Meta no longer has of such days is not asked for."""
    metrics = sets.metrics(metrics, window.breakdown, window.since, account.today())
    params: dict[str, Any] = {
        "level": window.level,
        "fields": [
            "account_id", "account_currency", "attribution_setting", *rows.ID_FIELDS[window.level],
            *_NAMES[window.level], *metrics,
        ],
        "time_range": {"since": window.since.isoformat(), "until": window.until.isoformat()},
        "time_increment": "1",
    }  # fmt: skip
    if WINDOWED.keys() & set(metrics):
        params["action_attribution_windows"] = list(WINDOWS)
    if window.breakdown:
        params["breakdowns"] = window.breakdown.split(",")
    if filtering:
        params["filtering"] = list(filtering)
    return Request("GET", f"{account.act_id}/insights", params, raw_rows=True)


def read(account: AdAccount, window: Window, answered: Iterable[Row]) -> list[InsightRow]:
    """Rows as Meta writes them, as values. Raises rows.Unreadable."""
    # Pages may shift while they are read, and then a row comes twice: the later one is the fresher.
    return list({row.key: row for row in stream(account, window, answered)}.values())


def stream(account: AdAccount, window: Window, answered: Iterable[Row]) -> Iterator[InsightRow]:
    """The same one by one: a row may come twice, and the later one counts. Raises rows.Unreadable."""
    for raw in answered:
        yield rows.read(
            raw,
            account_id=account.meta_id,
            currency=account.currency,
            level=window.level,
            breakdown=window.breakdown,
            since=window.since,
            until=window.until,
        )


def _ask(
    client: Client, account: AdAccount, *, level: str, since: date, until: date, breakdown: str
) -> list[InsightRow]:
    window = Window(level, since, until, breakdown)
    return read(account, window, client.rows(question(account, window), limit=PAGE))
