"""From answers to figures: no query and no request here, so that a list tests them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from apps.ui import charts, formats
from apps.ui.charts import Band, Before, Column, Format, Multi, Panel, Ranking, Table, Trend

from .figures import METRICS, Metric, Totals, sum_of
from .performance import CampaignRow, Compared, CurrencyGroup, Days, Performance, all_of
from .periods import Period

_RANKED = 8
_WEEK = 7


def over_time(page: Performance) -> Trend | Multi:
    """The chosen metric per day or week: one line, or one panel per currency where money is side by side."""
    metric = METRICS[page.question.metric]
    if metric.is_money and page.side_by_side:
        return _panels(page, metric)
    group = page.groups[0] if len(page.groups) == 1 else None
    axis = _axis(page)
    return Trend(
        name=formats.period(page.spans.current.since, page.spans.current.until, year=False),
        days=[bucket.since for bucket in axis],
        values=_values(metric, group.days if group else page.days, axis),
        format=_format(metric, group.currency if group else ""),
        before=_before(page, metric, page.days_before, axis) if page.compared else None,
        partial=_partial(page, axis),
        step="week" if page.question.weekly else "day",
    )


def few_points(page: Performance, figure: Trend | Multi) -> Table:
    """A line for each line of a picture that would have too few points, the days side by side."""
    lines = (
        [(panel.label, panel) for panel in figure.panels]
        if isinstance(figure, Multi)
        else [(METRICS[page.question.metric].label, figure)]
    )
    before = next((line.before.days for _, line in lines if line.before), [])
    heads = [_head(day, figure.partial) for day in figure.days] + [_head(day) for day in before]
    rows = [
        (
            name,
            [
                line.format.text(value)
                for value in [*line.values, *(line.before.values if line.before else [])]
            ],
        )
        for name, line in lines
    ]
    return Table(
        ["", *heads], [(name, cells + [formats.MISSING] * (len(heads) - len(cells))) for name, cells in rows]
    )


def _head(day: date, partial: Sequence[Band] = ()) -> str:
    text = formats.day(day, weekday=True, year=True)
    return f"{text}, so far" if any(band.covers(day) for band in partial) else text


def _panels(page: Performance, metric: Metric) -> Multi:
    axis = _axis(page)
    return Multi(
        days=[bucket.since for bucket in axis],
        panels=[
            Panel(
                name=group.currency,
                label=f"{group.currency}, {_accounts(group)}",
                values=_values(metric, group.days, axis),
                format=_format(metric, group.currency),
                before=_before(page, metric, group.days_before, axis) if group.compared else None,
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
    length = _WEEK if page.question.weekly else 1
    starts = [current.since + timedelta(days=n) for n in range(0, current.length, length)]
    return [Period(start, min(start + timedelta(days=length - 1), current.until)) for start in starts]


def _values(metric: Metric, days: Days, axis: list[Period]) -> list[Decimal | int | None]:
    """None where nothing is stored: a gap is not a zero."""
    found = ([days[day] for day in bucket if day in days] for bucket in axis)
    return [metric.of(sum_of(totals)) if totals else None for totals in found]


def _before(page: Performance, metric: Metric, days: Days, axis: list[Period]) -> Before | None:
    versus = page.spans.versus
    if versus is None:
        return None
    back = (versus.since - page.spans.current.since).days
    shifted = [bucket.shifted(back) for bucket in axis]
    return Before(
        name=name_before(page, versus),
        values=_values(metric, days, shifted),
        days=[bucket.since for bucket in shifted],
    )


def name_before(page: Performance, span: Period) -> str:
    """`29 Sep – 26 Oct`; with its year where that is another one."""
    return formats.period(span.since, span.until, year=span.until.year != page.spans.current.until.year)


def _partial(page: Performance, axis: list[Period]) -> list[Band]:
    """The buckets that are not whole: their days are not over in every account's zone, or a week has too few."""
    partial, last = page.spans.partial, axis[-1]
    if partial is None:
        short = page.question.weekly and last.length < _WEEK
        return [Band(last.since, last.since, _days(last.length))] if short else []
    since = next(bucket.since for bucket in axis if bucket.until >= partial.since)
    today = "this week" if page.question.weekly else "today"
    return [Band(since, last.since, today if since == last.since else "not over yet")]


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _format(metric: Metric, currency: str) -> Format:
    return {
        "money": charts.money(currency),
        "count": charts.COUNT,
        "percent": charts.CTR,
        "ratio": charts.RATIO,
    }[metric.unit]


def sentence(page: Performance, figure: Trend | Multi) -> str:
    """What the picture shows, for those who do not see it."""
    metric = METRICS[page.question.metric]
    step = "week" if page.question.weekly else "day"
    span = formats.period(page.spans.current.since, page.spans.current.until)
    text = f"{metric.label} per {step}, {span}"
    if isinstance(figure, Multi):
        names = ", ".join(panel.name for panel in figure.panels)
        text = f"{len(figure.panels)} charts on one time axis, one per currency ({names}): {text}"
    if page.spans.versus and shows_before(figure):
        text += f", against {formats.period(page.spans.versus.since, page.spans.versus.until)}"
    return text


def shows_before(figure: Trend | Multi) -> bool:
    if isinstance(figure, Multi):
        return any(panel.before for panel in figure.panels)
    return figure.before is not None


def ranked(page: Performance) -> Ranking:
    """By objective or ad account: purchases where currencies stand side by side, money inside one of them."""
    currency = page.groups[0].currency if len(page.groups) == 1 else ""
    measure = "spend" if currency else "purchases"
    parts = [(name, all_of(row.figures for row in rows)) for name, rows in _parts(page)]
    parts.sort(key=lambda part: (-(getattr(part[1].current, measure) or 0), part[0]))
    # One that is left over may as well be named.
    shown, rest = (parts[:_RANKED], parts[_RANKED:]) if len(parts) > _RANKED + 1 else (parts, [])
    if rest:
        shown.append((f"Other ({len(rest)})", all_of(figures for _, figures in rest)))
    totals = [figures.current for _, figures in shown]
    return Ranking(
        name=METRICS[measure].label,
        rows=[name for name, _ in shown],
        values=[getattr(one, measure) for one in totals],
        format=charts.money(currency) if currency else charts.COUNT,
        before=_before_each(page, [figures for _, figures in shown], measure),
        columns=_columns(totals, currency),
    )


def _parts(page: Performance) -> list[tuple[str, list[CampaignRow]]]:
    """The campaigns under what they are ranked by, each with a name of its own."""
    by_account = page.question.by == "account"
    rows: dict[str, list[CampaignRow]] = defaultdict(list)
    names: dict[str, str] = {}
    for group in page.groups:
        for row in [*group.campaigns, *group.ended]:
            key = row.account.act_id if by_account else row.objective
            rows[key].append(row)
            names[key] = str(row.account) if by_account else objective_name(row.objective)
    often = Counter(names.values())
    return [
        (names[key] if often[names[key]] == 1 else f"{names[key]} …{key[-4:]}", found)
        for key, found in rows.items()
    ]


def _before_each(page: Performance, shown: list[Compared], measure: str) -> Before | None:
    span = page.spans.before
    before = [figures.before for figures in shown if figures.before is not None]
    if span is None or len(before) < len(shown):
        return None
    return Before(name=name_before(page, span), values=[getattr(totals, measure) for totals in before])


def _columns(totals: list[Totals], currency: str) -> list[Column]:
    if currency:
        return [
            Column("Spend", [formats.compact(one.spend, currency) for one in totals]),
            Column("ROAS", [formats.roas(one.roas) for one in totals]),
        ]
    return [
        Column("Purch.", [formats.integer(one.purchases) for one in totals]),
        Column("CTR", [formats.ctr(one.ctr) for one in totals]),
    ]


def objective_name(objective: str) -> str:
    """`OUTCOME_APP_PROMOTION` → `App promotion`, and the same for those of before 2022, like `LINK_CLICKS`."""
    if not objective:
        return "Not listed"
    return objective.removeprefix("OUTCOME_").replace("_", " ").capitalize()
