"""The daily check: do the parts that are stored add up to the whole?

Campaigns against the account, ad sets and ads against campaigns, for every number that may be added up. Where they
differ the ledger says so: as incomplete, or as a note while the day can still change and the two were fetched at
different times.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum

from apps.connections.models import AdAccount
from apps.graphapi import currency_offset

from . import sets
from .models import Coverage, Insight, Level
from .sync import RESTATED_DAYS

_METRICS = {
    "impressions": "impressions",
    "clicks": "clicks",
    "inline_link_clicks": "link clicks",
    "spend": "spend",
    "purchases": "purchases",
}
_PAIRS = [(Level.CAMPAIGN, Level.ACCOUNT), (Level.ADSET, Level.CAMPAIGN), (Level.AD, Level.CAMPAIGN)]
_NAMES = {
    Level.ACCOUNT: "the account's own number is",
    Level.CAMPAIGN: "campaigns",
    Level.ADSET: "ad sets",
    Level.AD: "ads",
}


@dataclass(frozen=True)
class Difference:
    """The parts and the whole of one day are not the same in one number."""

    day: date
    parts: Level
    whole: Level
    metric: str
    of_parts: Decimal
    of_whole: Decimal
    settling: bool  # the day still changes and the two were fetched at different times: nothing is wrong

    @property
    def sentence(self) -> str:
        whole = _NAMES[self.whole] if self.whole == Level.ACCOUNT else f"{_NAMES[self.whole]} to"
        parts = f"{_METRICS[self.metric].capitalize()}: {_NAMES[self.parts]}"
        return f"{parts} add up to {self.of_parts:f}, {whole} {self.of_whole:f}."


def check(account: AdAccount, since: date, until: date) -> list[Difference]:
    """Compare what is stored of these days and write into the ledger what differs. Asks Meta nothing."""
    kept = {one.level for one in sets.kept(account) if not one.breakdown}
    found: list[Difference] = []
    for parts, whole in _PAIRS:
        if parts in kept:
            found += _check(account, parts, whole, since, until)
    return found


def _check(account: AdAccount, parts: Level, whole: Level, since: date, until: date) -> list[Difference]:
    days = _comparable(account, parts, whole, since, until)
    theirs, ours = _sums(account, whole, since, until), _sums(account, parts, since, until)
    restated_from = account.today() - timedelta(days=RESTATED_DAYS - 1)
    found: dict[date, list[Difference]] = defaultdict(list)
    for day, together in days.items():
        settling = day >= restated_from and not together
        part, all_ = ours.get(day, {}), theirs.get(day, {})
        for metric in _METRICS:
            one, other = _amount(part, metric), _amount(all_, metric)
            if abs(one - other) > _slack(account, metric, part, all_):
                found[day].append(Difference(day, parts, whole, metric, one, other, settling))
    _record(account, parts, list(days), found)
    return [difference for day in found.values() for difference in day]


def _comparable(account: AdAccount, parts: Level, whole: Level, since: date, until: date) -> dict[date, bool]:
    """Days of which both were stored, and whether that was at the same time."""
    stored: dict[str, dict[date, datetime]] = {parts: {}, whole: {}}
    rows = Coverage.objects.filter(
        account=account,
        level__in=[parts, whole],
        breakdown="",
        day__range=(since, until),
        fetched_at__isnull=False,
    )
    for row in rows:
        if row.fetched_at is not None:
            stored[row.level][row.day] = row.fetched_at
    return {
        day: stored[parts][day] == stored[whole][day] for day in sorted(stored[parts].keys() & stored[whole])
    }


def _sums(account: AdAccount, level: Level, since: date, until: date) -> dict[date, dict[str, Any]]:
    rows = Insight.objects.of([account]).at(level).between(since, until).values("day").order_by()
    sums = rows.annotate(rows=Count("pk"), **{f"sum_{name}": Sum(name) for name in _METRICS})
    return {row["day"]: row for row in sums}


def _amount(row: dict[str, Any], metric: str) -> Decimal:
    return Decimal(row.get(f"sum_{metric}") or 0)


def _slack(account: AdAccount, metric: str, *rows: dict[str, Any]) -> Decimal:
    """Money is rounded row by row, half a cent each; everything else is counted."""
    if metric != "spend":
        return Decimal(0)
    count: int = sum(row.get("rows") or 0 for row in rows)
    return Decimal(count) / (2 * currency_offset(account.currency))


@transaction.atomic
def _record(account: AdAccount, parts: Level, days: list[date], found: dict[date, list[Difference]]) -> None:
    """Write down what differs now, and take back what differed before."""
    rows = Coverage.objects.select_for_update().filter(
        account=account, level=parts, breakdown="", day__in=days
    )
    for row in rows.order_by("day"):
        differences = found.get(row.day, [])
        text = " ".join(difference.sentence for difference in differences)
        wrong = any(not difference.settling for difference in differences)
        ours = bool(row.note) and row.state == Coverage.State.PARTIAL and row.reason == row.note
        if row.state == Coverage.State.PARTIAL and not ours:
            continue  # it lacks something that we know of
        before = (row.state, row.reason, row.note)
        if ours:
            row.state, row.reason = Coverage.State.COMPLETE, ""
        row.note = (
            text
            if wrong or not text
            else f"{text} The day still changes and they were fetched at different times."
        )
        if wrong:
            row.state, row.reason = Coverage.State.PARTIAL, text
        if (row.state, row.reason, row.note) != before:
            row.save(update_fields=["state", "reason", "note"])
