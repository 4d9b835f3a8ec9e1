"""From a pasted token to a stored connection: check it, seal it, find its ad accounts."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from apps.graphapi import (
    GraphError,
    InvalidRequest,
    Pauses,
    PermissionMissing,
    TokenInfo,
    TokenRefused,
    Unreachable,
    permissions,
)
from apps.vault import KeysAway, seal

from . import accounts, clients, expiry, history
from .deaths import death
from .models import Connection
from .values import clean

NEEDED_SCOPE = "ads_read"
_LONGEST_TOKEN = 2000
# What a copy leaves around a token, in any order.
_LEFTOVERS = " \t\r\n\xa0\"'“”‘’\ufeff\u200b"

# Somebody waits for the answer: one more try, soon.
_PATIENCE = Pauses(tries=1, first=0.5, longest=0.5)

_KINDS = {"SYSTEM_USER": Connection.Kind.SYSTEM_USER, "USER": Connection.Kind.USER}


class Refusal(Exception):
    """A token that is not taken. The text says why and what to do; nothing was stored.

    `code`, `subcode`, `fbtrace_id`: Meta's, where Meta refused it. `info`: Meta's verdict, where there was one.
    """

    def __init__(
        self,
        text: str,
        *,
        code: int | None = None,
        subcode: int | None = None,
        message: str = "",
        fbtrace_id: str = "",
        info: TokenInfo | None = None,
    ) -> None:
        super().__init__(text)
        self.code, self.subcode, self.message, self.fbtrace_id = code, subcode, message, fbtrace_id
        self.info = info


class NameRefused(Refusal):
    """It is the name that will not do."""


class ScopeMissing(Refusal):
    """It may not read ads, so nothing could be done with it."""


class OtherIdentity(Refusal):
    """It belongs to somebody else than the connection that it is meant for."""


class Unchecked(Refusal):
    """The check itself could not be made, which says nothing about the token."""


@dataclass(frozen=True)
class Connected:
    """What came of connecting."""

    connection: Connection
    found: int  # ad accounts reached
    renewed: bool  # the connection was there already and has a new token now

    def __str__(self) -> str:
        kind = self.connection.get_kind_display().lower()
        verb = "has a new token of" if self.renewed else "is connected as"
        who = f"{self.connection.subject_name or self.connection.subject_id} ({kind})"
        reach = "1 ad account" if self.found == 1 else f"{self.found} ad accounts"
        tail = (
            f"{reach} found."
            if self.found
            else (
                "no ad account is assigned to it. Assign some in Meta's business settings, then connect again."
            )
        )
        return f"{self.connection.name} {verb} {who}; {tail}"


@dataclass(frozen=True)
class Examined:
    """What Meta says of a token that works. `permissions`: what a person said to each; empty for a system user."""

    token: str
    info: TokenInfo
    subject_name: str
    rows: list[dict[str, Any]]
    permissions: dict[str, str] = field(default_factory=dict)


def connect(
    name: str,
    token: str,
    *,
    by: Any = None,
    via: Connection.Via = Connection.Via.PASTED,
    wanted_scopes: Sequence[str] = (),
) -> Connected:
    """Check a token with Meta, seal and store it, and find its ad accounts.

    The same name with a token of the same identity renews the connection; its accounts and history stay.
    Raises Refusal, with nothing stored.
    """
    name = clean_name(name)
    return keep(name, examine(clean_token(token)), by=by, via=via, wanted_scopes=wanted_scopes)


def keep(
    name: str,
    checked: Examined,
    *,
    by: Any = None,
    via: Connection.Via = Connection.Via.PASTED,
    wanted_scopes: Sequence[str] = (),
    owner_email: str | None = None,
    also: Callable[[Connected], None] = lambda connected: None,
) -> Connected:
    """Seal and store a token that Meta has just been asked about. Raises Refusal, with nothing stored.

    `owner_email` None: as it was. `also` is done in the same transaction, last; what it raises undoes all.
    """

    def attempt() -> Connected:
        existing = clear_to_connect(name, checked.info.user_id, checked.subject_name)
        known = existing or Connection(name=clean_name(name), created_by=by, version=0)
        if owner_email is not None:
            known.owner_email = owner_email
        return _store(known, checked, existing is not None, by, via, list(wanted_scopes), also)

    try:
        return attempt()
    except IntegrityError:
        # Made by somebody else since we looked, or by the same person's second press: now it is there.
        return attempt()


def put_in_place(connection: Connection, checked: Examined, *, by: Any, via: Connection.Via) -> Connected:
    """Store a checked token of the same identity in place of the present one. Raises Unchecked when keys are away."""
    return _store(connection, checked, True, by, via, [], lambda connected: None)


def clear_to_connect(name: str, subject_id: str, subject_name: str = "") -> Connection | None:
    """The identity's connection, if it has one. Raises NameRefused when the name is another's, or is not its own."""
    name = clean_name(name)
    # One question: asked one after the other, a connection made in between would be of another identity.
    whose = Q(app_id=settings.META_APP_ID, subject_id=subject_id)
    found = list(Connection.objects.filter(whose | Q(name=name)).annotate(is_theirs=whose))
    existing = next((one for one in found if one.is_theirs), None)
    if existing and existing.name != name:
        raise NameRefused(
            f"This token belongs to {subject_name or subject_id}, who is already connected as "
            f"“{existing.name}”. To replace that connection's token, connect under that name."
        )
    if not existing and found:
        raise NameRefused(_taken(name))
    return existing


def clear_new_name(name: str) -> str:
    """The name as it will be kept. Raises NameRefused when a connection has it already."""
    name = clean_name(name)
    if Connection.objects.filter(name=name).exists():
        raise NameRefused(_taken(name))
    return name


def _taken(name: str) -> str:
    return f"The name “{name}” is taken by a connection of another identity. Choose another name."


def of_identity(subject_id: str) -> Connection | None:
    """The connection of somebody at Meta; there is at most one."""
    found: Connection | None = Connection.objects.filter(
        app_id=settings.META_APP_ID, subject_id=subject_id
    ).first()
    return found


def insist_on(connection: Connection, checked: Examined) -> None:
    """Raises OtherIdentity when the token is not of this connection's own identity."""
    if (connection.app_id, connection.subject_id) == (settings.META_APP_ID, checked.info.user_id):
        return
    raise OtherIdentity(
        f"“{connection}” belongs to {connection.subject_name or connection.subject_id}, and this token to "
        f"{checked.subject_name or checked.info.user_id}. Nothing was changed."
    )


def clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise NameRefused("The connection has no name. Give it one that says whose it is, like “reporting”.")
    if len(name) > 80:
        raise NameRefused(f"The name has {len(name)} characters; 80 is the most. Shorten it.")
    if not name.isprintable():
        raise NameRefused("The name has characters that can not be shown. Type it again.")
    return name


def clean_token(token: str) -> str:
    """The token without what a copy leaves around it; Refusal when the rest can be no token."""
    token = token.strip(_LEFTOVERS)
    if not token:
        raise Refusal("No token was given. Paste the token that Meta showed when it was generated.")
    if re.search(r"\s", token):
        raise Refusal(
            "The token has a space or a line break in the middle, so it was cut or two were pasted. Copy it again."
        )
    if not token.isascii() or not token.isprintable():
        raise Refusal("The token has characters that no token has. Copy it again, straight from Meta's page.")
    if len(token) > _LONGEST_TOKEN:
        raise Refusal(
            f"This text has {len(token)} characters; a token has a few hundred. Copy only the token."
        )
    if "|" in token:
        raise Refusal(
            "This is an app's own token (it has a | in it), which reads no ad accounts. "
            "Paste the token of a system user."
        )
    return token


def examine(token: str) -> Examined:
    """Ask Meta about a token: `debug_token`, `/me`, its ad accounts. Raises Refusal, or Unchecked."""
    info = _inspect(token)
    _insist(info)
    client = clients.for_token(token, retries=_PATIENCE)
    try:
        me = client.get("me", fields=["id", "name"])
        subject_name = clean(me.get("name"))[:255]
        if info.user_id and str(me.get("id")) != info.user_id:
            raise Refusal("Meta names two different owners for this token. Generate a new one and try again.")
        rows = accounts.fetch(client)
        answers = permissions.of_person(client) if info.type == "USER" else {}
    except TokenRefused as error:
        raise Refusal(
            f"Meta refuses this token: {death(error.subcode, error.message)}. {_A_NEW_ONE}",
            code=error.code,
            subcode=error.subcode,
            message=error.message,
            fbtrace_id=error.fbtrace_id,
            info=info,
        ) from error
    except PermissionMissing as error:
        raise Refusal(
            f"The token may not list its ad accounts. Generate it with {NEEDED_SCOPE}. ({error})"
        ) from error
    except GraphError as error:
        raise Unchecked(
            f"Meta could not be asked about this token's ad accounts, so nothing was stored. {error}"
        ) from error
    return Examined(token, info, subject_name, rows, answers)


_A_NEW_ONE = "Generate a new token at Meta and paste that one."


def _inspect(token: str) -> TokenInfo:
    try:
        return clients.for_app(retries=_PATIENCE).inspect_token(token)
    except Unreachable as error:
        raise Unchecked(
            f"Meta could not be reached at {settings.META_GRAPH_URL}, so the token was not checked and nothing was "
            f"stored. Check META_GRAPH_URL and the network, then try again. ({error})"
        ) from error
    except TokenRefused as error:
        raise Unchecked(
            "Meta does not accept this installation's own app. Check META_APP_ID and META_APP_SECRET. "
            f"({error})"
        ) from error
    except (InvalidRequest, PermissionMissing) as error:
        if "did not match" in error.message:
            raise Refusal(_foreign()) from error
        raise Unchecked(
            f"Meta would not inspect the token: {error} Check META_APP_ID and META_APP_SECRET."
        ) from error
    except GraphError as error:
        raise Unchecked(f"The token could not be checked, so nothing was stored. {error}") from error


def _foreign(app: str = "") -> str:
    other = f" ({app})" if app else ""
    return (
        f"This token belongs to another app{other}, not to app {settings.META_APP_ID}. "
        "Generate one for this app: choose it in the list when Meta asks for the app."
    )


def _insist(info: TokenInfo) -> None:
    """Refuse a token that is dead, foreign, of the wrong kind, or may not read ads."""
    if info.app_id and info.app_id != settings.META_APP_ID:
        raise Refusal(_foreign(info.application))
    if not info.is_valid:
        raise Refusal(
            f"This token is not valid: {death(info.error_subcode, info.error_message)}. {_A_NEW_ONE}",
            code=info.error_code,
            subcode=info.error_subcode,
            message=info.error_message,
            info=info,
        )
    if info.expires_at and datetime.fromtimestamp(info.expires_at, UTC) <= timezone.now():
        raise Refusal(
            f"This token is not valid: it has expired. {_A_NEW_ONE}", code=190, subcode=463, info=info
        )
    data_end = _moment(info.data_access_expires_at)
    if data_end and data_end <= timezone.now():
        raise Refusal(
            f"This token reads nothing any more: access to its owner's data ended on {data_end:%-d %b %Y}. "
            "They must log in at Meta again.",
            message="access to its owner's data has ended",
            info=info,
        )
    if info.type not in _KINDS:
        raise Refusal(
            f"This is a token of the kind {info.type or 'unknown'}, which reads no ad accounts. "
            "Paste the token of a system user."
        )
    if not 0 < len(info.user_id) <= 32:
        raise Refusal(f"Meta does not say whose token this is. {_A_NEW_ONE}")
    if NEEDED_SCOPE not in info.scopes:
        has = ", ".join(info.scopes) or "nothing"
        raise ScopeMissing(
            f"The token lacks {NEEDED_SCOPE} (it grants {has}). Generate it again with {NEEDED_SCOPE} ticked.",
            info=info,
        )


def _store(
    known: Connection,
    checked: Examined,
    again: bool,
    by: Any,
    via: Connection.Via,
    wanted_scopes: list[str],
    also: Callable[[Connected], None],
) -> Connected:
    try:
        sealed = seal_for(known, checked.token)
    except KeysAway as error:
        raise Unchecked(
            f"The token is fine and could not be sealed, so nothing was stored. {error}"
        ) from error
    with transaction.atomic():
        connection = Connection.objects.select_for_update().get(pk=known.pk) if again else known
        connection.owner_email = known.owner_email
        is_new = connection.fingerprint != sealed.fingerprint
        changed = is_new or connection.state != Connection.State.ACTIVE
        put_in(connection, sealed)
        describe(connection, checked.info)
        connection.via = via
        connection.subject_name, connection.permissions = checked.subject_name, checked.permissions
        connection.state, connection.state_reason = Connection.State.ACTIVE, ""
        connection.renewal_error, connection.renewal_tried_at = "", None
        connection.lost_scopes = []
        connection.wanted_scopes = wanted_scopes or connection.wanted_scopes or [NEEDED_SCOPE]
        connection.last_good_at = timezone.now()
        connection.save()
        stored = accounts.store(connection, checked.rows)
        told = "Connected again" if again else "Connected"
        how = " by a login at Meta" if via == Connection.Via.LOGIN else ""
        reached = [f"Reaches {history.named(stored.gained)}."] if stored.gained else []
        if changed or reached:
            history.note(connection, history.Outcome.CHANGED, [f"{told}{how}.", *reached], by=by)
        expiry.review(connection)
        connected = Connected(connection, stored.reached, renewed=again and is_new)
        also(connected)
    return connected


@dataclass(frozen=True)
class Sealed:
    """A token as it is stored."""

    text: str
    fingerprint: str


def seal_for(connection: Connection, token: str) -> Sealed:
    """Seal a token to this connection; the keys may be far away, so not within a transaction. Raises KeysAway."""
    return Sealed(seal(token, connection.token_place), fingerprint(token))


def fingerprint(token: str) -> str:
    """Enough to tell two tokens apart, of no use to anyone else."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def put_in(connection: Connection, sealed: Sealed) -> None:
    """Give the connection another token, and so another version. Nothing is saved."""
    connection.sealed_token, connection.fingerprint = sealed.text, sealed.fingerprint
    connection.version += 1


def describe(connection: Connection, info: TokenInfo) -> None:
    """Take over what Meta says of the token. Nothing is saved."""
    connection.kind = _KINDS[info.type]
    connection.app_id, connection.subject_id = settings.META_APP_ID, info.user_id
    connection.scopes = list(info.scopes)
    connection.granular_scopes = [asdict(granular) for granular in info.granular_scopes]
    connection.issued_at = _moment(info.issued_at)
    connection.never_expires = info.expires_at == 0
    connection.expires_at = _moment(info.expires_at)
    connection.data_access_expires_at = _moment(info.data_access_expires_at)
    connection.checked_at = timezone.now()


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
