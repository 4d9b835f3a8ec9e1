"""Another token for a system user: checked, put in the place of the old one, and only then the old one is ended.

Whatever goes wrong before the new one is stored leaves the old one as it was.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from apps.graphapi import GraphError, Pauses, TokenRefused
from apps.vault import SealBroken

from . import clients, history, locks, tokens
from .models import Connection
from .purposes import Purpose
from .scopes import PURPOSES
from .system_users import Office, Trouble
from .tokens import Refusal

logger = logging.getLogger(__name__)

_PATIENCE = Pauses(tries=1, first=0.5, longest=0.5)


@dataclass(frozen=True)
class Rotated:
    """What came of it. `trouble`: why the old token could not be ended at Meta, where it goes on working."""

    connection: Connection
    trouble: str = ""

    def __str__(self) -> str:
        done = f"{self.connection} has a new token"
        if not self.trouble:
            return f"{done}, and the old one is revoked at Meta."
        return f"{done}. The old one could not be revoked: {self.trouble} End it at Meta, at the system user."


def can_rotate(connection: Connection) -> bool:
    """A person's token is replaced by their login; what is disconnected is connected again."""
    return (
        connection.kind == Connection.Kind.SYSTEM_USER and connection.state != Connection.State.DISCONNECTED
    )


def needs(connection: Connection) -> list[str]:
    """The scopes that a new token must have: what it is for, and what the present one may that we make use of."""
    return sorted({*connection.wanted_scopes, *(scope for scope in connection.scopes if scope in PURPOSES)})


def paste(connection: Connection, token: str, *, by: Any = None) -> Rotated:
    """Put a pasted token in the place of the one that is stored. Raises Refusal, with nothing changed."""
    token = tokens.clean_token(token)
    with _alone(connection) as current:
        return _swap(current, token, Connection.Via.PASTED, by)


def generate(connection: Connection, manager: Connection, *, sixty_days: bool, by: Any = None) -> Rotated:
    """The same with a token that `manager` has Meta generate. Raises Refusal or Trouble, with nothing changed."""
    office = Office(manager)
    with _alone(connection) as current:
        token = office.new_token(current.subject_id, needs(current), sixty_days=sixty_days)
        try:
            return _swap(current, token, Connection.Via.GENERATED, by)
        except Refusal as refusal:
            raise Trouble(f"{refusal} {office.withdraw(token)}") from refusal


@contextmanager
def _alone(connection: Connection) -> Iterator[Connection]:
    with locks.only_change_of(connection) as alone:
        current = Connection.objects.get(pk=connection.pk)
        if not alone:
            raise Refusal(f"Somebody else is changing the token of {current}. Wait a minute, then try again.")
        if not can_rotate(current):
            raise Refusal(f"{current} has no token to be replaced. Connect it again.")
        yield current


def _swap(current: Connection, token: str, via: Connection.Via, by: Any) -> Rotated:
    checked = tokens.examine(token)
    _insist(current, checked)
    old = _present(current)
    stored = tokens.put_in_place(current, checked, by=by, via=via)
    trouble = _end(old, token) if old else ""
    told = (
        f"The old token could not be revoked: {trouble}" if trouble else "The old token is revoked at Meta."
    )
    history.note(stored.connection, history.Outcome.CHANGED, [f"Its token was replaced. {told}"], by=by)
    return Rotated(stored.connection, trouble)


def _insist(current: Connection, checked: tokens.Examined) -> None:
    if checked.info.user_id != current.subject_id:
        whose = checked.subject_name or checked.info.user_id
        raise Refusal(
            f"This token belongs to {whose}, and {current} is {current.subject_name or current.subject_id}. Generate "
            "one of the same system user, or connect this one under a name of its own."
        )
    if tokens.fingerprint(checked.token) == current.fingerprint:
        raise Refusal("This is the token that is stored already. Generate a new one at Meta.")
    if lacking := [scope for scope in needs(current) if scope not in checked.info.scopes]:
        raise Refusal(
            f"The token lacks {', '.join(lacking)}, which the present one is used for. Generate it again with "
            f"{', '.join(needs(current))} ticked."
        )


def _present(current: Connection) -> str:
    """The token that is stored; empty when it does not open, and then there is nothing we could revoke."""
    try:
        return clients.opened(current, purpose=Purpose.REVOKE)
    except SealBroken as broken:
        logger.warning("The old token of connection %s does not open: %s", current.pk, broken)
        return ""


def _end(old: str, new: str) -> str:
    """Empty, or why Meta did not end it. A dead one needs no more."""
    try:
        clients.revoke(clients.for_token(new, retries=_PATIENCE), old)
    except TokenRefused as error:
        return "" if error.code == 190 else str(error)
    except GraphError as error:
        logger.warning("An old token could not be revoked at Meta: %s", error)
        return str(error)
    return ""
