"""Reading the audit trail: filters, pages, the file."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from .belongings import known
from .models import AuditEntry

PER_PAGE = 50
COLUMNS = ("number", "at", "who", "email", "action", "object", "change", "address", "previous", "hash")
_NOBODY = "0"


@dataclass(frozen=True)
class Page:
    rows: list[AuditEntry]
    older: int | None


def people() -> list[tuple[str, str]]:
    """Everybody who stands in the trail, by their latest name, and nobody."""
    found: dict[int, str] = {}
    entries = AuditEntry.objects.exclude(actor=None).order_by("actor", "-number").distinct("actor")
    for entry in entries:
        if entry.actor is not None:
            found[entry.actor] = entry.who
    named = sorted(((str(pk), name) for pk, name in found.items()), key=lambda pair: pair[1].casefold())
    return [*named, (_NOBODY, "Nobody: a stranger, a command or the system")]


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct())


def matching(asked: dict[str, Any]) -> QuerySet[AuditEntry]:
    """Entries that a cleaned TrailForm asks for, newest first."""
    entries = AuditEntry.objects.order_by("-number")
    if who := asked.get("who"):
        entries = entries.filter(actor=None if who == _NOBODY else int(who))
    if action := asked.get("action"):
        entries = entries.filter(action=action)
    if words := asked.get("q"):
        entries = entries.filter(
            Q(thing__icontains=words) | Q(detail__icontains=words) | Q(thing__in=known().references(words))
        )
    if since := asked.get("since"):
        entries = entries.filter(at__gte=datetime.combine(since, time.min, UTC))
    if until := asked.get("until"):
        entries = entries.filter(at__lt=datetime.combine(until + timedelta(days=1), time.min, UTC))
    return entries


def shown(entries: Iterable[AuditEntry]) -> list[AuditEntry]:
    """Entries with today's names of what they hold by a reference."""
    rows = list(entries)
    names = known().named({row.thing for row in rows})
    for row in rows:
        row.named = names.get(row.thing, "")
    return rows


def page(entries: QuerySet[AuditEntry], before: int | None, size: int = PER_PAGE) -> Page:
    """So many, and the number to go on from. Entries that arrive meanwhile shift nothing."""
    if before:
        entries = entries.filter(number__lt=before)
    rows = shown(entries[: size + 1])
    return Page(rows[:size], rows[size - 1].number if len(rows) > size else None)


class _Line:
    def write(self, text: str) -> str:
        return text


def as_csv(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """With the hashes, so that a file kept elsewhere can be held against the chain."""
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for entry in entries:
        at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
        told = (entry.actor_name, entry.actor_email, entry.action, entry.thing, entry.detail, entry.address)
        yield writer.writerow([entry.number, at, *map(_harmless, told), entry.previous, entry.hash])


def _harmless(text: str) -> str:
    """A text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
