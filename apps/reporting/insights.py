"""Asks Meta for daily insights of one ad account."""

from datetime import date, timedelta

from apps.connections.models import AdAccount
from apps.graphapi import Client, TooMuchData

from . import rows
from .rows import InsightRow

PAGE = 500

_METRICS = [
    "impressions", "clicks", "inline_link_clicks", "spend", "reach", "frequency", "actions", "action_values",
]  # fmt: skip
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


def _ask(
    client: Client, account: AdAccount, *, level: str, since: date, until: date, breakdown: str
) -> list[InsightRow]:
    parameters = {
        "level": level,
        "fields": ["account_id", "account_currency", *rows.ID_FIELDS[level], *_NAMES[level], *_METRICS],
        "time_range": {"since": since.isoformat(), "until": until.isoformat()},
        "time_increment": "1",
    }
    if breakdown:
        parameters["breakdowns"] = breakdown.split(",")
    found: dict[object, InsightRow] = {}
    for raw in client.each(f"{account.act_id}/insights", limit=PAGE, **parameters):
        row = rows.read(
            raw,
            account_id=account.meta_id,
            currency=account.currency,
            level=level,
            breakdown=breakdown,
            since=since,
            until=until,
        )
        # Pages may shift while they are read, and then a row comes twice: the later one is the fresher.
        found[row.key] = row
    return list(found.values())
