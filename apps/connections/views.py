from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from apps.ui.access import page

from . import tokens
from .forms import ConnectForm
from .models import Connection


@page("team.view_connections")
def connections(request: HttpRequest) -> HttpResponse:
    rows = Connection.objects.annotate(reached=Count("reach", filter=Q(reach__lost_at=None))).order_by(
        "-state", "expires_at", "name"
    )
    return render(request, "connections/list.html", {"connections": rows, "verdict": _verdict(list(rows))})


def _verdict(connections: list[Connection]) -> list[tuple[str, str]]:
    """Pieces of a sentence, each with its state."""
    if not connections:
        return [("", "No token is connected, so nothing can be fetched.")]
    refused = [c for c in connections if c.state == Connection.State.REFUSED]
    ending = [c for c in connections if c not in refused and c.left]
    pieces = [("crit", f"{c} is refused by Meta.") for c in refused]
    pieces += [("crit" if c.left == "expired" else "warn", f"{c} has {c.left}.") for c in ending]
    well = len(connections) - len(refused) - len(ending)
    if well:
        which = "The other" if pieces else "All" if well > 1 else "The"
        number = f" {well}" if well > 1 else ""
        pieces.append(("", f"{which}{number} connection{'s work' if well > 1 else ' works'}."))
    return pieces


@sensitive_post_parameters("token")
@page("team.manage_connections", methods=["GET", "POST"])
def connect(request: HttpRequest) -> HttpResponse:
    form = ConnectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            connected = tokens.connect(form.cleaned_data["name"], form.cleaned_data["token"], by=request.user)
        except tokens.Refusal as refusal:
            form.add_error("name" if isinstance(refusal, tokens.NameRefused) else "token", str(refusal))
        else:
            messages.success(request, str(connected))
            return redirect("connections:list")
    status = 422 if form.errors else 200
    return render(
        request, "connections/new.html", {"form": form, "app_id": settings.META_APP_ID}, status=status
    )


@page("team.manage_connections", methods=["POST"])
def check(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Look at a connection anew, now."""
    connection = get_object_or_404(Connection, pk=pk)
    try:
        found = tokens.check_again(connection)
    except tokens.Unchecked as unchecked:
        messages.warning(request, f"{connection} was not checked. {unchecked}")
    except tokens.Refusal as refusal:
        messages.error(request, f"{connection} does not work any more. {refusal}")
    else:
        many = "1 ad account" if found == 1 else f"{found} ad accounts"
        messages.success(request, f"{connection} works and reaches {many}.")
    return redirect("connections:list")
