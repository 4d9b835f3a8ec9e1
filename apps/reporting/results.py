"""What the performance page shows of an answer: the context of `reporting/_results.html`."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from apps.connections.models import AdAccount
from apps.ui import formats

from . import attribution, campaign_table, charts, forms, periods, strip, trust, verdict
from .arguments import earliest
from .attribution import Attribution
from .figures import METRICS
from .models import SyncRun
from .performance import Performance
from .periods import Period

# With fewer there is no line to draw.
FEWEST_POINTS = 3


def context(
    request: HttpRequest, found: Performance, visible: list[AdAccount], told: list[str]
) -> dict[str, Any]:
    rows, note = campaign_table.page_of(found)
    return {
        "found": found,
        "question": found.question,
        "here": request.get_full_path(),
        "told": [*told, *([note] if note else [])],
        "verdict": verdict.compose(found),
        "kpis": strip.cells(found, lambda metric: address(request, metric=metric)),
        "beyond_memory": found.spans.windows[0].since < earliest(_today(found)),
        "syncing": SyncRun.objects.open().filter(account__in=found.question.accounts).exists(),
        "oldest": min((state.at for state in found.freshness.values() if state.at), default=None),
        "rows": rows,
        "sections": campaign_table.sections(found, rows),
        "heads": campaign_table.heads(found.question, lambda sort: address(request, sort=sort)),
        "table_total": campaign_table.total(found),
        "kept": [(name, values) for name, values in request.GET.lists() if name not in {"q", "page"}],
        **_filters(found, visible),
        **_pictures(found),
        **trust.of_performance(found),
    }


def address(request: HttpRequest, **changes: str) -> str:
    """The page's address with some of its words changed; an empty word is left out."""
    query = request.GET.copy()
    query.pop("page", None)
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"{reverse('reporting:performance')}{'?' if query else ''}{query.urlencode()}"


def by_currency(accounts: list[AdAccount]) -> dict[str, int]:
    """How many there are in each currency, the most first."""
    counts: dict[str, int] = {}
    for account in accounts:
        counts[account.currency] = counts.get(account.currency, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _filters(found: Performance, visible: list[AdAccount]) -> dict[str, Any]:
    question = found.question
    chosen = {account.pk for account in question.accounts}
    return {
        "visible": [(account, account.pk in chosen) for account in visible],
        "currencies": by_currency(question.accounts),
        "presets": periods.PRESETS,
        "comparisons": forms.COMPARISONS,
        "attributions": _attributions(found),
        "groupings": forms.GROUPINGS,
        "objectives": _objectives(found),
        "narrowed": _narrowed(found),
        "earlier": _earlier(found),
        "later": _later(found),
    }


def _attributions(found: Performance) -> list[Attribution]:
    """Those that can be chosen, and the one that is."""
    chosen = found.question.attribution
    return [*attribution.CHOICES, *([] if chosen in attribution.CHOICES else [chosen])]


def _objectives(found: Performance) -> list[tuple[str, str]]:
    """Those that can be chosen, and the one that is."""
    names = {*found.objectives, found.question.objective} - {""}
    return sorted((name, charts.objective_name(name)) for name in names)


def _narrowed(found: Performance) -> str:
    """What the campaigns are narrowed to, in words."""
    question = found.question
    words = {state.key: state.word for state in found.deliveries}
    return ", ".join(
        [
            *([charts.objective_name(question.objective)] if question.objective else []),
            *([words.get(question.delivery, question.delivery)] if question.delivery else []),
        ]
    )


def _earlier(found: Performance) -> Period | None:
    """One length earlier, as far as Meta's memory goes."""
    span = found.spans.current
    before = span.shifted(-span.length)
    return before if before.since >= earliest(_today(found)) else None


def _later(found: Performance) -> Period | None:
    """One length later, or up to today."""
    span = found.spans.current
    days = min(span.length, (_today(found) - span.until).days)
    return span.shifted(days) if days > 0 else None


def _today(found: Performance) -> date:
    return min((account.today() for account in found.question.accounts), default=found.spans.current.until)


def _pictures(found: Performance) -> dict[str, Any]:
    chart, ranking = charts.over_time(found), charts.ranked(found)
    metric, question, span = METRICS[found.question.metric], found.question, found.spans.current
    step, versus = "week" if question.weekly else "day", found.spans.versus
    grouping = forms.GROUPINGS[question.by].lower()
    return {
        "chart": chart,
        "chart_title": f"{metric.label} per {step}",
        "chart_attributed": metric.attributed,
        "chart_label": charts.sentence(found, chart),
        "chart_before": charts.name_before(found, versus) if versus and charts.shows_before(chart) else "",
        "few_points": charts.few_points(found, chart) if len(chart.days) < FEWEST_POINTS else None,
        "ranking": ranking,
        "ranking_title": f"{ranking.name} by {grouping}",
        "ranking_label": f"{ranking.name} by {grouping}, {formats.period(span.since, span.until)}",
    }
