from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from apps.ui.access import page

from . import audit, trail
from .forms import TrailForm


@page("team.manage_team")
def entries(request: HttpRequest) -> HttpResponse:
    form = _form(request)
    if not form.is_valid():
        return render(request, "team/audit.html", {"form": form, "page": None}, status=422)
    found = trail.matching(form.cleaned_data)
    shown = trail.page(found, form.cleaned_data["before"])
    asked = {name: value for name, value in request.GET.items() if name in form.fields and name != "before"}
    context = {
        "form": form,
        "page": shown,
        "total": found.count(),
        "asked": urlencode(asked),
        "filtered": any(asked.values()),
        "older": urlencode(asked | {"before": shown.older}) if shown.older else "",
    }
    return render(request, "team/audit.html", context)


@page("team.manage_team")
def export(request: HttpRequest) -> HttpResponse:
    """What the filters ask for, as a file. That it was taken stands in the trail."""
    form = _form(request)
    if not form.is_valid():
        return render(request, "team/audit.html", {"form": form, "page": None}, status=422)
    found = trail.matching(form.cleaned_data)
    by: Any = request.user
    taken = audit.record("audit.exported", by=by, detail=f"{found.count()} entries", request=request)
    lines = trail.as_csv(found.filter(number__lt=taken.number).iterator(chunk_size=2000))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="audit-{timezone.localdate()}.csv"'
    return response  # type: ignore[return-value]  # a stream


def _form(request: HttpRequest) -> TrailForm:
    return TrailForm(request.GET, people=trail.people(), actions=trail.actions())
