"""One row for each campaign: what it brought, from insights, and what it is, as Meta last listed it."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet, Value

from apps.connections.models import AdAccount
from apps.graphapi.money import major_units

from . import delivery
from .attribution import Attribution
from .fetched import Fetched
from .figures import NOTHING, Totals, sums
from .forms import Question
from .models import Campaign, Insight, Level
from .performance import CampaignRow, Compared, Spans
from .periods import Period

# The parts of time that a figure is read for. The partial days stand alone, so that deltas compare whole days.
_COMPLETE, _PARTIAL, _BEFORE = "complete", "partial", "before"


class _Listed(NamedTuple):
    """What Meta's list says of a campaign; all of it empty for one that is not listed."""

    name: str = ""
    objective: str = ""
    effective_status: str = ""
    daily_budget: int | None = None
    lifetime_budget: int | None = None


_NOT_LISTED = _Listed()
_Key = tuple[int, str]  # account id, Meta's id


def found(
    accounts: list[AdAccount], spans: Spans, held: Fetched, attribution: Attribution
) -> list[CampaignRow]:
    """Every campaign that delivered in the period or in the days before. Costs two queries, rarely three."""
    brought = _brought(accounts, spans, attribution)
    listed = _listed(object_id for _, object_id in brought)
    names = _names(accounts, [key for key in brought if not listed.get(key[1], _NOT_LISTED).name])
    by_id = {account.pk: account for account in accounts}
    comparable = by_id.keys() - {account.pk for account in held.lacking(accounts, spans.versus)}
    return [
        _row(
            by_id[account_id],
            object_id,
            listed.get(object_id, _NOT_LISTED),
            names.get(object_id, object_id),
            _compared(parts, spans.before is not None and account_id in comparable),
        )
        for (account_id, object_id), parts in brought.items()
        if account_id in comparable or parts.keys() != {_BEFORE}
    ]


def _brought(
    accounts: list[AdAccount], spans: Spans, attribution: Attribution
) -> dict[_Key, dict[str, Totals]]:
    """One grouping for each part of time, because three small ones are faster than one that sorts days into parts."""
    periods = {_COMPLETE: spans.complete, _PARTIAL: spans.partial, _BEFORE: spans.before}
    columns = sums(attribution)
    queries = [_within(accounts, period, name, columns) for name, period in periods.items() if period]
    brought: dict[_Key, dict[str, Totals]] = defaultdict(dict)
    for part, account_id, object_id, *totals in queries[0].union(*queries[1:], all=True):
        brought[account_id, object_id][part] = Totals(*totals)
    return brought


def _within(
    accounts: list[AdAccount], period: Period, name: str, columns: dict[str, Any]
) -> QuerySet[Any, Any]:
    insights: QuerySet[Any, Any] = Insight.objects.of(accounts).at(Level.CAMPAIGN)
    grouped = insights.filter(day__range=(period.since, period.until)).values("account_id", "object_id")
    named: QuerySet[Any, Any] = grouped.annotate(part=Value(name), **columns).order_by()
    return named.values_list("part", "account_id", "object_id", *columns)


def _listed(ids: Iterable[str]) -> dict[str, _Listed]:
    rows = Campaign.objects.filter(meta_id__in=list(ids)).values_list("meta_id", *_Listed._fields)
    return {meta_id: _Listed(*facts) for meta_id, *facts in rows}


def _names(accounts: list[AdAccount], keys: list[_Key]) -> dict[str, str]:
    """The names last reported of campaigns that are not listed any more."""
    if not keys:
        return {}
    reported = (
        Insight.objects.of(accounts)
        .at(Level.CAMPAIGN)
        .filter(object_id__in=[object_id for _, object_id in keys])
        .exclude(name="")
        .order_by("object_id", "-day")
        .distinct("object_id")
    )
    return dict(reported.values_list("object_id", "name"))


def _compared(parts: dict[str, Totals], comparable: bool) -> Compared:
    complete = parts.get(_COMPLETE, NOTHING)
    return Compared(
        current=complete + parts[_PARTIAL] if _PARTIAL in parts else complete,
        complete=complete,
        before=parts.get(_BEFORE, NOTHING) if comparable else None,
    )


def _row(account: AdAccount, meta_id: str, listed: _Listed, name: str, figures: Compared) -> CampaignRow:
    return CampaignRow(
        account=account,
        meta_id=meta_id,
        name=listed.name or name,
        objective=listed.objective,
        delivery=delivery.of(account, listed.effective_status),
        daily_budget=major(listed.daily_budget, account),
        lifetime_budget=major(listed.lifetime_budget, account),
        figures=figures,
    )


def major(minor: int | None, account: AdAccount) -> Decimal | None:
    """Minor units as Meta gives them, as an amount in the account's currency."""
    return None if minor is None else major_units(minor, account.currency)


def wanted(row: CampaignRow, question: Question) -> bool:
    """Whether the filters let it through."""
    return (
        (not question.search or _fits(row, question.search.casefold()))
        and (not question.objective or row.objective == question.objective)
        and (not question.delivery or row.delivery.key == question.delivery)
    )


def _fits(row: CampaignRow, text: str) -> bool:
    return text in row.name.casefold() or text == row.meta_id or text in row.account.name.casefold()


def ordered(rows: list[CampaignRow], sort: str, *, descending: bool) -> list[CampaignRow]:
    """Rows without the figure come last, whichever way; the name settles ties, so that a page never shuffles."""
    figure = _SORTS.get(sort) or (lambda row: getattr(row.figures.current, sort))
    named = sorted(rows, key=lambda row: (row.name.casefold(), row.meta_id))
    keyed = [(figure(row), row) for row in named]
    having = [pair for pair in keyed if pair[0] is not None]
    having.sort(key=lambda pair: pair[0], reverse=descending)
    return [row for _, row in having] + [row for key, row in keyed if key is None]


_SORTS: dict[str, Callable[[CampaignRow], Any]] = {
    "name": lambda row: row.name.casefold(),
    "delivery": lambda row: row.delivery.word,
    "budget": lambda row: row.daily_budget,
    "delta": lambda row: row.figures.roas_growth,
}
