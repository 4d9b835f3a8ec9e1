"""The error log: the list, and what people do with groups."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from apps.ui import htmx
from apps.ui.access import page, wants_partial
from apps.ui.navigation import Badge

from . import error_export, error_filters, error_list, error_page, triage
from .error_filters import Asked
from .error_forms import NoteForm, OwnerForm, StateForm, TriageForm
from .models import ErrorGroup
from .triage import Person

UNDO = "errors.undo"


@page("team.view_errors")
def errors(request: HttpRequest) -> HttpResponse:
    asked = Asked.of(request.GET)
    if found := error_filters.traced(asked):
        address = f"{reverse('health:error', args=[found.group_id])}?o={found.pk}"
        return HttpResponseClientRedirect(address) if wants_partial(request) else redirect(address)
    return _list(request, asked)


@page("team.view_errors")
def errors_csv(request: HttpRequest) -> HttpResponse:
    """The groups that the filters ask for, all pages."""
    lines = error_export.lines(Asked.of(request.GET))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="errors-{timezone.localdate()}.csv"'
    return response  # type: ignore[return-value]  # a stream


@page("team.triage_errors", methods=["POST"])
def triage_many(request: HttpRequest) -> HttpResponse:
    """Resolve, ignore or open what was ticked."""
    form = TriageForm(request.POST)
    done, said = triage.Done(0), ""
    if form.is_valid():
        done, said = form.act_on_all(_person(request))
    text = said if done.groups else "Tick at least one group first."
    if wants_partial(request):
        back = _list(request, Asked.of(request.GET))
        undo = f"{reverse('health:errors-undo')}?undo={done.undo}" if done.undo else ""
        return htmx.toast(back, text, undo=undo)
    (messages.success if done.groups else messages.warning)(request, text)
    request.session[UNDO] = done.undo
    return _back(request)


@page("team.triage_errors", methods=["POST"])
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what this person has just done."""
    request.session.pop(UNDO, None)
    try:
        number = triage.undo(request.GET.get("undo", ""), _person(request))
    except ValueError as fault:
        messages.warning(request, str(fault))
    else:
        if number:
            messages.success(request, triage.sentence(triage.Done(number), "as before"))
        else:
            messages.warning(request, "Nothing was undone: the groups have changed since.")
    return HttpResponseClientRefresh() if wants_partial(request) else _back(request)


@page("team.view_errors")
def error(request: HttpRequest, pk: int) -> HttpResponse:
    group = get_object_or_404(ErrorGroup.objects.select_related("owner", "state_by"), pk=pk)
    return render(request, "health/error.html", _about(request, group))


@page("team.triage_errors", methods=["POST"])
def error_state(request: HttpRequest, pk: int) -> HttpResponse:
    group = get_object_or_404(ErrorGroup, pk=pk)
    form = StateForm(request.POST)
    if not form.is_valid():
        about = _about(request, group) | {"state_form": form}
        return render(request, "health/error.html", about, status=422)
    done, said = form.act([group.pk], _person(request))
    messages.success(request, said)
    request.session[UNDO] = done.undo
    return redirect("health:error", pk=pk)


@page("team.triage_errors", methods=["POST"])
def error_note(request: HttpRequest, pk: int) -> HttpResponse:
    group = get_object_or_404(ErrorGroup, pk=pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        about = _about(request, group) | {"note_form": form}
        return render(request, "health/error.html", about, status=422)
    triage.note(group, _person(request), form.cleaned_data["text"])
    messages.success(request, "The note is kept.")
    return redirect("health:error", pk=pk)


@page("team.triage_errors", methods=["POST"])
def error_owner(request: HttpRequest, pk: int) -> HttpResponse:
    group = get_object_or_404(ErrorGroup, pk=pk)
    form = OwnerForm(request.POST)
    if form.is_valid():
        triage.give(group, _person(request), form.cleaned_data["owner"])
        messages.success(request, f"Now with {form.cleaned_data['owner'] or 'nobody'}.")
    else:
        messages.warning(request, "This person can not look after errors. Choose somebody from the list.")
    return redirect("health:error", pk=pk)


def badge(user: Any) -> Badge | None:
    """Open groups, beside the entry in the sidebar."""
    open_now = ErrorGroup.objects.filter(state=ErrorGroup.State.OPEN).count()
    return Badge(str(open_now)) if open_now else None


def _list(request: HttpRequest, asked: Asked) -> HttpResponse:
    template = "health/_errors.html" if wants_partial(request) else "health/errors.html"
    context = error_list.context(asked, request.GET.get("page", "1"))
    context |= error_filters.furniture(asked, context["counts"])
    context |= {"legend": error_list.legend(context["chart"]), "undo": request.session.pop(UNDO, "")}
    return render(request, template, context)


def _about(request: HttpRequest, group: ErrorGroup) -> dict[str, Any]:
    about = error_page.context(group, request.GET.get("o", ""), request.GET.get("older", ""))
    forms = {
        "state_form": StateForm(),
        "note_form": NoteForm(),
        "owner_form": OwnerForm(initial={"owner": group.owner_id}),
    }
    return about | forms | {"undo": request.session.pop(UNDO, "")}


def _person(request: HttpRequest) -> Person:
    user: Any = request.user
    return Person(user, request)


def _back(request: HttpRequest) -> HttpResponse:
    """To the page that was posted from, if it is one of ours."""
    back = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None, require_https=request.is_secure())
    return redirect(back if ours and back.startswith("/") else reverse("health:errors"))
