"""A token that was checked and waits, sealed, for its name: for 15 minutes, in one browser, for one person."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from apps.vault import KeysAway, SealBroken, seal

from . import accounts, clients, deeds, links, scopes, tokens
from .models import AdAccount, Connection, LoginLink, PendingConnection
from .purposes import Purpose

# So many ad accounts are named on the page; of the others the number.
_NAMED = 100


class Over(Exception):
    """It is not there any more: saved, thrown away, or too old."""


def keep(
    checked: tokens.Examined,
    *,
    request: HttpRequest,
    via: Connection.Via,
    wanted_scopes: Sequence[str] = (),
    connection: Connection | None = None,
    link: LoginLink | None = None,
) -> PendingConnection:
    """Seal a token for the next step of this person in this browser. Raises Unchecked when the keys are away."""
    known = connection or tokens.of_identity(checked.info.user_id)
    wanted = {tokens.NEEDED_SCOPE, *wanted_scopes, *(known.wanted_scopes if known else [])}
    waiting = PendingConnection(
        fingerprint=hashlib.sha256(checked.token.encode()).hexdigest()[:16],
        via=via,
        wanted_scopes=scopes.in_order(wanted),
        found=_found(checked),
        connection=connection,
        link=link,
        created_by=_person(request),
        session_hash=_session(request),
    )
    try:
        waiting.sealed_token = seal(checked.token, waiting.token_place)
    except KeysAway as error:
        raise tokens.Unchecked(
            f"The token is fine and could not be sealed, so nothing was stored. {error}"
        ) from error
    waiting.save()
    return waiting


def find(pk: UUID, request: HttpRequest) -> PendingConnection:
    """Raises Over, for what is somebody else's too."""
    waiting = (
        PendingConnection.objects.filter(pk=pk, session_hash=_session(request), created_by=_person(request))
        .filter(expires_at__gt=timezone.now())
        .select_related("connection", "link__created_by")
        .first()
    )
    if waiting is None:
        raise Over
    return waiting


def connect(
    waiting: PendingConnection, name: str, *, request: HttpRequest, owner_email: str | None = None
) -> tokens.Connected:
    """Ask Meta once more, store, and forget what waited. Raises Refusal; Over when somebody was quicker."""
    try:
        token = clients.opened(waiting, purpose=Purpose.CONNECT)
    except SealBroken as broken:
        raise tokens.Unchecked(f"What waited can not be opened, so nothing was stored. {broken}") from broken
    checked = tokens.examine(token)
    if waiting.connection:
        tokens.insist_on(waiting.connection, checked)

    def also(connected: tokens.Connected) -> None:
        if not PendingConnection.objects.filter(pk=waiting.pk).delete()[0]:
            raise Over
        settle(connected, request, waiting.link, waiting.via)

    return tokens.keep(
        name,
        checked,
        by=_person(request),
        via=Connection.Via(waiting.via),
        wanted_scopes=waiting.wanted_scopes,
        owner_email=owner_email,
        also=also,
    )


def settle(connected: tokens.Connected, request: HttpRequest, link: LoginLink | None, via: str) -> None:
    """Within the transaction that stores: the link is used up, the trail says who connected what."""
    if link:
        links.use(link, connected.connection)
    words = [Connection.Via(via).label]
    if link:
        words.append(f"by the link of {link.created_by or 'the system'}")
    action = "connection.connected_again" if connected.renewed else "connection.connected"
    deeds.record(
        action,
        connected.connection,
        by=None if link else _person(request),
        detail=", ".join(words),
        request=request,
    )


def drop(waiting: PendingConnection) -> None:
    waiting.delete()


def forget_old() -> int:
    """Delete what has waited too long. Returns how many."""
    return PendingConnection.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def forget_person(subject_id: str) -> None:
    """Delete what waits of somebody who took it back at Meta."""
    of_them = Q(found__subject_id=subject_id) | Q(connection__subject_id=subject_id)
    PendingConnection.objects.filter(of_them).delete()


# --- what was found ------------------------------------------------------------------------------


def _found(checked: tokens.Examined) -> dict[str, Any]:
    """As JSON, for the page; the token is not in it."""
    info = checked.info
    listed = accounts.described(checked.rows)
    return {
        "subject_id": info.user_id,
        "subject_name": checked.subject_name,
        "is_person": info.type == "USER",
        "application": info.application,
        "scopes": list(info.scopes),
        "told": checked.permissions,
        "expires_at": info.expires_at,
        "data_access_expires_at": info.data_access_expires_at,
        "total": len(listed),
        "accounts": [
            [account.meta_id, account.name, account.currency, account.account_status]
            for account in listed[:_NAMED]
        ],
    }


def context(waiting: PendingConnection) -> dict[str, Any]:
    """What the page shows of it."""
    found = waiting.found
    known = waiting.connection or tokens.of_identity(found["subject_id"])
    shown = [
        AdAccount(meta_id=meta_id, name=name, currency=currency, account_status=status)
        for meta_id, name, currency, status in found["accounts"]
    ]
    missing = missing_scopes(waiting)
    return {
        "waiting": waiting,
        "found": found,
        "known": known,
        "accounts": shown,
        "accounts_rest": found["total"] - len(shown),
        "scopes": scopes.compared(waiting.wanted_scopes, found["scopes"], found["told"]),
        "missing": missing,
        "never_expires": found["expires_at"] == 0,
        "expires_at": _moment(found["expires_at"]),
        "data_access_expires_at": _moment(found["data_access_expires_at"]),
    }


def missing_scopes(waiting: PendingConnection) -> list[str]:
    return [scope for scope in waiting.wanted_scopes if scope not in waiting.found["scopes"]]


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _person(request: HttpRequest) -> Any:
    return request.user if request.user.is_authenticated else None


def _session(request: HttpRequest) -> str:
    """Never empty: who has no session yet gets one."""
    if not request.session.session_key:
        request.session.create()
    return hashlib.sha256(str(request.session.session_key).encode()).hexdigest()
