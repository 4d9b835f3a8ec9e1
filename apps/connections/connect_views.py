"""Connecting, step by step: which kind, the token or the login, what was found, and its name."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from apps.team import audit
from apps.ui.access import page

from . import endings, links, logins, pending, scopes, tokens
from .forms import InviteForm, NameForm, ScopesForm, TokenForm
from .login_views import named_connection, show
from .models import Connection

# The line of progress. The third step ends it.
STEPS = ["Kind", "Token or login", "Check and name"]


@page("team.manage_connections")
def kinds(request: HttpRequest) -> HttpResponse:
    return render(request, "connections/new.html", {"steps": STEPS})


@sensitive_post_parameters("token")
@page("team.manage_connections", methods=["GET", "POST"])
def token(request: HttpRequest) -> HttpResponse:
    """Paste it; the check follows at once, before anything is connected."""
    connection = named_connection(request)
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            checked = tokens.examine(tokens.clean_token(form.cleaned_data["token"]))
            if connection:
                tokens.insist_on(connection, checked)
            wanted = connection.wanted_scopes if connection else form.cleaned_data["scope"]
            waiting = pending.keep(
                checked,
                request=request,
                via=Connection.Via.PASTED,
                wanted_scopes=wanted,
                connection=connection,
            )
        except tokens.Refusal as refusal:
            form.add_error("token", str(refusal))
        else:
            return redirect("connections:found", pk=waiting.pk)
    context = {"steps": STEPS, "form": form, "app_id": settings.META_APP_ID, "connection": connection}
    return render(request, "connections/new_token.html", context, status=422 if form.errors else 200)


@page("team.manage_connections", methods=["GET", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """Here a login at Meta begins: with this browser, or by a link for somebody else."""
    connection = named_connection(request, kind=Connection.Kind.USER)
    chosen = ScopesForm(request.GET or None)
    wanted = chosen.cleaned_data["scope"] if chosen.is_valid() else []
    aim = logins.aim_at(wanted, by=request.user, connection=connection)
    form = InviteForm(request.POST or None, initial={"scope": aim.scopes})
    if request.method == "POST" and connection is None and form.is_valid():
        return _invite(request, form)
    context = {
        "steps": STEPS,
        "connection": connection,
        "expected": endings.of_connection(connection) if connection else "",
        "chosen": ScopesForm(initial={"scope": aim.scopes}),
        "asked": scopes.asked(aim.scopes),
        "aim": aim,
        "form": form,
        "config": settings.META_LOGIN_CONFIG_ID,
        "elsewhere": settings.SITE_URL if request.get_host() != urlsplit(settings.SITE_URL).netloc else "",
    }
    return render(request, "connections/new_login.html", context, status=422 if form.errors else 200)


def _invite(request: HttpRequest, form: InviteForm) -> HttpResponse:
    """The mail; without an address, or when it does not go out, the link itself, to hand over."""
    email, name = form.cleaned_data["email"], form.cleaned_data["name"]
    wanted = logins.wanted_scopes(form.cleaned_data["scope"])
    link, address = links.make(None, scopes=wanted, email=email, name=name, by=request.user)
    sent = bool(email) and links.send_new(link, address)
    _record(request, "connection.owner_asked", f"login link {link.pk}", "by mail" if sent else "link shown")
    if sent:
        messages.success(request, f"A link was sent to {email}. It works once, for 24 hours.")
        return redirect("connections:list")
    return render(request, "connections/new_link.html", {"address": address, "email": email, "name": name})


@page("team.manage_connections", methods=["GET", "POST"])
def found(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Who it is, what was granted and what it reaches; then a name, and it is connected."""
    try:
        waiting = pending.find(pk, request)
    except pending.Over:
        return show(request, endings.over(public=False))
    if request.POST.get("do") == "drop":
        _record(
            request,
            "connection.thrown_away",
            waiting.connection.reference if waiting.connection else "",
            "a token that waited",
        )
        pending.drop(waiting)
        messages.info(request, "Nothing was connected. The token that waited is deleted.")
        return redirect("connections:list")
    context = pending.context(waiting)
    known: Connection | None = context["known"]
    form = NameForm(
        request.POST or None,
        initial={
            "name": known.name if known else waiting.found["subject_name"],
            "owner_email": _mail_of(waiting, known, request),
        },
        by_login=waiting.found["is_person"],
    )
    if request.method == "POST" and form.is_valid():
        try:
            connected = pending.connect(
                waiting,
                form.cleaned_data["name"],
                request=request,
                owner_email=form.cleaned_data.get("owner_email"),
            )
        except pending.Over:
            # The button was pressed twice: the first press has stored it.
            stored = Connection.objects.filter(fingerprint=waiting.fingerprint).first()
            if stored is None:
                return show(request, endings.over(public=False))
            return redirect("connections:detail", pk=stored.pk)
        except tokens.Refusal as refusal:
            form.add_error("name" if isinstance(refusal, tokens.NameRefused) else None, str(refusal))
        else:
            messages.success(request, str(connected))
            return redirect("connections:detail", pk=connected.connection.pk)
    context |= {"steps": STEPS, "form": form, "again": _again(waiting, request)}
    return render(request, "connections/found.html", context, status=422 if form.errors else 200)


def _mail_of(waiting: Any, known: Connection | None, request: HttpRequest) -> str:
    """Whom to ask for the next login: as before, or who has just logged in."""
    if known:
        return known.owner_email
    person: Any = request.user
    return str(person.email) if waiting.via == Connection.Via.LOGIN else ""


def _again(waiting: Any, request: HttpRequest) -> str:
    """Where Meta asks once more for what was not ticked; a pasted token is generated anew instead."""
    if waiting.via != Connection.Via.LOGIN:
        return ""
    aim = logins.aim_at(waiting.wanted_scopes, by=request.user, connection=waiting.connection)
    return aim.asking_again


def _record(request: HttpRequest, action: str, thing: str, detail: str) -> None:
    person: Any = request.user
    audit.record(action, by=person, thing=thing, detail=detail, request=request)
