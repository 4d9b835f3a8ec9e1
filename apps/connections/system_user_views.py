from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.team import audit
from apps.ui.access import page

from . import system_users, tokens
from .models import Connection
from .system_user_forms import AssignForm, CreateForm, GenerateForm, RevokeForm
from .system_users import Holding, Office, Trouble

MANAGE = "team.manage_connections"


@page(MANAGE)
def offices(request: HttpRequest) -> HttpResponse:
    return render(request, "connections/system_users/offices.html", {"offices": system_users.offices()})


@page(MANAGE)
def businesses(request: HttpRequest, pk: UUID) -> HttpResponse:
    connection = _connection(pk)
    context: dict[str, Any] = {"connection": connection}
    try:
        context["businesses"] = Office(connection).businesses()
    except Trouble as trouble:
        context["trouble"] = trouble
    return render(request, "connections/system_users/businesses.html", context)


@page(MANAGE, methods=["GET", "POST"])
def people(request: HttpRequest, pk: UUID, business: int) -> HttpResponse:
    """Who is there; POST makes one more."""
    connection, form = _connection(pk), CreateForm(request.POST or None)
    context: dict[str, Any] = {"connection": connection, "form": form}
    try:
        office = Office(connection)
        context["business"] = office.business(str(business))
        if request.method == "POST" and form.is_valid():
            name, role = form.cleaned_data["name"], form.cleaned_data["role"]
            made = office.create(str(business), name, role)
            audit.record("system_user.created", by=request.user, thing=name, detail=role, request=request)  # type: ignore[arg-type]
            messages.success(request, f"{name} is there. Install the app for it, then assign ad accounts.")
            return redirect("connections:system-user", pk, business, int(made))
        context["users"] = office.users(str(business))
    except Trouble as trouble:
        context["trouble"] = trouble
    status = 422 if request.method == "POST" else 200
    return render(request, "connections/system_users/people.html", context, status=status)


@page(MANAGE)
def system_user(request: HttpRequest, pk: UUID, business: int, user: int) -> HttpResponse:
    return _show(request, _connection(pk), business, user, {})


@page(MANAGE, methods=["POST"])
def step(request: HttpRequest, pk: UUID, business: int, user: int, step: str) -> HttpResponse:
    """One change to a system user, then back to its page."""
    act = STEPS.get(step)
    if act is None:
        raise Http404("There is no such step")
    connection = _connection(pk)
    try:
        office = Office(connection)
        wrong = act(request, office, office.holding(str(business), str(user)))
    except Trouble as trouble:
        return _show(request, connection, business, user, {"trouble": trouble})
    if wrong is not None:
        return _show(request, connection, business, user, wrong)
    return redirect("connections:system-user", pk, business, user)


Step = Callable[[HttpRequest, Office, Holding], dict[str, Any] | None]


def _install(request: HttpRequest, office: Office, holding: Holding) -> None:
    office.install(holding.user)
    _note(request, "system_user.app_installed", holding)
    messages.success(request, f"The app is installed for {holding.user.name}.")


def _assign(request: HttpRequest, office: Office, holding: Holding) -> dict[str, Any] | None:
    form = AssignForm(request.POST, free=holding.free)
    if not form.is_valid():
        return {"assign": form}
    chosen, writing = form.cleaned_data["accounts"], form.cleaned_data["purpose"] == "write"
    done = office.assign(holding.user, chosen, writing=writing)
    missed = [*done.failed, *done.untried]
    if done.assigned:
        told = f"{'writing' if writing else 'reading'}: {', '.join(done.assigned)}"
        told += f"; not assigned: {', '.join(missed)}" if missed else ""
        _note(request, "system_user.assigned", holding, told)
        messages.success(request, f"Assigned to {holding.user.name}: {_many(len(done.assigned))}.")
    if not missed:
        return None
    names = form.names
    failures = [(names[account], why) for account, why in done.failed.items()]
    untried = [names[account] for account in done.untried]
    tone, title = ("warn", "Not every") if done.assigned else ("crit", "No")
    return {"failures": failures, "untried": untried, "failed_tone": tone,
            "failed_title": f"{title} ad account was assigned."}  # fmt: skip


def _unassign(request: HttpRequest, office: Office, holding: Holding) -> None:
    account = request.POST.get("account", "")
    if account not in {str(row.get("account_id")) for row in holding.assigned}:
        raise Trouble("This ad account is not assigned to it any more. Nothing was changed.")
    office.unassign(holding.user, account)
    _note(request, "system_user.unassigned", holding, account)
    messages.success(request, f"{holding.user.name} no longer reaches the ad account {account}.")


def _generate(request: HttpRequest, office: Office, holding: Holding) -> dict[str, Any] | None:
    form = GenerateForm(request.POST)
    if not form.is_valid():
        return {"generate": form}
    given = form.cleaned_data
    try:
        tokens.clear_to_connect(given["name"], holding.user.id)
    except tokens.NameRefused as refused:
        form.add_error("name", str(refused))
        return {"generate": form}
    connected = office.generate(
        holding.user,
        given["name"],
        writing=given["purpose"] == "write",
        sixty_days=given["life"] == "60",
        by=request.user,
    )
    _note(request, "system_user.token_generated", holding, connected.connection.name)
    messages.success(request, str(connected))
    return None


def _revoke(request: HttpRequest, office: Office, holding: Holding) -> dict[str, Any] | None:
    form = RevokeForm(request.POST, name=holding.user.name)
    if not form.is_valid():
        return {"revoke": form}
    ended = office.revoke(holding.user)
    _note(request, "system_user.tokens_revoked", holding, f"{ended} connections ended")
    messages.success(
        request, f"All tokens of {holding.user.name} are revoked. Connections that ended: {ended}."
    )
    return None


STEPS: dict[str, Step] = {
    "install": _install,
    "assign": _assign,
    "unassign": _unassign,
    "generate": _generate,
    "revoke": _revoke,
}


def _show(
    request: HttpRequest, connection: Connection, business: int, user: int, extra: dict[str, Any]
) -> HttpResponse:
    context: dict[str, Any] = {"connection": connection, "business_id": business, "user_id": user}
    try:
        holding = Office(connection).holding(str(business), str(user))
    except Trouble as trouble:
        context["trouble"] = trouble
    else:
        mine = system_users.connections_of(holding.user.id)
        context |= {
            "holding": holding,
            "mine": mine,
            "assign": AssignForm(free=holding.free),
            "generate": GenerateForm(initial={"name": mine[0].name if mine else holding.user.name[:80]}),
            "revoke": RevokeForm(name=holding.user.name),
        }
    status = 422 if extra else 200
    return render(request, "connections/system_users/user.html", context | extra, status=status)


def _connection(pk: UUID) -> Connection:
    connection: Connection = get_object_or_404(Connection.objects.usable(), pk=pk)
    return connection


def _note(request: HttpRequest, action: str, holding: Holding, detail: str = "") -> None:
    thing = f"{holding.user.name} ({holding.user.id})"
    audit.record(action, by=request.user, thing=thing, detail=detail, request=request)  # type: ignore[arg-type]


def _many(number: int) -> str:
    return "1 ad account" if number == 1 else f"{number} ad accounts"
