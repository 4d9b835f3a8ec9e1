"""What an admin decides about an ad account's numbers: which sets are kept, and how far back they are filled."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.ui import formats
from apps.ui.access import page

from . import backfill, sets, tasks, visible
from .trust import BackfillForm, SetsForm


@page("team.manage_settings", methods=["POST"])
def keep_sets(request: HttpRequest, act: str) -> HttpResponse:
    account = visible.account(request, act)
    form = SetsForm(request.POST)
    if form.is_valid():
        chosen = sets.keep(account, form.cleaned_data["sets"])
        names = ", ".join(one.label.lower() for one in chosen)
        messages.success(
            request, f"{account} keeps {names}. Sets that are new come with the next nightly run."
        )
    else:
        _tell(request, form)
    return redirect("reporting:account", account.act_id)


@page("team.manage_settings", methods=["POST"])
def start_backfill(request: HttpRequest, act: str) -> HttpResponse:
    account = visible.account(request, act)
    form = BackfillForm(request.POST, account=account)
    if form.is_valid():
        since = form.cleaned_data["since"]
        backfill.start(account, since, by=request.user)
        tasks.fill_back.delay_on_commit()
        back = formats.day(since, year=True)
        messages.success(
            request, f"{account} is filled back to {back}, newest days first, while nothing else is due."
        )
    else:
        _tell(request, form)
    return redirect("reporting:account", account.act_id)


@page("team.manage_settings", methods=["POST"])
def stop_backfill(request: HttpRequest, act: str) -> HttpResponse:
    account = visible.account(request, act)
    backfill.stop(account)
    messages.success(request, f"The backfill of {account} is stopped. What was fetched stays.")
    return redirect("reporting:account", account.act_id)


def _tell(request: HttpRequest, form: SetsForm | BackfillForm) -> None:
    wrong = " ".join(str(sentence) for sentences in form.errors.values() for sentence in sentences)
    messages.warning(request, f"{wrong} Nothing was changed.")
