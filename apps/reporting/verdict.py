"""The sentence at the head of the performance page: what is true, what is wrong, until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from apps.ui import formats

from .figures import Totals
from .freshness import Freshness
from .performance import CurrencyGroup, Performance


@dataclass(frozen=True)
class Part:
    """A piece of the sentence. `kind`: empty for plain words, `b` for what counts, or a state."""

    text: str
    kind: str = ""


_NAMES = {"EUR": "euro", "USD": "US dollars", "JPY": "yen", "BRL": "reais", "GBP": "pounds", "CHF": "francs"}
_MOST_TROUBLES = 3
_WORTH_TELLING = Decimal("0.005")


def compose(page: Performance) -> list[Part]:
    if not page.freshness:
        return [Part("There is no ad account to show.")]
    troubles = [*_stopped(page), *_late(page.freshness.values())][:_MOST_TROUBLES]
    if not page.has_rows:
        return [Part(_nothing(page)), *troubles]
    said = _one(page, page.groups[0]) if len(page.groups) == 1 else _several(page)
    return [*said, *troubles]


def _nothing(page: Performance) -> str:
    if page.is_unknown:
        return "These days have not been fetched yet."
    if page.question.narrows_campaigns:
        return "No campaign fits these filters."
    return f"Nothing was delivered in {formats.period(page.spans.current.since, page.spans.current.until)}."


def _one(page: Performance, group: CurrencyGroup) -> list[Part]:
    spent = formats.money_whole(group.figures.current.spend, group.currency)
    compared = _compared(page, group.figures.growth("spend"))
    return [
        Part("Spent "),
        Part(spent, "b"),
        Part(f" {_when(page)}{compared} "),
        *_purchases(page, group),
    ]


def _no_purchases(page: Performance, totals: Totals) -> str:
    if totals.purchases is None:
        return f"Its purchases by {page.question.attribution.label} are not known."
    return "No purchase was reported."


def _purchases(page: Performance, group: CurrencyGroup) -> list[Part]:
    totals, growth = group.figures.current, group.figures.growth("purchases")
    if not totals.purchases:
        return [Part(_no_purchases(page, totals))]
    each = Part(formats.money(totals.cpp, group.currency), "b")
    if growth is None:
        count = formats.integer(totals.purchases)
        return [
            Part("1 purchase cost " if count == "1" else f"{count} purchases cost "),
            each,
            Part("." if count == "1" else " each."),
        ]
    if abs(growth) < _WORTH_TELLING:
        return [Part("Purchases stayed level, and each one cost "), each, Part(".")]
    verb = "grew" if growth > 0 else "fell"
    return [Part(f"Purchases {verb} by {formats.percent(abs(growth))}, and each one cost "), each, Part(".")]


def _several(page: Performance) -> list[Part]:
    figures = page.figures
    if not figures.current.purchases:
        shown = formats.compact(figures.current.impressions)
        told = _no_purchases(page, figures.current)
        return [Part(f"{shown} impressions", "b"), Part(f" {_when(page)}. {told}")]
    count = formats.integer(figures.current.purchases)
    return [
        Part("1 purchase" if count == "1" else f"{count} purchases", "b"),
        Part(f" {_when(page)}{_compared(page, figures.growth('purchases'))}"),
        *_costs(page),
    ]


def _costs(page: Performance) -> list[Part]:
    """In which currencies purchases became cheaper, and in which dearer."""
    growths = {group.currency: group.figures.growth("cpp") for group in page.groups}
    known = {_name(currency): growth for currency, growth in growths.items() if growth is not None}
    cheaper = [name for name, growth in known.items() if growth <= -_WORTH_TELLING]
    dearer = [name for name, growth in known.items() if growth >= _WORTH_TELLING]
    if cheaper and dearer:
        return [Part(f" They became cheaper in {_listed(cheaper)}, dearer in {_listed(dearer)}.")]
    if cheaper or dearer:
        return [Part(f" They became {'cheaper' if cheaper else 'dearer'} in {_listed(cheaper or dearer)}.")]
    return []


def _compared(page: Performance, growth: Decimal | None) -> str:
    if growth is None or page.spans.before is None:
        return "."
    than = _than(page.spans.before.length, page.question.versus)
    tail = " (complete days)" if page.spans.partial else ""
    if abs(growth) < _WORTH_TELLING:
        return f", as much as {than}{tail}."
    return f", {formats.percent(abs(growth))} {'more' if growth > 0 else 'less'} than {than}{tail}."


def _than(days: int, versus: str) -> str:
    if versus == "year":
        return "on the same day last year" if days == 1 else "on the same days last year"
    return "on the day before" if days == 1 else f"in the {days} days before"


def _when(page: Performance) -> str:
    span = page.spans.current
    if span.length > 1:
        return f"in {span.length} days"
    return f"on {formats.day(span.since)}{' so far' if page.spans.partial else ''}"


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


def _stopped(page: Performance) -> list[Part]:
    """Ad accounts that delivered in these days and may not any more."""
    delivered = {row.account for row in page.campaigns}
    stopped = sorted((one for one in delivered if not one.status.delivers), key=str)
    if len(stopped) == 1:
        return [Part(f"{stopped[0]} has stopped ({stopped[0].status_word.lower()})", "crit")]
    return [Part(f"{len(stopped)} ad accounts have stopped", "crit")] if stopped else []


def _late(states: Iterable[Freshness]) -> list[Part]:
    """What is wrong with the numbers, worst first; many accounts with the same trouble are one part."""
    wrong = [state for state in states if state.kind in {"crit", "warn"}]
    grouped: dict[tuple[str, str], list[Freshness]] = {}
    for state in sorted(wrong, key=lambda state: (state.kind != "crit", str(state.account))):
        key = (state.kind, "is behind" if "behind" in state.words else state.words)
        grouped.setdefault(key, []).append(state)
    return [_trouble(kind, group) for (kind, _), group in grouped.items()]


def _trouble(kind: str, group: list[Freshness]) -> Part:
    if len(group) == 1:
        return Part(f"{group[0].account} {group[0].words}", kind)
    words = group[0].words
    if "behind" in words:
        return Part(f"{len(group)} ad accounts are behind", kind)
    plural = words.replace("is ", "are ", 1).replace("was ", "were ", 1).replace("waits", "wait", 1)
    return Part(f"{len(group)} ad accounts {plural}", kind)
