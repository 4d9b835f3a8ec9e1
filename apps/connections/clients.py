"""Makes Graph clients with this installation's settings: the one place where a stored token is opened, and counted."""

from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

import requests
from django.conf import settings
from django.utils.module_loading import import_string

from apps.graphapi import Call, Client, Request, app_token
from apps.graphapi.pace import Allotment, Question
from apps.vault import unseal

from . import pacing
from .models import AdAccount, Connection, PendingConnection, TokenOpening
from .purposes import Purpose

Listener = Callable[[Call], None]


class NoConnection(Exception):
    """No working connection reaches the ad account."""


def for_token(
    token: str,
    *,
    also: Listener | None = None,
    background: bool = False,
    connection_id: str = "",
    purpose: str = "",
    **options: Any,
) -> Client:
    """A client for a token that is not stored (yet). `also` hears of every call besides the recorder.

    `background`: nobody waits, so the client keeps well below Meta's limits and raises PutOff near them.
    `connection_id` and `purpose`: what the recorder is told besides.
    """
    return Client(
        token,
        app_secret=settings.META_APP_SECRET,
        base_url=settings.META_GRAPH_URL,
        version=settings.META_API_VERSION,
        session=_session(),
        on_call=_listeners(also, connection_id, purpose),
        **{"pace": pacing.book(background=background), **settings.GRAPH_CLIENT_OPTIONS, **options},
    )


def for_app(**options: Any) -> Client:
    """A client that speaks as the app itself, for `debug_token`."""
    return for_token(app_token(settings.META_APP_ID, settings.META_APP_SECRET), **options)


def for_nobody(**options: Any) -> Client:
    """A client without a token, for the calls that show the app's secret instead."""
    return for_token("", **options)


def for_connection(connection: Connection, *, purpose: Purpose, **options: Any) -> Client:
    """A client with this connection's token. Raises SealBroken; the opening is counted under its purpose."""
    token = opened(connection, purpose=purpose)
    return for_token(token, connection_id=str(connection.pk), purpose=purpose, **options)


def opened(holder: Connection | PendingConnection, *, purpose: Purpose) -> str:
    """The token itself, for the calls that take it as a parameter: an exchange, a look by `debug_token`, a revocation.

    It goes to Meta and nowhere else: into no row, log, task or page. Raises SealBroken.
    """
    token = unseal(holder.sealed_token, holder.token_place)
    if isinstance(holder, Connection):
        TokenOpening.objects.count_one(holder.pk, purpose)
    return token


def revoke(client: Client, token: str) -> None:
    """End one token of a system user at Meta. The client speaks with it, or with another one of the app."""
    client.revoke_token(token, app_id=settings.META_APP_ID, app_secret=settings.META_APP_SECRET)


def allot(requests: Iterable[Request]) -> Allotment:
    """Room for all of these background calls, or the wait until there is: `refusal` says which."""
    questions = [Question.of_request(request.path, request.params) for request in requests]
    return pacing.book(background=True).allot(questions)


def connection_for(account: AdAccount) -> Connection:
    """The connection that reads this ad account: a system user before a person, the oldest first."""
    connection: Connection | None = (
        Connection.objects.usable().filter(reach__account=account, reach__lost_at=None).first()
    )
    if connection is None:
        raise NoConnection(
            f"No working connection reaches {account} ({account.act_id}). "
            "Connect a token that has this ad account assigned."
        )
    return connection


@cache
def _session() -> requests.Session:
    """One pool of connections per process. It carries no token: the client sends its own with each call."""
    return requests.Session()


def _listeners(also: Listener | None, connection_id: str, purpose: str) -> Listener:
    """One listener for the recorder that the settings name, if any, and the caller's own, if any."""
    listeners = [also] if also else []
    if settings.GRAPH_RECORDER:
        recorder = import_string(settings.GRAPH_RECORDER)
        listeners.insert(0, partial(recorder, connection_id=connection_id, purpose=str(purpose)))

    def tell(call: Call) -> None:
        for listener in listeners:
            listener(call)

    return tell
