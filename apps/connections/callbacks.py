"""What Meta tells us of a person: they removed the app, or want their data deleted. The history stays, they do not."""

import secrets

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.graphapi import BadSignedRequest, SignedRequest, read_signed_request

from . import deeds, disconnecting, history, pending
from .models import Connection, LoginLink, UserCallback

# Meta tells us at once. What was signed long ago, or in the future, is a copy that somebody kept.
_OLDEST, _AHEAD = 24 * 3600, 600

_REMOVED = "Its owner has removed the app at Meta. To connect again they have to log in again."
_DELETED = "Its owner asked Meta for the deletion of their data: their token and their name are deleted here."

_OWNER_GONE = "Its owner is deleted here."


def read(text: str) -> SignedRequest:
    """What Meta signed. Raises BadSignedRequest."""
    told = read_signed_request(text, (settings.META_APP_SECRET, settings.META_APP_SECRET_PREVIOUS))
    age = timezone.now().timestamp() - told.issued_at
    if not -_AHEAD <= age <= _OLDEST:
        raise BadSignedRequest("The signed_request was not signed just now.")
    return told


@transaction.atomic
def deauthorize(told: SignedRequest) -> UserCallback:
    """Ends the tokens of that person. A copy of an older notice does not end what was connected since."""
    mine = [one for one in _of(told) if one.issued_at is None or one.issued_at.timestamp() <= told.issued_at]
    for connection in mine:
        _end(connection, _REMOVED, "Its owner has removed the app.")
    pending.forget_person(told.user_id)
    return _note(UserCallback.Kind.DEAUTHORIZE, mine)


@transaction.atomic
def delete(told: SignedRequest) -> UserCallback:
    """Deletes tokens and profile of that person; what their connections read stays, under nobody's name.

    Sentences about them go as a whole: a name that they bore once can not be searched for.
    """
    mine = _of(told)
    pending.forget_person(told.user_id)
    for connection in mine:
        history.forget(connection)
        connection.renewal_error, connection.permissions, connection.granular_scopes = "", {}, []
        connection.subject_id = f"deleted-{secrets.token_hex(8)}"
        connection.subject_name, connection.owner_email = "", ""
        connection.name = f"Deleted person {connection.subject_id[-6:]}"
        _end(connection, _DELETED, _OWNER_GONE)
        connection.reach.update(lost_reason=_OWNER_GONE)
        LoginLink.objects.filter(connection=connection).update(email="", name="", outcome="")
    return _note(UserCallback.Kind.DELETION, mine)


def _of(told: SignedRequest) -> list[Connection]:
    mine = Connection.objects.select_for_update().filter(app_id=settings.META_APP_ID, subject_id=told.user_id)
    return list(mine.order_by("pk"))


def _end(connection: Connection, reason: str, lost: str) -> None:
    connection.fingerprint = ""
    disconnecting.end(connection, reason, lost=lost)
    history.note(connection, history.Outcome.CHANGED, [reason])


def _note(kind: UserCallback.Kind, ended: list[Connection]) -> UserCallback:
    now = timezone.now()
    callback = UserCallback.objects.create(
        kind=kind, code=secrets.token_hex(12), received_at=now, done_at=now, connections=len(ended)
    )
    for connection in ended:
        deeds.record(f"connection.{kind.value}", connection, by=None, detail="Meta's callback")
    return callback
