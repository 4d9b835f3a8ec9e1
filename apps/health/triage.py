"""What people decide about errors. The one writer of the states, notes and owners that people give.

Groups are locked in the order of their keys, as `errors.take` does. Each deed is a note on the group and an entry in
the audit trail, and can be taken back for ten minutes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from apps.graphapi import scrub
from apps.team import audit
from apps.team.models import User
from apps.ui import formats

from .models import ErrorGroup, ErrorNote

State = ErrorGroup.State
# How long a deed can be taken back.
UNDO_SECONDS = 600
_SALT = "health.triage.undo"
_STATE = ("state", "state_at", "state_by_id", "ignored_until", "ignored_count", "regressed_at")
LONGEST_NOTE = 4000


@dataclass(frozen=True)
class Done:
    """`undo`: what takes it back; empty where nothing was done."""

    groups: int
    undo: str = ""


@dataclass(frozen=True)
class Person:
    """Who acts, and the request that they act with."""

    user: User
    request: HttpRequest | None = None


def resolve(pks: Iterable[int], who: Person, comment: str = "") -> Done:
    """It is over. An error later than the grace opens it again as regressed."""
    return _decide(pks, who, State.RESOLVED, "resolved", "error.resolved", comment)


def ignore(
    pks: Iterable[int], who: Person, *, hours: int | None = None, more: int | None = None, comment: str = ""
) -> Done:
    """Out of sight for so many hours, or until so many more have come; neither: for good."""
    until = timezone.now() + timedelta(hours=hours) if hours else None
    did = (
        f"ignored for {hours} hours"
        if hours
        else f"ignored until {more} more"
        if more
        else "ignored for good"
    )

    def how(group: ErrorGroup) -> None:
        group.ignored_until, group.ignored_count = until, group.count + more if more else None

    return _decide(pks, who, State.IGNORED, did, "error.ignored", comment, how)


def reopen(pks: Iterable[int], who: Person, comment: str = "") -> Done:
    return _decide(pks, who, State.OPEN, "opened again", "error.reopened", comment)


@transaction.atomic
def note(group: ErrorGroup, who: Person, text: str) -> None:
    words = _clean(text)
    ErrorNote.objects.create(group=group, at=timezone.now(), by=who.user, did="noted", text=words)
    _record(who, "error.noted", group, words)


@transaction.atomic
def give(group: ErrorGroup, who: Person, owner: User | None) -> None:
    """Whose it is to look after; None: nobody's."""
    ErrorGroup.objects.filter(pk=group.pk).update(owner=owner)
    text = f"Now with {owner}." if owner else "Now with nobody."
    ErrorNote.objects.create(group=group, at=timezone.now(), by=who.user, did="handed over", text=text)
    _record(who, "error.handed_over", group, f"to {owner}" if owner else "to nobody")


@transaction.atomic
def undo(token: str, who: Person) -> int:
    """Put groups back as they were before a deed of this person; those that changed since stay. Says how many.

    Raises ValueError for a token that is not theirs, not whole, or too old.
    """
    try:
        told = signing.loads(token, salt=_SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature as error:
        raise ValueError("This can not be undone any more. Change the state by hand.") from error
    if told["by"] != who.user.pk:
        raise ValueError("Only who did it can undo it.")
    before = {pk: values for pk, *values in told["before"]}
    at = parse_datetime(told["at"])
    groups = [group for group in _locked(before) if group.state_at == at]
    for group in groups:
        for name, value in zip(_STATE, before[group.pk], strict=True):
            setattr(group, name, _moment(value) if name.endswith(("_at", "_until")) else value)
    _keep(groups, who, "taken back", "error.undone", "")
    return len(groups)


# --- one place where it is done ----------------------------------------------------------------------


@transaction.atomic
def _decide(
    pks: Iterable[int],
    who: Person,
    state: str,
    did: str,
    action: str,
    comment: str,
    how: Callable[[ErrorGroup], None] | None = None,
) -> Done:
    groups, now = _locked(pks), timezone.now()
    if not groups:
        return Done(0)
    before = [(group.pk, *(_text(getattr(group, name)) for name in _STATE)) for group in groups]
    for group in groups:
        group.state, group.state_at, group.state_by = state, now, who.user
        group.ignored_until = group.ignored_count = group.regressed_at = None
        if how:
            how(group)
    _keep(groups, who, did, action, _clean(comment))
    told = {"by": who.user.pk, "at": now.isoformat(), "before": before}
    return Done(len(groups), signing.dumps(told, salt=_SALT, compress=True))


def _locked(pks: Iterable[int]) -> list[ErrorGroup]:
    return list(ErrorGroup.objects.select_for_update().filter(pk__in=pks).order_by("key"))


def _keep(groups: Sequence[ErrorGroup], who: Person, did: str, action: str, text: str) -> None:
    """Audit last: its writers take turns until they commit."""
    now = timezone.now()
    ErrorGroup.objects.bulk_update(groups, [name.removesuffix("_id") for name in _STATE])
    ErrorNote.objects.bulk_create(
        [ErrorNote(group=group, at=now, by=who.user, did=did, text=text) for group in groups]
    )
    for group in groups:
        _record(who, action, group, ". ".join(filter(None, [did, text])))


def _record(who: Person, action: str, group: ErrorGroup, detail: str) -> None:
    thing = f"Error {group.pair} at {group.path}"
    audit.record(action, by=who.user, thing=thing, detail=detail, request=who.request)


def _clean(text: str) -> str:
    """A note is shown and kept for ever: nothing that looks like a secret stays in it."""
    return scrub(text.strip())[:LONGEST_NOTE]


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _moment(value: Any) -> datetime | None:
    return parse_datetime(value) if value else None


def sentence(done: Done, did: str) -> str:
    """`3 groups resolved.`"""
    return f"{formats.integer(done.groups)} {'group' if done.groups == 1 else 'groups'} {did}."
