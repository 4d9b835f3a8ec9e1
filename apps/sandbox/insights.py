"""Answers an insights query: walks the ads and their days, sums by level, period and breakdown cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from operator import add
from typing import Any

from .audience import ALLOWED, BLIND_TO_CONVERSIONS, HOURLY, cells_of, hour_cells, split
from .call import Call
from .delivery import served_share
from .errors import internal, invalid, too_many_rows
from .figures import METRICS, Figures
from .filtering import Condition
from .nodes import GOALS, KINDS
from .objects import Account, Ad, AdSet, Campaign
from .paging import DEFAULT_LIMIT, page_of
from .query import Query, read_query

Node = Account | Campaign | AdSet | Ad


@dataclass
class Group:
    """What one row adds up."""

    of: Node
    period: int
    cell: tuple[str, ...]
    totals: list[int]
    settings: set[str] = field(default_factory=set)


def sync_answer(call: Call, node: Node, path: str | None = None) -> dict[str, Any]:
    query = read_query(call, node)
    if estimated_rows(query, node, call) > (_account(node).sync_row_cap or call.state.settings.sync_row_cap):
        raise too_many_rows()
    if is_poisoned(call, node, query):
        raise internal()
    return answer(call, node, query, call.settled, path)


def answer(call: Call, node: Node, query: Query, settled: int, path: str | None = None) -> dict[str, Any]:
    """The page of rows the request asks for, as known at `settled`."""
    groups = _remembered_groups(call, node, query, settled)
    limit = call.request.number("limit", DEFAULT_LIMIT)
    page, paging = page_of(call, groups, lambda n, _: (n,), limit, path)
    spell = _speller(_account(node), query)
    body: dict[str, Any] = {"data": [spell(group) for group in page]}
    if paging:
        body["paging"] = paging
    if query.summary is not None and groups:
        body["summary"] = _summary(node, query, groups)
    call.weigh(len(body["data"]))
    return body


def is_poisoned(call: Call, node: Node, query: Query) -> bool:
    """Whether a row of the answer would be about a poisoned object."""
    poisoned = call.state.poisoned
    if not poisoned or not any(_at_level(ad, query.level).id in poisoned for ad in _ads(node)):
        return False
    return any(group.of.id in poisoned for group in _remembered_groups(call, node, query, call.settled))


def estimated_rows(query: Query, node: Node, call: Call) -> int:
    on_objects, _ = _sorted_out(query.conditions)
    below = [
        ad
        for ad in _ads(node)
        if ad.created <= call.now and all(_matches(ad, condition, call) for condition in on_objects)
    ]
    objects = {_at_level(ad, query.level) for ad in below}
    cells = 1
    if query.breakdowns == (HOURLY,):
        cells = 24
    elif frozenset(query.breakdowns) in ALLOWED and below:
        cells = len(set(cells_of(below[0], query.breakdowns).labels))
    return len(objects) * len(query.periods) * cells


def _account(node: Node) -> Account:
    return node if isinstance(node, Account) else node.account


def _ads(node: Node) -> list[Ad]:
    if isinstance(node, Account | AdSet):
        return node.ads
    if isinstance(node, Campaign):
        return [ad for adset in node.adsets for ad in adset.ads]
    return [node]


def _at_level(ad: Ad, level: str) -> Node:
    if level == "ad":
        return ad
    if level == "adset":
        return ad.adset
    return ad.campaign if level == "campaign" else ad.account


def _remembered_groups(call: Call, node: Node, query: Query, settled: int) -> list[Group]:
    """Whoever turns the pages of one answer has it added up once."""
    asked = (
        query.level,
        query.periods,
        query.breakdowns,
        query.conditions,
        query.sort,
        query.needs_conversions(),
    )
    key = repr((node.id, asked, settled, call.state.world.revision, int(call.now) // 60))
    groups: list[Group] | None = call.state.answers.get(key)
    if groups is None:
        groups = _groups(call, node, query, settled)
        call.state.remember_answer(key, groups)
    return groups


def _groups(call: Call, node: Node, query: Query, settled: int) -> list[Group]:
    if query.hidden:
        return []
    found: dict[tuple[int, str, tuple[str, ...]], Group] = {}
    on_objects, on_metrics = _sorted_out(query.conditions)
    today = _account(node).day(settled)
    for ad in _ads(node):
        if ad.created > call.now or not all(_matches(ad, one, call) for one in on_objects):
            continue
        of = _at_level(ad, query.level)
        for n, (since, until) in enumerate(query.periods):
            for day in range(max(since, ad.schedule.start), min(until, today) + 1):
                figures = call.state.delivery.told(ad, day, settled)
                if figures is not None:
                    for cell, part in _cells(ad, day, figures, query, settled):
                        _add(found, (n, of.id, cell), of, part, ad.campaign.attribution)
    groups = [group for group in found.values() if any(group.totals)]
    spell = _speller(_account(node), query)
    groups = [one for one in groups if all(_holds(spell, one, condition) for condition in on_metrics)]
    return _ordered(groups, query, spell)


def _add(
    found: dict[tuple[int, str, tuple[str, ...]], Group],
    key: tuple[int, str, tuple[str, ...]],
    of: Node,
    part: Any,
    attribution: str,
) -> None:
    group = found.get(key)
    if group is None:
        found[key] = Group(of, key[0], key[2], list(part), {attribution})
    else:
        group.totals = list(map(add, group.totals, part))
        group.settings.add(attribution)


def _cells(
    ad: Ad, day: int, figures: tuple[int, ...], query: Query, settled: int
) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not query.breakdowns:
        yield (), figures
        return
    if query.breakdowns == (HOURLY,):
        cells = hour_cells(served_share(ad, day, settled))
    else:
        cells = cells_of(ad, query.breakdowns)
    seen = query.needs_conversions() and not BLIND_TO_CONVERSIONS & set(query.breakdowns)
    dice = int(ad.id[-6:]) + day * 104_729
    yield from zip(cells.labels, split(figures, cells, dice, ad.campaign.attribution, seen), strict=True)


def _sorted_out(conditions: list[Condition]) -> tuple[list[Condition], list[Condition]]:
    """Conditions on objects, and conditions on the figures of a row."""
    on_metrics = [one for one in conditions if one.field in METRICS]
    return [one for one in conditions if one.field not in METRICS], on_metrics


def _matches(ad: Ad, condition: Condition, call: Call) -> bool:
    level = {"adgroup": "ad", None: "ad"}.get(condition.level, condition.level)
    target = _at_level(ad, str(level))
    getter = KINDS[type(target)][1].get(condition.field)
    if getter is None:
        raise invalid(
            f"Filtering field {condition.field} with operation {condition.operator} is not supported"
        )
    value = getter(target, call)
    return condition.holds("" if value is None else value)


def _holds(spell: Callable[[Group, list[str]], dict[str, Any]], group: Group, condition: Condition) -> bool:
    return condition.holds(spell(group, [condition.field]).get(condition.field) or 0)


def _ordered(groups: list[Group], query: Query, spell: Any) -> list[Group]:
    groups.sort(key=lambda group: group.period)
    if query.sort is None:
        return groups
    name, descending = query.sort

    def weight(group: Group) -> tuple[float, str]:
        value = spell(group, [name]).get(name, "")
        try:
            return float(value), ""
        except (TypeError, ValueError):
            return 0.0, str(value)

    return sorted(groups, key=weight, reverse=descending)


# Spelling rows


def _figures(totals: list[int], account: Account, query: Query) -> Figures:
    unique = "told" if query.unique_allowed else "absent"
    if query.breakdowns == (HOURLY,):
        unique = "zero"
    return Figures(totals, account.unit, account.pool, query.windows, unique)


def _speller(account: Account, query: Query) -> Callable[..., dict[str, Any]]:
    def spell(group: Group, names: list[str] | None = None) -> dict[str, Any]:
        figures = _figures(group.totals, account, query)
        since, until = query.periods[group.period]
        days = {"date_start": _day(since), "date_stop": _day(until)}
        row: dict[str, Any] = {}
        for name in query.fields if names is None else names:
            value = METRICS[name](figures) if name in METRICS else _dimension(name, group, account, days)
            if value is not None:
                row[name] = value
        row.update(days)
        row.update(zip(query.breakdowns, group.cell, strict=False))
        return row

    return spell


def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _dimension(name: str, group: Group, account: Account, days: dict[str, str]) -> Any:
    if name in days:
        return days[name]
    tell = DIMENSIONS.get(name)
    if tell is not None:
        return tell(account)
    if name == "attribution_setting":
        return next(iter(group.settings)) if len(group.settings) == 1 else "mixed"
    return _of_object(name, group.of)


DIMENSIONS: dict[str, Callable[[Account], str]] = {
    "account_id": lambda account: account.id,
    "account_name": lambda account: account.plan.name,
    "account_currency": lambda account: account.plan.currency,
}


def _of_object(name: str, of: Node) -> Any:
    """Names and ids of the row's object and of those above it; nothing for those below."""
    chain: dict[str, Any] = {}
    if isinstance(of, Ad):
        chain = {"ad": of, "adset": of.adset, "campaign": of.campaign}
    elif isinstance(of, AdSet):
        chain = {"adset": of, "campaign": of.campaign}
    elif isinstance(of, Campaign):
        chain = {"campaign": of}
    if name.endswith("_id") and name[:-3] in chain:
        return chain[name[:-3]].id
    if name.endswith("_name") and name[:-5] in chain:
        node = chain[name[:-5]]
        return node.edits.get("name", node.name)
    return _of_plan(name, chain)


def _of_plan(name: str, chain: dict[str, Any]) -> Any:
    campaign = chain.get("campaign")
    if campaign is None:
        return None
    if name == "objective":
        return campaign.objective
    if name == "buying_type":
        return "AUCTION"
    if name == "optimization_goal" and "adset" in chain:
        return GOALS[campaign.family]
    if name == "created_time":
        lowest = next(iter(chain.values()))
        return lowest.account.local(lowest.created).date().isoformat()
    return None


def _summary(node: Node, query: Query, groups: list[Group]) -> dict[str, Any]:
    totals = groups[0].totals
    for group in groups[1:]:
        totals = list(map(add, totals, group.totals))
    account = _account(node)
    figures = _figures(totals, account, query)
    row = {name: METRICS[name](figures) for name in query.summary or () if name in METRICS}
    row = {name: value for name, value in row.items() if value is not None}
    row["date_start"] = _day(min(since for since, _ in query.periods))
    row["date_stop"] = _day(max(until for _, until in query.periods))
    return row
