"""Keeps tokens alive: what is due is exchanged, and only what `debug_token` says of the new token is believed.

One exchange at a time per connection, by a lock that lives with its database session. The old token works until the new
one is stored, and goes on working after that. Whoever dies between the exchange and the storing loses nothing: the
connection is still due, and the next look exchanges again.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.graphapi import GraphError, Pauses, TokenInfo, TokenRefused
from apps.vault import SealBroken

from . import checking, clients, expiry, history, links, locks, tokens
from .models import Connection
from .purposes import Purpose
from .querysets import WORKING

Result = TypeVar("Result")

logger = logging.getLogger(__name__)

RENEW_AT_AGE = timedelta(days=30)
# The end must move at least so far to count: less is the same end, told a little differently.
UNMOVED = "Meta gave a new token that ends when the old one does."
_REALLY_MOVED = timedelta(days=1)
_PATIENCE = Pauses(tries=2, first=1.0, longest=5.0)


class Outcome(StrEnum):
    RENEWED = "renewed"
    NOT_DUE = "not_due"
    ALREADY = "already"  # by somebody else, while we waited
    UNMOVED = "unmoved"  # Meta gave a token that ends when the old one does
    FAILED = "failed"  # not decided: tried again with the next look
    REFUSED = "refused"  # the old token is dead


@dataclass(frozen=True)
class Renewal:
    """What came of renewing one connection."""

    connection: Connection
    outcome: Outcome
    text: str


def is_due(connection: Connection, now: datetime | None = None) -> bool:
    """From 30 days of age, or with 30 days left. What never ends, is over, or Meta does not extend is left alone."""
    now = now or timezone.now()
    if not connection.works or connection.never_expires or _is_given_up(connection):
        return False
    if connection.expires_at is None or connection.expires_at <= now:
        return False
    born = connection.issued_at or connection.created_at
    return now - born >= RENEW_AT_AGE or connection.expires_at - now <= RENEW_AT_AGE


def _is_given_up(connection: Connection) -> bool:
    return connection.kind == Connection.Kind.USER and connection.renewal_error == UNMOVED


def renew_due() -> list[Renewal]:
    """Renew every connection that is due, one after the other."""
    return _each(renew, [connection for connection in Connection.objects.usable() if is_due(connection)])


def renew(connection: Connection, *, only_if_due: bool = True, by: Any = None) -> Renewal:
    """Exchange the token of a connection as the caller knows it. Whoever comes second finds the work done."""
    with locks.only_change_of(connection) as alone:
        current = Connection.objects.get(pk=connection.pk)
        if not alone:
            return Renewal(current, Outcome.ALREADY, f"{current} is being renewed by somebody else.")
        if _mark(current) != _mark(connection):
            return Renewal(current, Outcome.ALREADY, f"{current} was looked after by somebody else just now.")
        if only_if_due and not is_due(current):
            return Renewal(current, Outcome.NOT_DUE, f"{current} is not due.")
        if not current.works or current.never_expires:
            return Renewal(current, Outcome.NOT_DUE, f"{current} has nothing that could be renewed.")
        return _exchange(current, by)


def _mark(connection: Connection) -> tuple[Any, ...]:
    """Changes with every attempt and every token."""
    return connection.version, connection.renewal_tried_at, connection.state


def _exchange(current: Connection, by: Any) -> Renewal:
    try:
        text = _new_token(current)
        info = clients.for_app(retries=_PATIENCE).inspect_token(text)
    except TokenRefused as error:
        return _maybe_dead(current, error, by)
    except (GraphError, SealBroken) as error:
        return _failed(current, error, by)
    if not _is_ours(info, current):
        return _failed(current, Unfit("Meta gave a token that is not valid, or of another identity."), by)
    if not _has_moved(info, current):
        return _unmoved(current, by)
    try:
        sealed = tokens.seal_for(current, text)
    except SealBroken as error:
        return _failed(current, error, by)
    return _store(current, sealed, info, by)


class Unfit(Exception):
    """The new token is none that can take the place of the old one."""


def _new_token(connection: Connection) -> str:
    new = clients.for_nobody(retries=_PATIENCE).exchange_token(
        clients.opened(connection, purpose=Purpose.RENEWAL),
        app_id=settings.META_APP_ID,
        app_secret=settings.META_APP_SECRET,
        sixty_days=connection.kind == Connection.Kind.SYSTEM_USER,
    )
    return new.text


def _is_ours(info: TokenInfo, connection: Connection) -> bool:
    same = (info.app_id, info.user_id) == (connection.app_id, connection.subject_id)
    return info.is_valid and same and tokens.NEEDED_SCOPE in info.scopes


def _has_moved(info: TokenInfo, connection: Connection) -> bool:
    if info.expires_at == 0:
        return True
    if info.expires_at is None:
        return False
    if connection.expires_at is None:
        return True
    return datetime.fromtimestamp(info.expires_at, UTC) - connection.expires_at >= _REALLY_MOVED


def _store(begun: Connection, sealed: tokens.Sealed, info: TokenInfo, by: Any) -> Renewal:
    """In the place of the token that we began with; where that is not there any more, the new one is thrown away."""
    with transaction.atomic():
        current = Connection.objects.select_for_update().get(pk=begun.pk)
        if current.version != begun.version or not current.works:
            return Renewal(current, Outcome.ALREADY, f"{current} has another token by now.")
        before = current.expires_at
        tokens.put_in(current, sealed)
        tokens.describe(current, info)
        current.renewal_error = ""
        if not current.data_access_ends_soon:
            current.state, current.state_reason = Connection.State.ACTIVE, ""
        current.renewed_at = current.renewal_tried_at = current.last_good_at = timezone.now()
        current.save()
        ends = history.moved("Renewed: the token", before, current.expires_at)
        history.note(current, history.Outcome.CHANGED, ends, by=by)
        expiry.review(current)
    end = "never ends now" if current.never_expires else f"ends on {current.expires_at:%-d %b %Y} now"
    return Renewal(current, Outcome.RENEWED, f"{current} is renewed and {end}.")


def _unmoved(begun: Connection, by: Any) -> Renewal:
    """Meta does not extend it. A person's token needs its owner then; a system user's is tried again."""
    with transaction.atomic():
        current = Connection.objects.select_for_update().get(pk=begun.pk)
        if current.version != begun.version or not current.works:
            return Renewal(current, Outcome.ALREADY, f"{current} has another token by now.")
        current.renewal_error, current.renewal_tried_at = UNMOVED, timezone.now()
        current.last_good_at = timezone.now()
        needs_owner = current.kind == Connection.Kind.USER
        if needs_owner:
            current.state, current.state_reason = Connection.State.NEEDS_OWNER, _only_a_login(current)
        current.save()
        history.note(current, history.Outcome.CHANGED, [f"Not renewed. {UNMOVED}"], by=by)
        expiry.review(current)
    if needs_owner:
        links.send(current, by=by)
    return Renewal(current, Outcome.UNMOVED, f"{current} was not extended. {current.state_reason or UNMOVED}")


def _only_a_login(connection: Connection) -> str:
    who = connection.subject_name or "Its owner"
    return f"Meta does not extend this token any more. {who} must log in at Meta once before it ends."


def _failed(begun: Connection, error: Exception, by: Any) -> Renewal:
    """Nothing is known of the token; it is left as it is and tried again."""
    logger.warning("Connection %s could not be renewed: %s", begun.pk, error)
    begun.renewal_error, begun.renewal_tried_at = str(error), timezone.now()
    Connection.objects.filter(pk=begun.pk, version=begun.version).update(
        renewal_error=begun.renewal_error, renewal_tried_at=begun.renewal_tried_at
    )
    history.note(begun, history.Outcome.UNCHECKED, reason=f"Not renewed. {error}", error=error, by=by)
    return Renewal(
        begun, Outcome.FAILED, f"{begun} could not be renewed: {error} It is tried again tomorrow."
    )


def _maybe_dead(begun: Connection, error: TokenRefused, by: Any) -> Renewal:
    """The exchange was refused. Whether the token is dead, its own check tells."""
    checking.look(begun, by=by)
    current = Connection.objects.get(pk=begun.pk)
    if current.state == Connection.State.REFUSED:
        return Renewal(current, Outcome.REFUSED, f"{current} is refused by Meta. {current.state_reason}")
    return _failed(current, error, by)


# --- every day -----------------------------------------------------------------------------------


def look_after_all() -> list[Renewal]:
    """The daily work: renew what is due, look at every connection, raise alerts and tell of them."""
    renewals = renew_due()
    _each(checking.look, Connection.objects.exclude(state=Connection.State.DISCONNECTED).order_by("name"))
    raise_alerts(Connection.objects.filter(state__in=WORKING))
    history.prune()
    return renewals


def _each(do: Callable[[Connection], Result], connections: Iterable[Connection]) -> list[Result]:
    """One that makes trouble does not keep the others from being looked after; it is told at the end."""
    results, faults = [], []
    for connection in connections:
        try:
            results.append(do(connection))
        except Exception as fault:
            logger.exception("Connection %s came upon a fault of this program.", connection.pk)
            faults.append(fault)
    if faults:
        raise ExceptionGroup("Some connections were not looked after.", faults)
    return results


def raise_alerts(connections: Iterable[Connection]) -> None:
    """By the clocks as they are known, whether or not Meta could be asked today."""
    for connection in connections:
        if connection.state == Connection.State.ACTIVE and connection.data_access_ends_soon:
            _needs_owner_for_data(connection)
        expiry.review(connection)
    expiry.tell()


def _needs_owner_for_data(connection: Connection) -> None:
    """No exchange moves this clock."""
    who = connection.subject_name or "Its owner"
    reason = (
        f"Meta closes access to the data of {who} on {connection.data_access_expires_at:%-d %b %Y}. "
        "Only their login at Meta moves that day."
    )
    changed = Connection.objects.filter(
        pk=connection.pk, version=connection.version, state=Connection.State.ACTIVE
    ).update(state=Connection.State.NEEDS_OWNER, state_reason=reason)
    if changed:
        connection.state, connection.state_reason = Connection.State.NEEDS_OWNER, reason
        history.note(connection, history.Outcome.CHANGED, [reason])
        links.send(connection)
