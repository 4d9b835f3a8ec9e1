"""The daily check: do the parts that are stored add up to the whole?

Campaigns against the account, ad sets and ads against campaigns, and each breakdown against the whole of its level,
for every number that may be added up. Where they differ the ledger says so: as incomplete, or as a note while the day
can still change and the two were fetched at different times.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, Sum

from apps.connections.models import AdAccount
from apps.graphapi import currency_offset

from . import sets
from .models import Coverage, Insight, Level
from .sets import NumberSet
from .sync import RESTATED_DAYS

_METRICS = {
    "impressions": "impressions",
    "clicks": "clicks",
    "inline_link_clicks": "link clicks",
    "spend": "spend",
    "purchases": "purchases",
}
_PAIRS = [(Level.CAMPAIGN, Level.ACCOUNT), (Level.ADSET, Level.CAMPAIGN), (Level.AD, Level.CAMPAIGN)]
# Breakdowns that divide all there is. Of others (assets, products, markets) Meta reports only what has one, and some
# stay empty, without an error, for accounts that have not opted in (impression_device, the audience's hours).
_BY_HOUR = "hourly_stats_aggregated_by_advertiser_time_zone"
_DIVIDING = {
    "age",
    "gender",
    "country",
    "region",
    "publisher_platform",
    "platform_position",
    "device_platform",
    _BY_HOUR,
}
# By these, Meta leaves out conversions that happened elsewhere (Marketing API, "Breakdowns").
_WITHOUT_PURCHASES = {"region", _BY_HOUR}


@dataclass(frozen=True)
class Difference:
    """The parts and the whole of one day are not the same in one number."""

    day: date
    parts: NumberSet
    whole: NumberSet
    metric: str
    of_parts: Decimal
    of_whole: Decimal
    settling: bool  # the day still changes and the two were fetched at different times: nothing is wrong

    @property
    def sentence(self) -> str:
        parts = self.parts.label[:1].lower() + self.parts.label[1:]
        whole = "the account's own number is" if self.whole.level == Level.ACCOUNT else "campaigns to"
        metric = _METRICS[self.metric].capitalize()
        return f"{metric}: {parts} add up to {self.of_parts:f}, {whole} {self.of_whole:f}."


def check(account: AdAccount, since: date, until: date) -> list[Difference]:
    """Compare what is stored of these days and write into the ledger what differs. Asks Meta nothing."""
    found: list[Difference] = []
    for parts, whole in _pairs(account, since, until):
        found += _check(account, parts, whole, since, until)
    return found


def _pairs(account: AdAccount, since: date, until: date) -> Iterator[tuple[NumberSet, NumberSet]]:
    kept = {one.level for one in sets.kept(account) if not one.breakdown}
    for parts, whole in _PAIRS:
        if parts in kept:
            yield sets.of(parts), sets.of(whole)
    stored = Coverage.objects.filter(account=account, day__range=(since, until), fetched_at__isnull=False)
    broken_down = stored.exclude(breakdown="").values_list("level", "breakdown").distinct()
    for level, breakdown in broken_down.order_by("level", "breakdown"):
        if _DIVIDING.issuperset(breakdown.split(",")):
            yield sets.of(level, breakdown), sets.of(level)


def _comparable_metrics(parts: NumberSet) -> list[str]:
    blind = not _WITHOUT_PURCHASES.isdisjoint(parts.breakdown.split(","))
    return [metric for metric in _METRICS if not (blind and metric == "purchases")]


def _check(
    account: AdAccount, parts: NumberSet, whole: NumberSet, since: date, until: date
) -> list[Difference]:
    days = _comparable(account, parts, whole, since, until)
    theirs, ours = _sums(account, whole, since, until), _sums(account, parts, since, until)
    restated_from = account.today() - timedelta(days=RESTATED_DAYS - 1)
    found: dict[date, list[Difference]] = defaultdict(list)
    for day, together in days.items():
        settling = day >= restated_from and not together
        part, all_ = ours.get(day, {}), theirs.get(day, {})
        for metric in _comparable_metrics(parts):
            one, other = _amount(part, metric), _amount(all_, metric)
            if abs(one - other) > _slack(account, metric, part, all_):
                found[day].append(Difference(day, parts, whole, metric, one, other, settling))
    _record(account, parts, list(days), found)
    return [difference for day in found.values() for difference in day]


def _comparable(
    account: AdAccount, parts: NumberSet, whole: NumberSet, since: date, until: date
) -> dict[date, bool]:
    """Days of which both were stored, and whether that was at the same time."""
    ours, theirs = (_fetched(account, one, since, until) for one in (parts, whole))
    return {day: ours[day] == theirs[day] for day in sorted(ours.keys() & theirs)}


def _fetched(account: AdAccount, of: NumberSet, since: date, until: date) -> dict[date, datetime]:
    """When each day was stored, but for days that are known to lack something."""
    rows = Coverage.objects.filter(
        account=account, level=of.level, breakdown=of.breakdown, day__range=(since, until)
    )
    lacking = Q(state=Coverage.State.PARTIAL) & ~Q(reason=F("note"))
    stored = rows.exclude(lacking).values_list("day", "fetched_at")
    return {day: at for day, at in stored if at is not None}


def _sums(account: AdAccount, of: NumberSet, since: date, until: date) -> dict[date, dict[str, Any]]:
    rows = Insight.objects.of([account]).at(of.level, of.breakdown).between(since, until)
    sums = (
        rows.values("day")
        .order_by()
        .annotate(rows=Count("pk"), **{f"sum_{name}": Sum(name) for name in _METRICS})
    )
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
def _record(
    account: AdAccount, parts: NumberSet, days: list[date], found: dict[date, list[Difference]]
) -> None:
    """Write down what differs now, and take back what differed before."""
    rows = Coverage.objects.select_for_update().filter(
        account=account, level=parts.level, breakdown=parts.breakdown, day__in=days
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
