"""The KPI strip: six figures, each a link that chooses the chart's metric."""

from collections.abc import Callable
from decimal import Decimal

from apps.ui import formats
from apps.ui.parts import Good, Kpi, KpiLine

from .figures import METRICS, Metric
from .performance import CurrencyGroup, Performance

_GOOD: dict[int, Good] = {1: "up", -1: "down", 0: None}
_SIDE_BY_SIDE = ["spend", "cpp", "roas", "purchases", "impressions", "ctr"]
_ONE_CURRENCY = ["spend", "purchases", "cpp", "roas", "ctr", "cpm"]


def cells(page: Performance, address: Callable[[str], str]) -> list[Kpi]:
    """`address` turns a metric's name into the address that charts it."""
    names = _SIDE_BY_SIDE if page.side_by_side else _ONE_CURRENCY
    return [_cell(page, METRICS[name], address(name)) for name in names]


def _cell(page: Performance, metric: Metric, url: str) -> Kpi:
    current = page.question.metric == metric.name
    if page.side_by_side and metric.is_money:
        lines = [_line(group, metric) for group in page.groups]
        return Kpi(metric.label, url, current, good=_GOOD[metric.better], lines=lines)
    group = page.groups[0] if len(page.groups) == 1 else None
    figures = group.figures if group else page.figures
    days = group.days if group else page.days
    complete = page.spans.complete
    return Kpi(
        metric.label,
        url,
        current,
        value=_text(metric, metric.of(figures.current), group.currency if group else "", whole=True)
        if page.groups
        else formats.MISSING,
        change=figures.growth(metric.name),
        good=_GOOD[metric.better],
        note=_note(page, metric, group),
        spark=[metric.of(days[day]) if day in days else None for day in complete] if complete else [],
    )


def _line(group: CurrencyGroup, metric: Metric) -> KpiLine:
    return KpiLine(
        value=_text(metric, metric.of(group.figures.current), group.currency, whole=metric.name == "spend"),
        change=group.figures.growth(metric.name),
        good=_GOOD[metric.better],
        # A ratio has no symbol that would tell its currency.
        unit=group.currency if metric.unit == "ratio" else "",
    )


def _text(metric: Metric, value: Decimal | int | None, currency: str, *, whole: bool) -> str:
    match metric.unit:
        case "money":
            return formats.money_whole(value, currency) if whole else formats.money(value, currency)
        case "percent":
            return formats.ctr(value)
        case "ratio":
            return formats.roas(value)
        case _:
            return formats.compact(value) if value and value >= 1_000_000 else formats.integer(value)


def _note(page: Performance, metric: Metric, group: CurrencyGroup | None) -> str:
    if not page.groups:
        return ""
    figures = (group.figures if group else page.figures).current
    match metric.name:
        case "spend":
            return _a_day(page, group) if group else ""
        case "ctr":
            return f"{formats.compact(figures.clicks)} clicks"
        case "cpm":
            return f"{formats.compact(figures.impressions)} impressions"
        case "roas":
            if group is None or figures.value is None:
                return ""
            return f"value {formats.compact(figures.value, group.currency)}"
        case "cpp":
            return "lower is better"
        case "purchases" if page.question.attribution.windows:
            return page.question.attribution.label
        case _:
            accounts = len(page.accounts)
            return "1 account" if accounts == 1 else f"{accounts} accounts"


def _a_day(page: Performance, group: CurrencyGroup) -> str:
    complete = page.spans.complete
    if complete is None or complete.length == 1:
        return ""
    return f"{formats.money_whole(group.figures.complete.spend / complete.length, group.currency)} a day"
