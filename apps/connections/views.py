from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.ui.access import page, wants_partial
from apps.ui.htmx import toast

from . import checking, overview
from .models import AdAccount, Connection, ConnectionCheck

COVERED_SHOWN = 100


@page("team.view_connections")
def connections(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("q", "")[:80].strip()
    rows = overview.rows(search)
    covered = overview.coverage(AdAccount.objects.in_order())
    context = {
        "rows": rows,
        "search": search,
        "verdict": overview.verdict(overview.rows() if search else rows),
        "coverage": covered[:COVERED_SHOWN],
        "uncovered_rest": max(0, len(covered) - COVERED_SHOWN),
    }
    return render(request, "connections/list.html", context)


@page("team.manage_connections", methods=["POST"])
def check(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Look at a connection anew, now."""
    connection = get_object_or_404(Connection, pk=pk)
    done = checking.look(connection, by=request.user)
    connection.refresh_from_db()
    level, text = _told(connection, done)
    if wants_partial(request):
        row = overview.row_of(connection)
        return toast(render(request, "connections/_row.html", {"row": row}), text)
    messages.add_message(request, level, text)
    if request.POST.get("next") == "detail":
        return redirect("connections:detail", pk=pk)
    return redirect("connections:list")


@page("team.manage_connections", methods=["POST"])
def check_all(request: HttpRequest) -> HttpResponse:
    """One after the other: by the page where it can, each row for itself, or here."""
    if wants_partial(request):
        return render(request, "connections/_rows.html", {"rows": overview.rows(), "waits": True})
    for connection in Connection.objects.exclude(state=Connection.State.DISCONNECTED).order_by("name"):
        done = checking.look(connection, by=request.user)
        connection.refresh_from_db()
        messages.add_message(request, *_told(connection, done))
    return redirect("connections:list")


def _told(connection: Connection, done: ConnectionCheck) -> tuple[int, str]:
    if done.outcome == ConnectionCheck.Outcome.UNCHECKED:
        return messages.WARNING, f"{connection} was not checked. {done.reason}"
    if done.outcome == ConnectionCheck.Outcome.REFUSED:
        return messages.ERROR, f"{connection} does not work any more. {done.reason}"
    found = connection.reach.filter(lost_at=None).count()
    many = "1 ad account" if found == 1 else f"{found} ad accounts"
    return messages.SUCCESS, " ".join([f"{connection} works and reaches {many}.", *done.changes])
