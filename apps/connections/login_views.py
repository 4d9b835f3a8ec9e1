"""The login at Meta: to the dialog and back, and the pages for somebody with a link and without an account here."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.ui.access import page, public

from . import endings, links, logins, meta_login, pending, scopes, tokens
from .endings import Ending
from .models import Connection, LoginLink

# In the session the row of the link, never its key.
_LINK = "login_link"


@page("team.manage_connections")
def start(request: HttpRequest) -> HttpResponse:
    """To Meta, for the scopes or the connection that the address names."""
    connection = named_connection(request, kind=Connection.Kind.USER)
    aim = logins.aim_at(request.GET.getlist("scope"), by=request.user, connection=connection)
    return meta_login.go(request, aim, again="again" in request.GET)


@public()
def callback(request: HttpRequest) -> HttpResponse:
    response = meta_login.come_back(request)
    # Meta sends people back with a fragment of its own, which a browser would carry on.
    response.headers["Location"] += "#"
    return _unseen(response)


@public()
def ended(request: HttpRequest, key: str) -> HttpResponse:
    """How a login of this browser ended."""
    ending = logins.ending_of(request, key)
    return show(request, ending or endings.unknown(signed_in=_may_connect(request)))


@public()
def unknown(request: HttpRequest) -> HttpResponse:
    return show(request, endings.unknown(signed_in=_may_connect(request)))


# --- by a link -----------------------------------------------------------------------------------


@public()
def link(request: HttpRequest, key: str) -> HttpResponse:
    """The link of the mail. It moves into the session at once: addresses are kept in too many places."""
    found = links.find(key)
    if found is None:
        return _unseen(show(request, endings.link_unknown()))
    if not found.is_open:
        return _unseen(show(request, endings.link_gone()))
    request.session[_LINK] = found.pk
    return _unseen(redirect("connections:link-page"))


@public()
def link_page(request: HttpRequest) -> HttpResponse:
    """Who asks, for what, and the button to Meta."""
    found = _link(request)
    if found is None:
        return show(request, endings.link_gone())
    aim = logins.aim_of(found)
    context = {
        "link": found,
        "who": found.created_by.name if found.created_by else "",
        "organisation": settings.ORGANISATION,
        "expected": endings.of_connection(found.connection) if found.connection else "",
        "asked": scopes.asked(aim.scopes),
        "start": aim.address,
        "config": settings.META_LOGIN_CONFIG_ID,
    }
    return _unseen(render(request, "connections/link.html", context))


@public()
def link_login(request: HttpRequest) -> HttpResponse:
    found = _link(request)
    if found is None:
        return show(request, endings.link_gone())
    return meta_login.go(request, logins.aim_of(found), again="again" in request.GET)


@public(methods=["GET", "POST"])
def link_found(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Something that was asked for is missing: ask again, or go on without it."""
    try:
        waiting = pending.find(pk, request)
    except pending.Over:
        return show(request, endings.over(public=True))
    if waiting.link is None:
        return show(request, endings.over(public=True))
    if not waiting.link.is_open:
        return show(request, endings.link_gone())
    if request.method == "POST":
        found = waiting.found
        name = logins.name_for(found["subject_name"], found["subject_id"], waiting.connection, waiting.link)
        try:
            pending.connect(waiting, name, request=request, owner_email=waiting.link.email or None)
        except tokens.Refusal as refusal:
            return show(request, endings.refused(refusal, public=True))
        except (pending.Over, links.Gone):
            return show(request, endings.link_gone())
        return redirect("connections:link-thanks")
    aim = logins.aim_of(waiting.link)
    context = pending.context(waiting) | {"again": aim.asking_again}
    return render(request, "connections/link_found.html", context)


@public()
def link_thanks(request: HttpRequest) -> HttpResponse:
    """Shown to the browser in which the link was opened, once it is used."""
    found = _opened(request)
    if found is None or found.used_at is None:
        return show(request, endings.link_gone())
    who = found.created_by.name if found.created_by else ""
    return render(request, "connections/link_thanks.html", {"who": who})


def _link(request: HttpRequest) -> LoginLink | None:
    found = _opened(request)
    return found if found and found.is_open else None


def _opened(request: HttpRequest) -> LoginLink | None:
    """The link that was opened last in this browser."""
    found: LoginLink | None = (
        LoginLink.objects.select_related("connection", "created_by")
        .filter(pk=request.session.get(_LINK, 0))
        .first()
    )
    return found


# --- what they share -----------------------------------------------------------------------------


def show(request: HttpRequest, ending: Ending) -> HttpResponse:
    """Inside the shell for who is at home here, plain for everybody else."""
    frame = "ui/base.html" if _may_connect(request) else "ui/plain.html"
    return render(
        request, "connections/ending.html", {"frame": frame, "ending": ending}, status=ending.status
    )


def named_connection(request: HttpRequest, **only: Any) -> Connection | None:
    """The connection that the address names with `for`; 404 for what is none."""
    named = request.GET.get("for", "")
    if not named:
        return None
    try:
        pk = UUID(named)
    except ValueError:
        pk = UUID(int=0)
    return get_object_or_404(Connection, pk=pk, **only)


def _may_connect(request: HttpRequest) -> bool:
    person: Any = request.user
    return bool(person.is_authenticated and person.has_perm("team.manage_connections"))


def _unseen(response: HttpResponse) -> HttpResponse:
    """What stands in this address goes to nobody: not to the next page, a cache or a search engine."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
