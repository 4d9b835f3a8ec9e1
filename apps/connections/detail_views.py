"""The page of one connection, and what an admin does there."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.ui.access import page, wants_partial

from . import deeds, detail, disconnecting, links, renewal, stakes
from .forms import DisconnectForm
from .models import Connection


@page("team.view_connections")
def connection(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = get_object_or_404(Connection.objects.select_related("created_by"), pk=pk)
    return render(request, "connections/detail.html", detail.context(found))


@page("team.manage_connections", methods=["POST"])
def renew(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Exchange the token now, due or not."""
    done = renewal.renew(get_object_or_404(Connection, pk=pk), only_if_due=False, by=request.user)
    level = {renewal.Outcome.RENEWED: messages.SUCCESS, renewal.Outcome.REFUSED: messages.ERROR}
    messages.add_message(request, level.get(done.outcome, messages.WARNING), done.text)
    _record(request, "connection.renewed", done.connection, done.outcome.value)
    return redirect("connections:detail", pk=pk)


@page("team.manage_connections", methods=["POST"])
def ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A link for the owner: by mail where we know their address, else shown this once to be handed over."""
    found = get_object_or_404(Connection, pk=pk)
    if not links.can_help(found) or found.state == Connection.State.DISCONNECTED:
        messages.warning(request, f"Nobody's login helps {found}: it belongs to a system user, or is ended.")
        return redirect("connections:detail", pk=pk)
    sent = bool(found.owner_email) and links.send(found, by=request.user)
    _record(request, "connection.owner_asked", found, "by mail" if sent else "link shown")
    if sent:
        messages.success(request, f"A link was sent to {found.owner_email}. It works once, for 24 hours.")
        return redirect("connections:detail", pk=pk)
    _, address = links.make(found, by=request.user)
    # In the answer itself: a message would pass through a cookie or the session.
    return render(request, "connections/detail.html", detail.context(found) | {"address": address})


@page("team.manage_connections", methods=["GET", "POST"])
def disconnect(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks first: what stops, in numbers, and the name typed."""
    found = get_object_or_404(Connection.objects.exclude(state=Connection.State.DISCONNECTED), pk=pk)
    form = DisconnectForm(request.POST or None, name=found.name)
    if request.method == "POST" and form.is_valid():
        ended = disconnecting.disconnect(found, by=request.user)
        (messages.success if ended.revoked else messages.warning)(request, str(ended))
        told = "revoked at Meta" if ended.revoked else "not revoked at Meta"
        _record(request, "connection.disconnected", found, told)
        return redirect("connections:detail", pk=pk)
    partial = wants_partial(request)
    template = "connections/_disconnect_dialog.html" if partial else "connections/disconnect.html"
    context = {"connection": found, "form": form, "stakes": stakes.of(found), "in_dialog": partial}
    return render(request, template, context, status=422 if form.errors else 200)


def _record(request: HttpRequest, action: str, connection: Connection, detail: str) -> None:
    deeds.record(action, connection, by=request.user, detail=detail, request=request)
