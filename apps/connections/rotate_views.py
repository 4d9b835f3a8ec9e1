"""The page where a system user's token is replaced by a new one, pasted or generated."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from apps.ui.access import page

from . import deeds, rotating, system_users, tokens
from .forms import GenerateForm, PasteForm
from .models import Connection
from .rotating import Rotated


@sensitive_post_parameters("token")
@page("team.manage_connections", methods=["GET", "POST"])
def rotate(request: HttpRequest, pk: UUID) -> HttpResponse:
    connection = get_object_or_404(Connection, pk=pk)
    if not rotating.can_rotate(connection):
        raise Http404("Only a system user's token is replaced here")
    way = request.POST.get("way", "")
    managers = system_users.offices()
    paste = PasteForm(request.POST if way == "paste" else None)
    generate = GenerateForm(
        request.POST if way == "generate" else None, managers=managers, never_expires=connection.never_expires
    )
    context = {"connection": connection, "managers": managers, "needs": rotating.needs(connection),
               "paste": paste, "generate": generate}  # fmt: skip
    try:
        if paste.is_valid():
            return _done(request, rotating.paste(connection, paste.cleaned_data["token"], by=request.user))
        if generate.is_valid():
            return _done(request, _generated(connection, generate, request.user))
    except (tokens.Refusal, system_users.Trouble) as refused:
        context["trouble"] = refused
    return render(
        request, "connections/rotate.html", context, status=422 if request.method == "POST" else 200
    )


def _generated(connection: Connection, form: GenerateForm, by: Any) -> Rotated:
    given = form.cleaned_data
    return rotating.generate(connection, given["through"], sixty_days=given["life"] == "60", by=by)


def _done(request: HttpRequest, rotated: Rotated) -> HttpResponse:
    detail = "old token not revoked" if rotated.trouble else "old token revoked"
    deeds.record(
        "connection.token_replaced", rotated.connection, by=request.user, detail=detail, request=request
    )
    (messages.warning if rotated.trouble else messages.success)(request, str(rotated))
    return redirect("connections:detail", rotated.connection.pk)
