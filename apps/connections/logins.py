"""A login at Meta from its beginning to its end: what it is for, what came of it, and where the person goes on."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from apps.graphapi import GraphError, Pauses
from apps.team import audit

from . import clients, endings, history, links, pending, scopes, tokens
from .endings import Ended, Ending
from .models import Connection, LoginLink

_PATIENCE = Pauses(tries=1, first=0.5, longest=0.5)
_LANDINGS = "meta_logins"
_KEPT = 8


@dataclass(frozen=True)
class Aim:
    """What a login is for. It waits in the browser's session while the person is at Meta.

    `by`: the admin who began it. `link`: the link that it was begun with, by somebody without an account here.
    `connection`: whose token is to be replaced; empty: a new one.
    """

    scopes: list[str] = field(default_factory=list)
    by: int | None = None
    link: int | None = None
    connection: str = ""

    @property
    def address(self) -> str:
        """Where it is begun."""
        if self.link:
            return reverse("connections:link-login")
        query = [("scope", scope) for scope in self.scopes]
        if self.connection:
            query = [("for", self.connection)]
        return f"{reverse('connections:login-start')}?{urlencode(query)}"

    @property
    def asking_again(self) -> str:
        """The same, with Meta asking once more for what was declined."""
        return f"{self.address}{'&' if '?' in self.address else '?'}again=1"


def aim_at(wanted: Sequence[str], *, by: Any, connection: Connection | None = None) -> Aim:
    """For an admin: these scopes, or those that the connection is meant for."""
    if connection:
        return Aim(scopes_of(connection), by=by.pk, connection=str(connection.pk))
    return Aim(wanted_scopes(wanted), by=by.pk)


def aim_of(link: LoginLink) -> Aim:
    asked = wanted_scopes(link.scopes) if link.connection is None else scopes_of(link.connection)
    return Aim(asked, link=link.pk, connection=str(link.connection_id or ""))


def wanted_scopes(chosen: Sequence[str]) -> list[str]:
    """Those of them that we know, and always the one without which nothing can be read."""
    if settings.META_LOGIN_CONFIG_ID:
        return [tokens.NEEDED_SCOPE]
    return [scope for scope in scopes.PURPOSES if scope in chosen or scope == tokens.NEEDED_SCOPE]


def scopes_of(connection: Connection) -> list[str]:
    if settings.META_LOGIN_CONFIG_ID:
        return [tokens.NEEDED_SCOPE]
    meant = connection.wanted_scopes or [tokens.NEEDED_SCOPE]
    return meant if tokens.NEEDED_SCOPE in meant else [tokens.NEEDED_SCOPE, *meant]


def callback_address() -> str:
    """What Meta sends the person back to, to the letter."""
    return f"{settings.SITE_URL.rstrip('/')}{reverse('connections:login-callback')}"


# --- at Meta -------------------------------------------------------------------------------------


def redeem(code: str) -> str:
    """The token for a code, which is good once. Raises GraphError."""
    new = clients.for_nobody(retries=None).redeem_code(
        code,
        redirect_uri=callback_address(),
        app_id=settings.META_APP_ID,
        app_secret=settings.META_APP_SECRET,
    )
    return new.text


def _long_lived(token: str) -> str:
    """A person's token of an hour or two for one of sixty days. Raises GraphError."""
    if settings.META_LOGIN_CONFIG_ID:
        # A configuration can give a system user's token, which is long-lived as it comes.
        info = clients.for_app(retries=_PATIENCE).inspect_token(token)
        if info.type != "USER":
            return token
    new = clients.for_nobody(retries=_PATIENCE).exchange_token(
        token, app_id=settings.META_APP_ID, app_secret=settings.META_APP_SECRET
    )
    return new.text


# --- back from Meta ------------------------------------------------------------------------------


def arrive(request: HttpRequest, aim: Aim, token: str) -> str:
    """Exchange, examine, and store or let it wait. Returns where the person goes on. Raises Ended."""
    link = _insist_on_leave(request, aim)
    connection = _connection(aim)
    public = link is not None
    try:
        checked = tokens.examine(_long_lived(token))
    except GraphError as error:
        raise Ended(endings.from_error(error, public=public)) from error
    except tokens.Refusal as refusal:
        raise Ended(endings.refused(refusal, public=public)) from refusal
    if connection:
        try:
            tokens.insist_on(connection, checked)
        except tokens.OtherIdentity as other:
            came = checked.subject_name or checked.info.user_id
            raise Ended(endings.other_person(endings.of_connection(connection), came)) from other
    missing = [scope for scope in aim.scopes if scope not in checked.info.scopes]
    try:
        if missing or not (connection or link):
            waiting = pending.keep(
                checked,
                request=request,
                via=Connection.Via.LOGIN,
                wanted_scopes=aim.scopes,
                connection=connection,
                link=link,
            )
            audit.record(
                "connection.login_examined",
                by=_admin(request, aim),
                thing=connection.reference if connection else "",
                detail="waits for the next step",
                request=request,
            )
            page = "connections:link-found" if link else "connections:found"
            return reverse(page, args=[waiting.pk])
        connected = tokens.keep(
            name_for(checked.subject_name, checked.info.user_id, connection, link),
            checked,
            by=_admin(request, aim),
            via=Connection.Via.LOGIN,
            wanted_scopes=aim.scopes,
            owner_email=link.email or None if link else None,
            also=lambda made: pending.settle(made, request, link, Connection.Via.LOGIN),
        )
    except tokens.Refusal as refusal:
        raise Ended(endings.refused(refusal, public=public)) from refusal
    except links.Gone as gone:
        raise Ended(endings.link_gone()) from gone
    return reverse("connections:link-thanks") if link else finished(connected)


def finished(connected: tokens.Connected) -> str:
    return reverse("connections:detail", args=[connected.connection.pk])


def name_for(
    subject_name: str, subject_id: str, connection: Connection | None, link: LoginLink | None
) -> str:
    """The name it has, or the one that the link was made with; if that is taken by now, with the person's beside it."""
    known = connection or tokens.of_identity(subject_id)
    if known:
        return known.name
    wanted = (link.name if link else "") or subject_name or subject_id
    if not Connection.objects.filter(name=wanted).exists():
        return wanted[:80]
    return f"{wanted[:40]} ({(subject_name or subject_id)[:37]})"


def _insist_on_leave(request: HttpRequest, aim: Aim) -> LoginLink | None:
    """Who comes back may do it: by a link that still works, or as the admin who began. Raises Ended."""
    if aim.link:
        link = LoginLink.objects.select_related("connection", "created_by").filter(pk=aim.link).first()
        if link is None or not link.is_open:
            raise Ended(endings.link_gone())
        return link
    person: Any = request.user
    if not person.is_authenticated or person.pk != aim.by or not person.has_perm("team.manage_connections"):
        raise Ended(endings.not_allowed())
    return None


def _connection(aim: Aim) -> Connection | None:
    if not aim.connection:
        return None
    connection: Connection | None = Connection.objects.filter(pk=UUID(aim.connection)).first()
    if connection is None:
        raise Ended(endings.over(public=bool(aim.link)))
    return connection


# --- where it landed -----------------------------------------------------------------------------


def land(request: HttpRequest, state_id: str, aim: Aim, ended: Ending | str) -> str:
    """Note how the login went, so that the same answer of Meta's leads to the same page. Returns its address."""
    if isinstance(ended, str):
        _remember(request, state_id, ended)
        return ended
    ending = _with_ways_on(ended, aim)
    key = secrets.token_urlsafe(8)
    address = reverse("connections:login-ended", args=[key])
    _remember(request, state_id, address, key=key, ending=endings.as_json(ending))
    _tell(request, aim, ending)
    return address


def landed(request: HttpRequest, state_id: str) -> str:
    """Where this very answer of Meta's has led before, in this browser; empty when it is new."""
    landing = request.session.get(_LANDINGS, {}).get(state_id)
    return str(landing["to"]) if landing else ""


def ending_of(request: HttpRequest, key: str) -> Ending | None:
    for landing in request.session.get(_LANDINGS, {}).values():
        if landing.get("key") == key:
            return Ending(**landing["ending"])
    return None


def _remember(request: HttpRequest, state_id: str, to: str, **more: Any) -> None:
    landings = request.session.get(_LANDINGS, {})
    landings[state_id] = {"to": to, **more}
    request.session[_LANDINGS] = dict(list(landings.items())[-_KEPT:])


def _with_ways_on(ending: Ending, aim: Aim) -> Ending:
    """Start again first where that helps; then what the ending itself offers."""
    if ending.name == "scope_missing":
        again = [["Ask again", aim.asking_again]]
    elif ending.name in {"link_gone", "not_allowed"}:
        again = []
    else:
        again = [["Start again", aim.address]]
    rest = (
        []
        if aim.link
        else [
            ["Back to the connection", reverse("connections:detail", args=[aim.connection])]
            if aim.connection
            else ["All connections", reverse("connections:list")]
        ]
    )
    mend = ending.name in {"redirect_changed", "app_refused"}
    ways = [*ending.actions, *again] if mend else [*again, *ending.actions]
    return replace(ending, actions=[*ways, *rest])


def _tell(request: HttpRequest, aim: Aim, ending: Ending) -> None:
    """The trail, and the history of the connection that it was for."""
    person = _admin(request, aim)
    connection = Connection.objects.filter(pk=UUID(aim.connection)).first() if aim.connection else None
    by_link = ", by a link" if aim.link else ""
    audit.record(
        "connection.login_failed",
        by=person,
        thing=connection.reference if connection else "",
        detail=f"{ending.name.replace('_', ' ')}{by_link}",
        request=request,
    )
    if connection:
        history.note(
            connection,
            history.Outcome.UNCHECKED,
            reason=f"A login at Meta{by_link} came to nothing: {ending.title[0].lower()}{ending.title[1:]}.",
            by=person,
        )


def _admin(request: HttpRequest, aim: Aim) -> Any:
    """Who did it, as far as we know: whoever comes by a link is nobody of ours, signed in or not."""
    return request.user if request.user.is_authenticated and not aim.link else None


def as_state(aim: Aim) -> dict[str, Any]:
    return asdict(aim)
