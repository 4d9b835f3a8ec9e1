from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from apps.connections.models import AdAccount
from apps.ui import formats
from apps.ui.access import page, wants_partial

from . import charts, forms, freshness, periods, strip, tasks, verdict
from . import performance as answers
from .export import as_csv
from .figures import METRICS
from .models import SyncRun
from .performance import CampaignRow, Compared, Performance, major
from .sync import request as request_sync

ROWS_PER_PAGE = 100
RUNS_SHOWN = 50


@page()
def home(request: HttpRequest) -> HttpResponse:
    """Where a person who has just signed in starts."""
    if request.user.has_perm("team.view_performance"):
        return redirect("reporting:performance")
    raise PermissionDenied("team.view_performance")


@page("team.view_performance")
def performance(request: HttpRequest) -> HttpResponse:
    form = forms.PerformanceForm(request.GET, visible=_visible(request))
    found = answers.answer(form.question())
    template = "reporting/_results.html" if wants_partial(request) else "reporting/performance.html"
    return render(request, template, _performance_context(request, found, form.told))


@page("team.view_performance")
def performance_csv(request: HttpRequest) -> HttpResponse:
    """The campaign table as it is shown, all of its pages, as CSV."""
    form = forms.PerformanceForm(request.GET, visible=_visible(request))
    found = answers.answer(form.question())
    span = found.spans.current
    response = StreamingHttpResponse(
        as_csv(_table_lines(found.campaigns), _TABLE_COLUMNS), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="campaigns-{span.since}-{span.until}.csv"'
    return response


@page("team.sync_accounts", methods=["POST"])
def sync_shown(request: HttpRequest) -> HttpResponse:
    """Queue a sync of what the performance page shows."""
    form = forms.PerformanceForm(request.POST, visible=_visible(request))
    question = form.question()
    span = question.period.compared_with(question.versus) or question.period
    return _queue(request, question.accounts, min(span.since, question.period.since), question.period.until)


@page("team.sync_accounts", methods=["POST"])
def sync_account(request: HttpRequest, act: str) -> HttpResponse:
    account = _account(request, act)
    today = account.today()
    return _queue(request, [account], today - timedelta(days=27), today)


@page("team.view_accounts")
def accounts(request: HttpRequest) -> HttpResponse:
    visible = _visible(request)
    states = freshness.of(visible)
    rows = [{"account": account, "freshness": states[account.pk]} for account in visible]
    context = {
        "rows": rows,
        "groups": _by_currency(visible),
        "sentence": verdict.of_accounts(list(states.values())),
    }
    return render(request, "reporting/accounts.html", context)


@page("team.view_accounts")
def account(request: HttpRequest, act: str) -> HttpResponse:
    account = _account(request, act)
    runs = account.sync_runs.select_related("asked_by").order_by("-queued_at", "-pk")[:RUNS_SHOWN]
    context = {
        "account": account,
        "freshness": freshness.of([account])[account.pk],
        "runs": runs,
        "reach": account.reach.filter(lost_at=None).select_related("connection"),
        "local_today": account.today(),
        "spent": major(account.amount_spent, account),
        "cap": major(account.spend_cap, account),
    }
    return render(request, "reporting/account.html", context)


def _visible(request: HttpRequest) -> list[AdAccount]:
    return list(AdAccount.objects.visible_to(request.user).in_order())


def _account(request: HttpRequest, act: str) -> AdAccount:
    """The account, or a 404 that does not tell whether somebody else can see it."""
    return get_object_or_404(AdAccount.objects.visible_to(request.user), meta_id=act.removeprefix("act_"))


def _by_currency(accounts: list[AdAccount]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for account in accounts:
        counts[account.currency] = counts.get(account.currency, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _queue(request: HttpRequest, accounts: list[AdAccount], since: date, until: date) -> HttpResponse:
    if accounts:
        runs = request_sync(accounts, SyncRun.Reason.PAGE, since=since, until=until, by=request.user)
        tasks.nudge(runs)
        many = "1 ad account is" if len(runs) == 1 else f"{len(runs)} ad accounts are"
        span = formats.period(since, until)
        messages.success(request, f"{many} queued for {span}. The numbers change here as they arrive.")
    else:
        messages.warning(request, "There is no ad account to sync. Connect a token first.")
    back = request.POST.get("next", "")
    local = url_has_allowed_host_and_scheme(back, allowed_hosts=None, require_https=request.is_secure())
    return redirect(back if local and back.startswith("/") else reverse("reporting:performance"))


def _performance_context(request: HttpRequest, found: Performance, told: list[str]) -> dict[str, Any]:
    question = found.question
    shown, note = _page_of(found.campaigns, question.page)
    states = [state for state in found.freshness.values() if state.at]
    metric = METRICS[question.metric]
    chart, ranking = charts.over_time(found), charts.ranked(found)
    span = formats.period(found.spans.current.since, found.spans.current.until)
    return {
        "found": found,
        "question": question,
        "told": [*told, *([note] if note else [])],
        "verdict": verdict.compose(found),
        "kpis": strip.cells(found, lambda metric: _address(request, metric=metric)),
        "metric": metric,
        "chart": chart,
        "chart_title": f"{metric.label} per {'week' if question.weekly else 'day'}",
        "chart_label": charts.sentence(found, chart),
        "ranking": ranking,
        "ranking_label": f"{ranking.name} by {forms.GROUPINGS[question.by].lower()}, {span}",
        "rows": shown,
        "sections": list(_sections(found, shown)),
        "columns": _columns(request, question),
        "visible": _visible_choices(request, question),
        "currencies": _by_currency(question.accounts),
        "presets": periods.PRESETS,
        "comparisons": forms.COMPARISONS,
        "groupings": forms.GROUPINGS,
        "objectives": [(objective, charts.objective_name(objective)) for objective in found.objectives],
        "shift": _shifts(found),
        "oldest": min((state.at for state in states), default=None),
        "unsynced": _unsynced(found),
        "kept": [(name, values) for name, values in request.GET.lists() if name not in {"q", "page"}],
        "table_total": _total(found),
        "here": request.get_full_path(),
        "syncing": SyncRun.objects.open().filter(account__in=question.accounts).exists(),
    }


def _visible_choices(request: HttpRequest, question: forms.Question) -> list[tuple[AdAccount, bool]]:
    chosen = {account.pk for account in question.accounts}
    return [(account, account.pk in chosen) for account in _visible(request)]


def _address(request: HttpRequest, **changes: str) -> str:
    """This view's address with some of its words changed; an empty word is left out."""
    query = request.GET.copy()
    query.pop("page", None)
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"{reverse('reporting:performance')}{'?' if query else ''}{query.urlencode()}"


def _page_of(rows: list[CampaignRow], asked: str) -> tuple[Page[CampaignRow], str]:
    """The page asked for, or the nearest there is, with a sentence where that is another one."""
    paginator = Paginator(rows, ROWS_PER_PAGE)
    shown = paginator.get_page(asked)
    if asked == str(shown.number):
        return shown, ""
    pages = "one page" if paginator.num_pages == 1 else f"{paginator.num_pages} pages"
    return (
        shown,
        f"There is {pages} of campaigns; page {shown.number} is shown."
        if paginator.num_pages == 1
        else (f"There are {pages} of campaigns; page {shown.number} is shown."),
    )


def _sections(found: Performance, shown: Page[CampaignRow]) -> Iterator[dict[str, Any]]:
    """The page's rows under their currency, whose subtotal is of all its campaigns."""
    here = {id(row) for row in shown.object_list}
    for group in found.groups:
        rows = [row for row in group.campaigns if id(row) in here]
        if rows:
            total = sum((row.figures for row in group.campaigns[1:]), group.campaigns[0].figures)
            yield {"group": group, "rows": rows, "total": total}


def _total(found: Performance) -> Compared:
    """The sum of the table's campaigns; across currencies only its counts mean anything."""
    figures = [row.figures for row in found.campaigns]
    return sum(figures[1:], figures[0]) if figures else Compared()


_HEADS = [
    ("name", "Campaign", False, ""),
    ("delivery", "Delivery", False, ""),
    ("budget", "Budget / day", True, "hide-s"),
    ("spend", "Spend", True, ""),
    ("impressions", "Impr.", True, ""),
    ("ctr", "CTR", True, ""),
    ("purchases", "Purch.", True, ""),
    ("cpp", "Cost / purch.", True, ""),
    ("roas", "ROAS", True, ""),
    ("delta", "Δ ROAS", True, ""),
]


def _columns(request: HttpRequest, question: forms.Question) -> list[dict[str, Any]]:
    """The table's heads: each a link that sorts, the sorted one the other way round."""
    columns = []
    for name, label, numeric, extra in _HEADS:
        sorted_ = question.sort == name
        # Numbers begin with the largest, words with A.
        descending = not question.descending if sorted_ else numeric
        columns.append(
            {
                "label": label,
                "classes": " ".join(
                    filter(None, ["num" if numeric else "", "wname" if name == "name" else "", extra])
                ),
                "sorted": ("descending" if question.descending else "ascending") if sorted_ else "",
                "url": _address(request, sort=f"{'-' if descending else ''}{name}"),
            }
        )
    return columns


def _shifts(found: Performance) -> list[periods.Period]:
    """The period one length earlier, and one later unless that is in the future."""
    span = found.spans.current
    later = span.shifted(span.length)
    today = max((account.today() for account in found.question.accounts), default=span.until)
    return [span.shifted(-span.length), *([later] if later.since <= today else [])]


def _unsynced(found: Performance) -> list[AdAccount]:
    """Accounts whose numbers do not reach back to the period's first day."""
    since = found.spans.current.since
    return [
        state.account
        for state in found.freshness.values()
        if state.earliest is not None and state.earliest > since
    ]


_TABLE_COLUMNS = [
    "account_id", "account_name", "campaign_id", "campaign_name", "objective", "delivery", "account_currency",
    "daily_budget", "spend", "impressions", "clicks", "purchases", "purchase_value",
]  # fmt: skip


def _table_lines(rows: list[CampaignRow]) -> Iterator[dict[str, Any]]:
    for row in rows:
        totals = row.figures.current
        yield {
            "account_id": row.account.meta_id,
            "account_name": row.account.name,
            "campaign_id": row.meta_id,
            "campaign_name": row.name,
            "objective": row.objective,
            "delivery": row.delivery.word,
            "account_currency": row.account.currency,
            "daily_budget": "" if row.daily_budget is None else f"{row.daily_budget:f}",
            "spend": f"{totals.spend:f}",
            "impressions": totals.impressions,
            "clicks": totals.clicks,
            "purchases": f"{totals.purchases:f}",
            "purchase_value": f"{totals.value:f}",
        }
