"""The audit trail: who did what to which thing, when and from where. Append-only, each entry chained to the last.

`record` is how every app says what a person changed. What can be detected, and what not: docs/security.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Subquery
from django.http import HttpRequest
from django.utils import timezone

from .models import AuditEntry, AuditHead, User
from .models.trail import BEGINNING

ONLY = 1
_ACTION = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_LONGEST = 4000

# Nobody should hand a secret over. What looks like one all the same is struck out.
_SECRETS = (
    re.compile(r"EAA[A-Za-z0-9]+"),
    re.compile(r"\b\d{5,}\|[\w-]{6,}"),
    re.compile(r"(?<=Bearer )\S+", re.IGNORECASE),
    re.compile(
        r"(?<=[?&\s\"'{(])((?:access_|input_|exchange_|revoke_)?token|\w*secret\w*|password|appsecret_proof|signed_request)"
        r"[\"']?\s*[=:]\s*[\"']?[^\s&\"',;)}]+",
        re.IGNORECASE,
    ),
    re.compile(r"otpauth://\S+", re.IGNORECASE),
)


@transaction.atomic
def record(
    action: str,
    *,
    by: User | None,
    thing: str = "",
    detail: str = "",
    request: HttpRequest | None = None,
) -> AuditEntry:
    """Add an entry, in the caller's transaction: what is rolled back was not done.

    `action` is a slug like `connection.renewed`; nobody (`by=None`) is the system itself or an unknown visitor.
    Writers take turns until they commit, so record last, and never before talking to Meta.
    """
    if not _ACTION.fullmatch(action):
        raise ValueError(f"{action!r} is no action. Write it like connection.renewed.")
    head, _ = AuditHead.objects.select_for_update().get_or_create(pk=ONLY)
    entry = AuditEntry(
        number=head.number + 1,
        at=timezone.now(),
        actor=by.pk if by else None,
        actor_name=by.name if by else "",
        actor_email=by.email if by else "",
        action=action,
        thing=_clean(thing)[:300],
        detail=_clean(detail),
        address=address_of(request) if request else "",
        previous=head.hash,
    )
    entry.hash = entry.digest()
    entry.save(force_insert=True)
    head.move_to(entry)
    return entry


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, past the proxies in TRUSTED_PROXIES; empty when it can not be told."""
    try:
        return str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:
        return ""


def _clean(text: str) -> str:
    """One line, nothing that does not print, no secret."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    for secret in _SECRETS:
        line = secret.sub("***", line)
    return line[:_LONGEST].encode("utf-8", "replace").decode()


# --- is it whole? --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What a walk along the chain found. `fault` is empty when all is as it was written."""

    entries: int
    head: str
    fault: str = ""
    at: int | None = None


def verify(expect: str = "") -> Verdict:
    """Walk the chain from its first entry to its end. `expect`: a hash kept elsewhere that must stand in it."""
    end, end_hash = AuditHead.objects.values_list("number", "hash").first() or (0, BEGINNING)
    number, last, seen = 0, BEGINNING, expect in {"", BEGINNING}
    for entry in _entries():
        if fault := _fault(entry, number, last):
            return Verdict(number, last, fault, entry.number)
        number, last, end, end_hash = entry.number, entry.hash, entry.end, entry.end_hash
        seen = seen or last == expect
    if (number, last) != (end, end_hash):
        fault = f"The trail ends with entry {number}, but its head stands at entry {end or 0}."
        return Verdict(number, last, fault, number + 1)
    if not seen:
        return Verdict(number, last, f"No entry has the hash {expect}, which was noted elsewhere.")
    return Verdict(number, last)


def _entries() -> Iterator[Any]:
    """The entries, each with the head as it stood when the reading began: people go on writing meanwhile."""
    head = AuditHead.objects.filter(pk=ONLY)
    told = AuditEntry.objects.annotate(
        end=Subquery(head.values("number")), end_hash=Subquery(head.values("hash"))
    )
    return told.order_by("number").iterator(chunk_size=2000)


def _fault(entry: AuditEntry, number: int, last: str) -> str:
    if entry.number != number + 1:
        return f"Entry {number + 1} is missing; entry {entry.number} follows."
    if entry.previous != last:
        return f"Entry {entry.number} does not follow from the one before it."
    if entry.hash != entry.digest():
        return f"Entry {entry.number} is not what was written: its hash belongs to other words."
    return ""
