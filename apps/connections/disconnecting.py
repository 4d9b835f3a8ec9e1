"""Ends a connection: revoked at Meta, the token deleted here whatever Meta says, the history kept."""

import logging
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.graphapi import GraphError, Pauses, TokenRefused
from apps.vault import SealBroken

from . import clients, expiry, history, locks
from .models import Connection, LoginLink
from .purposes import Purpose

logger = logging.getLogger(__name__)

_PATIENCE = Pauses(tries=1, first=0.5, longest=0.5)


@dataclass(frozen=True)
class Ended:
    """What came of it. `revoked` False: the token is deleted here, and may still work for whoever else has it."""

    connection: Connection
    revoked: bool
    trouble: str = ""

    def __str__(self) -> str:
        done = f"{self.connection} is disconnected: its token is deleted here"
        if self.revoked:
            return f"{done} and revoked at Meta."
        return f"{done}. It could not be revoked at Meta: {self.trouble} {_by_hand(self.connection)}"


def _by_hand(connection: Connection) -> str:
    if connection.kind == Connection.Kind.USER:
        who = connection.subject_name or "Its owner"
        return f"{who} can remove the app in their Facebook settings, under “Business integrations”."
    return "Revoke it in Meta's Business settings, at the system user."


def disconnect(connection: Connection, *, by: Any = None) -> Ended:
    """No renewal comes in between: a token that were exchanged meanwhile would live on at Meta, unknown to us."""
    with locks.only_change_of(connection):
        current = Connection.objects.get(pk=connection.pk)
        if current.state == Connection.State.DISCONNECTED:
            return Ended(current, revoked=True)
        trouble = _revoke(current)
        _forget(current, trouble, by)
    return Ended(current, not trouble, trouble)


def _revoke(connection: Connection) -> str:
    """Empty, or why it could not be done. A token that is dead already needs no more."""
    try:
        token = clients.opened(connection, purpose=Purpose.REVOKE)
        client = clients.for_token(token, retries=_PATIENCE)
        if connection.kind == Connection.Kind.USER:
            client.delete("me/permissions", idempotent=True)
        else:
            clients.revoke(client, token)
    except TokenRefused as error:
        return "" if error.code == 190 else str(error)
    except (GraphError, SealBroken) as error:
        logger.warning("Connection %s could not be revoked at Meta: %s", connection.pk, error)
        return str(error)
    return ""


def _forget(connection: Connection, trouble: str, by: Any) -> None:
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        end(row, f"Disconnected by {by}." if by else "", lost="It was disconnected.")
        told = f"Not revoked at Meta: {trouble}" if trouble else "Revoked at Meta."
        history.note(row, history.Outcome.CHANGED, ["Disconnected: the token is deleted here.", told], by=by)
    connection.refresh_from_db()


def end(row: Connection, reason: str, *, lost: str) -> None:
    """The token is gone, and with it what it reached, its links and its alerts. Call it with the row locked.

    `lost`: the cause, for each ad account.
    """
    now = timezone.now()
    row.state, row.state_reason = Connection.State.DISCONNECTED, reason
    row.sealed_token = ""
    row.version += 1
    row.save()
    row.reach.filter(lost_at=None).update(lost_at=now, lost_reason=lost)
    LoginLink.objects.filter(connection=row, used_at=None, expires_at__gt=now).update(expires_at=now)
    expiry.review(row)
