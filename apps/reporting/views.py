from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from apps.connections import history, paths
from apps.connections.models import AdAccount
from apps.team import audit
from apps.ui import formats
from apps.ui.access import page, wants_partial

from . import campaign_table, freshness, refresh, results, together, trust, verdict, visible
from .answers import answer
from .campaigns import major
from .export import as_csv
from .forms import PerformanceForm
from .performance import Spans
from .periods import Period
from .sync import RESTATED_DAYS

RUNS_SHOWN = 50


@page("team.view_performance")
def performance(request: HttpRequest) -> HttpResponse:
    form = PerformanceForm(request.GET, visible=_visible(request))
    found = answer(form.question())
    template = "reporting/_results.html" if wants_partial(request) else "reporting/performance.html"
    return render(request, template, results.context(request, found, form.visible, form.told))


@page("team.view_performance")
def performance_csv(request: HttpRequest) -> HttpResponse:
    """The campaign table as it is shown, all of its pages, as CSV. Who took which days of what stands in the trail."""
    form = PerformanceForm(request.GET, visible=_visible(request))
    question = form.question()
    found = answer(question)
    span = found.spans.current
    lines = as_csv(campaign_table.csv_records(found), campaign_table.CSV_COLUMNS)
    by: Any = request.user
    taken = f"{span.since} to {span.until}, {history.named(question.accounts_shown)}"
    audit.record("performance.exported", by=by, thing="campaigns", detail=taken, request=request)
    response = HttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="campaigns-{span.since}-{span.until}.csv"'
    return response


@page("team.sync_accounts", methods=["POST"])
def sync_shown(request: HttpRequest) -> HttpResponse:
    """Queue a sync of what the performance page shows and compares with."""
    form = PerformanceForm(request.POST, visible=_visible(request))
    question = form.question()
    if form.told:
        # Better nothing than other accounts or days than were meant.
        messages.warning(request, f"{' '.join(form.told)} Nothing was queued.")
        return _back(request)
    return _queue(request, question.accounts, Spans.of(question).windows)


@page("team.sync_accounts", methods=["POST"])
def sync_account(request: HttpRequest, act: str) -> HttpResponse:
    account = visible.account(request, act)
    return _queue(request, [account], [Period.ending(account.today(), RESTATED_DAYS)])


@page("team.view_accounts")
def accounts(request: HttpRequest) -> HttpResponse:
    seen = _visible(request)
    states, ways = freshness.of(seen), paths.to(seen)
    context = {
        "rows": [
            {"account": account, "freshness": states[account.pk], "ways": ways[account.pk]}
            for account in seen
        ],
        "groups": results.by_currency(seen),
        "sentence": verdict.of_accounts(list(states.values())),
        "fill": together.Fill.since(timezone.now() - timedelta(days=1)),
    }
    return render(request, "reporting/accounts.html", context)


@page("team.view_accounts")
def account(request: HttpRequest, act: str) -> HttpResponse:
    account = visible.account(request, act)
    context = {
        "account": account,
        "freshness": freshness.of([account])[account.pk],
        "runs": account.sync_runs.select_related("asked_by").order_by("-queued_at", "-pk")[:RUNS_SHOWN],
        "ways": paths.to([account])[account.pk],
        "local_today": account.today(),
        "spent": major(account.amount_spent, account),
        "cap": major(account.spend_cap, account),
        **trust.of_account(account),
    }
    return render(request, "reporting/account.html", context)


def _visible(request: HttpRequest) -> list[AdAccount]:
    return list(AdAccount.objects.visible_to(request.user).in_order())


def _queue(request: HttpRequest, accounts: list[AdAccount], windows: list[Period]) -> HttpResponse:
    if accounts:
        asked = refresh.ask(accounts, windows, by=request.user)
        days = " and ".join(formats.period(window.since, window.until) for window in windows)
        tell = messages.success if asked.queued else messages.info
        tell(request, asked.sentence(days))
    else:
        messages.warning(request, "There is no ad account to sync. Connect a token first.")
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    """To the page that was posted from, if it is one of ours."""
    back = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None, require_https=request.is_secure())
    return redirect(back if ours and back.startswith("/") else reverse("reporting:performance"))
