"""From answers to figures: no query and no request here, so that a list tests them."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from apps.ui import charts, formats
from apps.ui.charts import Band, Before, Figure, Format, Multi, Panel, Ranking, Trend

from .figures import METRICS, Metric, Totals, sum_of
from .performance import Compared, CurrencyGroup, Performance
from .periods import Period

Days = dict[date, Totals]
_RANKED = 8


def over_time(page: Performance) -> Figure:
    """The chosen metric per day or week: one line, or one panel per currency where money is side by side."""
    metric = METRICS[page.question.metric]
    if metric.is_money and page.side_by_side:
        return _panels(page, metric)
    group = page.groups[0] if len(page.groups) == 1 else None
    days = group.days if group else page.days()
    before = group.days_before if group else _together(page)
    axis = _axis(page)
    return Trend(
        name=formats.period(page.spans.current.since, page.spans.current.until, year=False),
        days=[bucket.since for bucket in axis],
        values=[_value(metric, days, bucket) for bucket in axis],
        format=_format(metric, group.currency if group else ""),
        before=_before(page, metric, before, axis),
        partial=_partial(page, axis),
        step="week" if page.question.weekly else "day",
    )


def _panels(page: Performance, metric: Metric) -> Multi:
    axis = _axis(page)
    return Multi(
        days=[bucket.since for bucket in axis],
        panels=[
            Panel(
                name=group.currency,
                label=f"{group.currency}, {_accounts(group)}",
                values=[_value(metric, group.days, bucket) for bucket in axis],
                format=_format(metric, group.currency),
                before=_before(page, metric, group.days_before, axis),
            )
            for group in page.groups
        ],
        partial=_partial(page, axis),
        step="week" if page.question.weekly else "day",
    )


def _accounts(group: CurrencyGroup) -> str:
    return "1 account" if len(group.accounts) == 1 else f"{len(group.accounts)} accounts"


def _axis(page: Performance) -> list[Period]:
    """The buckets of the time axis: days, or weeks that begin with the period's first day."""
    current = page.spans.current
    if not page.question.weekly:
        return [Period(day, day) for day in current]
    starts = range(0, current.length, 7)
    return [
        Period(current.since + timedelta(days=n), min(current.since + timedelta(days=n + 6), current.until))
        for n in starts
    ]


def _value(metric: Metric, days: Days, bucket: Period) -> Decimal | int | None:
    """None where nothing is stored: a gap is not a zero."""
    found = [days[day] for day in bucket if day in days]
    return metric.of(sum_of(found)) if found else None


def _before(page: Performance, metric: Metric, days: Days, axis: list[Period]) -> Before | None:
    versus = page.spans.versus
    if versus is None:
        return None
    back = (versus.since - page.spans.current.since).days
    shifted = [bucket.shifted(back) for bucket in axis]
    return Before(
        name=formats.period(versus.since, versus.until, year=False),
        values=[_value(metric, days, bucket) for bucket in shifted],
        days=[bucket.since for bucket in shifted],
    )


def _together(page: Performance) -> Days:
    together: Days = {}
    for group in page.groups:
        for day, totals in group.days_before.items():
            together[day] = together.get(day, Totals()) + totals
    return together


def _partial(page: Performance, axis: list[Period]) -> list[Band]:
    """The buckets that hold days which are not over yet in every account's own zone."""
    complete = page.spans.complete
    open_ = [bucket for bucket in axis if complete is None or bucket.until > complete.until]
    if not open_:
        return []
    text = "this week" if page.question.weekly else "today" if len(open_) == 1 else "not over yet"
    return [Band(open_[0].since, open_[-1].since, text)]


def _format(metric: Metric, currency: str) -> Format:
    return {
        "money": charts.money(currency),
        "count": charts.COUNT,
        "percent": charts.CTR,
        "ratio": charts.RATIO,
    }[metric.unit]


def sentence(page: Performance, figure: Figure) -> str:
    """What the picture shows, for those who do not see it."""
    metric = METRICS[page.question.metric]
    step = "week" if page.question.weekly else "day"
    span = formats.period(page.spans.current.since, page.spans.current.until)
    text = f"{metric.label} per {step}, {span}"
    if isinstance(figure, Multi):
        names = ", ".join(panel.name for panel in figure.panels)
        text = f"{len(figure.panels)} charts on one time axis, one per currency ({names}): {text}"
    if page.spans.versus:
        text += f", against {formats.period(page.spans.versus.since, page.spans.versus.until)}"
    return text


def ranked(page: Performance) -> Ranking:
    """By objective or ad account: purchases where currencies stand side by side, money inside one of them."""
    name: Callable[..., str] = (
        (lambda row: str(row.account))
        if page.question.by == "account"
        else (lambda row: objective_name(row.objective))
    )
    parts: dict[str, Compared] = {}
    for row in page.campaigns:
        key = name(row)
        parts[key] = parts[key] + row.figures if key in parts else row.figures
    currency = page.groups[0].currency if len(page.groups) == 1 else ""
    measure = "spend" if currency else "purchases"
    ordered = sorted(parts.items(), key=lambda item: (-getattr(item[1].current, measure), item[0]))
    shown, rest = ordered[:_RANKED], ordered[_RANKED:]
    if rest:
        together = rest[0][1]
        for _, figures in rest[1:]:
            together += figures
        shown.append((f"Other ({len(rest)})", together))
    return _ranking(page, shown, measure, currency)


def _ranking(page: Performance, shown: list[tuple[str, Compared]], measure: str, currency: str) -> Ranking:
    now = [figures.current for _, figures in shown]
    if currency:
        columns = [
            charts.Column("Spend", [formats.compact(totals.spend, currency) for totals in now]),
            charts.Column("ROAS", [formats.roas(totals.roas) for totals in now]),
        ]
    else:
        columns = [
            charts.Column("Purch.", [formats.integer(totals.purchases) for totals in now]),
            charts.Column("CTR", [formats.ctr(totals.ctr) for totals in now]),
        ]
    before = None
    if page.spans.versus and all(figures.before for _, figures in shown):
        values = [getattr(figures.before, measure) for _, figures in shown]
        before = Before(name="before", values=values)
    return Ranking(
        name=METRICS[measure].label,
        rows=[name for name, _ in shown],
        values=[getattr(totals, measure) for totals in now],
        format=charts.money(currency) if currency else charts.COUNT,
        before=before,
        columns=columns,
    )


def objective_name(objective: str) -> str:
    """`OUTCOME_APP_PROMOTION` → `App promotion`; objectives of before 2022 say that they are legacy."""
    if not objective:
        return "Not listed"
    name = objective.removeprefix("OUTCOME_").replace("_", " ").capitalize()
    return name if objective.startswith("OUTCOME_") else f"{name} (legacy)"
