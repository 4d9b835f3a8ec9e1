"""The daily look at a connection, and the button: what Meta says of it now, and what changed since the look before."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.graphapi import permissions
from apps.vault import SealBroken

from . import accounts, clients, expiry, history, tokens
from .deaths import cause
from .models import AdAccount, Connection, ConnectionCheck
from .purposes import Purpose
from .tokens import Examined

logger = logging.getLogger(__name__)

Outcome = ConnectionCheck.Outcome


def look(connection: Connection, *, by: Any = None) -> ConnectionCheck:
    """Ask Meta about a stored token and keep what changed.

    A token that Meta refuses makes the connection refused. When Meta could not be asked, the outcome is `unchecked`
    and nothing is changed: that says nothing about the token.
    """
    begun = time.perf_counter()
    if connection.state == Connection.State.DISCONNECTED:
        return history.note(
            connection, Outcome.UNCHECKED, reason="It is disconnected: its token is deleted.", by=by
        )
    try:
        examined = tokens.examine(clients.opened(connection, purpose=Purpose.CHECK))
    except (SealBroken, tokens.Unchecked) as fault:
        return history.note(connection, Outcome.UNCHECKED, error=fault, milliseconds=_since(begun), by=by)
    except tokens.Refusal as refusal:
        return _refused(connection, refusal, _since(begun), by)
    return _keep(connection, examined, _since(begun), by)


@dataclass(frozen=True)
class _Before:
    """What was known before the look."""

    state: str
    scopes: frozenset[str]
    permissions: dict[str, str]
    expires_at: datetime | None
    data_access_expires_at: datetime | None

    @classmethod
    def of(cls, connection: Connection) -> "_Before":
        return cls(
            connection.state,
            frozenset(connection.scopes),
            dict(connection.permissions),
            connection.expires_at,
            connection.data_access_expires_at,
        )


def _keep(connection: Connection, examined: Examined, milliseconds: int, by: Any) -> ConnectionCheck:
    with transaction.atomic():
        current = Connection.objects.select_for_update().get(pk=connection.pk)
        if current.fingerprint != connection.fingerprint or current.state == Connection.State.DISCONNECTED:
            reason = "Somebody has just given it a new token, or ended it."
            return history.note(current, Outcome.UNCHECKED, reason=reason, milliseconds=milliseconds, by=by)
        before = _Before.of(current)
        tokens.describe(current, examined.info)
        current.subject_name, current.permissions = examined.subject_name, examined.permissions
        current.last_good_at = timezone.now()
        _settle_state(current, before)
        current.lost_scopes = sorted({*current.lost_scopes, *before.scopes} - set(current.scopes))
        current.save()
        stored = accounts.store(current, examined.rows)
        changes = _changes(current, before, stored)
        expiry.review(current)
        outcome = Outcome.CHANGED if changes else Outcome.SAME
        return history.note(current, outcome, changes, milliseconds=milliseconds, by=by)


def _settle_state(connection: Connection, before: _Before) -> None:
    """It works. Whether it still needs its owner, only a clock that moved can tell."""
    if connection.never_expires or _later(connection.expires_at, before.expires_at):
        connection.renewal_error = ""
    waits = connection.renewal_error or connection.data_access_ends_soon
    if before.state == Connection.State.NEEDS_OWNER and waits:
        return
    connection.state, connection.state_reason = Connection.State.ACTIVE, ""


def _later(after: datetime | None, before: datetime | None) -> bool:
    return after is not None and before is not None and after > before


def _changes(connection: Connection, before: _Before, stored: accounts.Stored) -> list[str]:
    changes = ["Works again."] if before.state == Connection.State.REFUSED else []
    if gained := sorted(set(connection.scopes) - before.scopes):
        changes.append(f"Gained {', '.join(gained)}.")
    if lost := sorted(before.scopes - set(connection.scopes)):
        changes.append(f"Lost {', '.join(lost)}.")
    changes += _answers(connection, before)
    if stored.gained:
        changes.append(f"Reaches {history.named(stored.gained)}, which it did not before.")
    if stored.lost:
        reasons = connection.reach.filter(account__in=stored.lost).values_list("lost_reason", flat=True)
        changes.append(f"Lost {history.named(stored.lost)}. {' '.join(sorted(set(reasons)))}")
    changes += history.moved("The token", before.expires_at, connection.expires_at)
    changes += history.moved("Data access", before.data_access_expires_at, connection.data_access_expires_at)
    return changes


def _answers(connection: Connection, before: _Before) -> list[str]:
    """What its owner has said to permissions since."""
    told = []
    for status, words in (
        (permissions.DECLINED, "Its owner has declined"),
        (permissions.EXPIRED, "Expired:"),
    ):
        since = [one for one in connection.scopes_said_to_be(status) if before.permissions.get(one) != status]
        told += [f"{words} {', '.join(since)}."] if since else []
    return told


def _refused(connection: Connection, refusal: tokens.Refusal, milliseconds: int, by: Any) -> ConnectionCheck:
    """Meta's own verdict, or a token that may not read ads any more."""
    with transaction.atomic():
        current = Connection.objects.select_for_update().get(pk=connection.pk)
        reached = AdAccount.objects.filter(reach__connection=current, reach__lost_at=None)
        lost, was_working = list(reached), current.works
        connection.refuse(refusal)
        current.refresh_from_db()
        if current.state != Connection.State.REFUSED:  # it has another token since, or is ended
            reason = "Somebody has just given it a new token, or ended it."
            return history.note(current, Outcome.UNCHECKED, reason=reason, milliseconds=milliseconds, by=by)
        changes = _scopes_gone(current, refusal)
        if lost:
            changes.append(f"Lost {history.named(lost)}. The token was refused: {cause(refusal)}.")
        if was_working:
            logger.warning("Connection %s is refused by Meta: %s", current.pk, cause(refusal))
        return history.note(
            current, Outcome.REFUSED, changes, error=refusal, milliseconds=milliseconds, by=by
        )


def _scopes_gone(connection: Connection, refusal: tokens.Refusal) -> list[str]:
    """Where Meta still gave a verdict: the scopes that the token has no more."""
    if refusal.info is None or not refusal.info.is_valid:
        return []
    gone = sorted(set(connection.scopes) - set(refusal.info.scopes))
    if not gone:
        return []
    connection.scopes = list(refusal.info.scopes)
    connection.lost_scopes = sorted({*connection.lost_scopes, *gone})
    connection.save(update_fields=["scopes", "lost_scopes"])
    return [f"Lost {', '.join(gone)}."]


def _since(begun: float) -> int:
    return round((time.perf_counter() - begun) * 1000)
