"""The error log as a file: one line per group."""

from collections.abc import Iterator
from datetime import UTC

from apps.reporting.export import as_csv

from . import meanings
from .error_filters import STATES, Asked, fitting, in_order
from .error_list import state_of
from .models import ErrorGroup

COLUMNS = ["id", "state", "code", "subcode", "kind", "path", "use_case", "category", "meaning", "who", "next_step",
           "retry", "count", "first_seen", "last_seen", "message", "owner"]  # fmt: skip


def lines(asked: Asked) -> Iterator[str]:
    """CSV of every group that the filters ask for, in the list's order; times are UTC."""
    groups = in_order(fitting(asked).filter(STATES[asked.state]), asked.sort or "").select_related("owner")
    return as_csv(map(_record, groups.iterator(chunk_size=500)), COLUMNS)


def _record(group: ErrorGroup) -> dict[str, object]:
    entry = meanings.entry_of(group)
    return {
        "id": group.pk,
        "state": state_of(group)[1].lower(),
        "code": group.code,
        "subcode": group.subcode,
        "kind": group.kind,
        "path": group.path,
        "use_case": group.use_case,
        "category": meanings.CATEGORIES[entry.category],
        "meaning": entry.meaning,
        "who": meanings.WHO[entry.who],
        "next_step": entry.action,
        "retry": meanings.RETRIES[entry.retry],
        "count": group.count,
        "first_seen": group.first_seen.astimezone(UTC).isoformat(timespec="seconds"),
        "last_seen": group.last_seen.astimezone(UTC).isoformat(timespec="seconds"),
        "message": group.message,
        "owner": str(group.owner or ""),
    }
