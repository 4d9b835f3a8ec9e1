"""The sentence at the head of the performance page: what is true, what is wrong, until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from apps.ui import formats

from .freshness import Freshness
from .performance import CurrencyGroup, Performance


@dataclass(frozen=True)
class Part:
    """A piece of the sentence. `kind`: empty for plain words, `b` for what counts, or a state."""

    text: str
    kind: str = ""


_NAMES = {"EUR": "euro", "USD": "US dollars", "JPY": "yen", "BRL": "reais", "GBP": "pounds", "CHF": "francs"}
_MOST_TROUBLES = 3


def compose(page: Performance) -> list[Part]:
    troubles = _troubles(page.freshness.values())
    if not page.freshness:
        return [Part("No ad account has been granted to you yet. An admin can grant some.")]
    if not page.has_rows:
        return [Part(_nothing(page)), *troubles]
    said = _one(page, page.groups[0]) if len(page.groups) == 1 else _several(page)
    return [*said, *troubles]


def _nothing(page: Performance) -> str:
    if page.question.narrows_campaigns:
        return "No campaign fits these filters."
    if not page.stored:
        return "Nothing has been fetched yet."
    return f"Nothing was delivered in {formats.period(page.spans.current.since, page.spans.current.until)}."


def _one(page: Performance, group: CurrencyGroup) -> list[Part]:
    totals = group.figures.current
    spent = formats.money_whole(totals.spend, group.currency)
    parts = [Part("Spent "), Part(spent, "b"), Part(f" in {_length(page)}")]
    parts.append(Part(_compared(page, group.figures.growth("spend"))))
    if not totals.purchases:
        parts.append(Part(" No purchase was reported."))
        return parts
    growth = group.figures.growth("purchases")
    each = Part(formats.money(totals.cpp, group.currency), "b")
    if growth is None:
        parts += [Part(f" {formats.integer(totals.purchases)} purchases cost "), each, Part(" each.")]
    else:
        verb = "grew" if growth >= 0 else "fell"
        parts += [
            Part(f" Purchases {verb} by {formats.percent(abs(growth))}, and each one cost "),
            each,
            Part("."),
        ]
    return parts


def _several(page: Performance) -> list[Part]:
    figures = page.figures
    if not figures.current.purchases:
        shown = formats.compact(figures.current.impressions)
        return [Part(f"{shown} impressions", "b"), Part(f" in {_length(page)}. No purchase was reported.")]
    parts = [
        Part(f"{formats.integer(figures.current.purchases)} purchases", "b"),
        Part(f" in {_length(page)}"),
        Part(_compared(page, figures.growth("purchases"))),
    ]
    costs = {group.currency: group.figures.growth("cpp") for group in page.groups}
    cheaper = [
        _name(currency)
        for currency, growth in costs.items()
        if growth is not None and growth <= Decimal("-0.005")
    ]
    dearer = [
        _name(currency)
        for currency, growth in costs.items()
        if growth is not None and growth >= Decimal("0.005")
    ]
    if cheaper and dearer:
        parts.append(Part(f" They became cheaper in {_listed(cheaper)}, dearer in {_listed(dearer)}."))
    elif cheaper or dearer:
        parts.append(
            Part(f" They became {'cheaper' if cheaper else 'dearer'} in {_listed(cheaper or dearer)}.")
        )
    return parts


def _compared(page: Performance, growth: Decimal | None) -> str:
    if growth is None or page.spans.before is None:
        return "."
    days = page.spans.before.length
    than = "on the same days last year" if page.question.versus == "year" else f"in the {_days(days)} before"
    if abs(growth) < Decimal("0.005"):
        return f", as much as {than}."
    partial = page.spans.complete and page.spans.complete.length < page.spans.current.length
    tail = " (complete days)" if partial else ""
    return f", {formats.percent(abs(growth))} {'more' if growth > 0 else 'less'} than {than}{tail}."


def _length(page: Performance) -> str:
    return _days(page.spans.current.length)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _name(currency: str) -> str:
    return _NAMES.get(currency, currency)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def of_accounts(states: list[Freshness]) -> str:
    """The sentence at the head of the list of ad accounts."""
    if not states:
        return "There is no ad account to show."
    many = "1 ad account" if len(states) == 1 else f"{len(states)} ad accounts"
    stopped = [state for state in states if not state.account.status.delivers]
    late = [state for state in states if state.kind in {"crit", "warn"}]
    if not stopped and not late:
        return f"All quiet: {many}, delivering and on time."
    parts = []
    if stopped:
        parts.append(f"{len(stopped)} of {many} may not deliver ({_named(stopped)}).")
    if late:
        parts.append(f"The numbers of {_named(late)} are not on time.")
    return " ".join(parts)


def _named(states: list[Freshness]) -> str:
    names = [str(state.account) for state in states[:2]]
    return _listed([*names, f"{len(states) - 2} more"]) if len(states) > 2 else _listed(names)


def _troubles(states: Iterable[Freshness]) -> list[Part]:
    """What is wrong with the numbers, worst first; many accounts with the same trouble are one part."""
    wrong = [state for state in states if state.kind in {"crit", "warn"}]
    grouped: dict[tuple[str, str], list[Freshness]] = {}
    for state in sorted(wrong, key=lambda state: (state.kind != "crit", str(state.account))):
        key = (state.kind, "is behind" if "behind" in state.words else state.words)
        grouped.setdefault(key, []).append(state)
    return [_trouble(kind, group) for (kind, _), group in list(grouped.items())[:_MOST_TROUBLES]]


def _trouble(kind: str, group: list[Freshness]) -> Part:
    if len(group) == 1:
        return Part(f"{group[0].account} {group[0].words}", kind)
    words = group[0].words
    if "behind" in words:
        return Part(f"{len(group)} ad accounts are behind", kind)
    plural = words.replace("is ", "are ", 1).replace("was ", "were ", 1).replace("waits", "wait", 1)
    return Part(f"{len(group)} ad accounts {plural}", kind)
