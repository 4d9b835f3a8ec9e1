"""One group of errors, all that is known of it: what to do, when and where it happened, each occurrence."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from apps.connections.models import AdAccount
from apps.graphapi import scrub
from apps.reporting.models import Coverage
from apps.ui import charts

from . import error_list, support_text
from .errors import CAME_BACK
from .models import ErrorGroup, ErrorHour, ErrorNote, ErrorOccurrence

PER_PAGE = 25
DAYS = 14
# Ad accounts with a colour of their own; the others are one.
LAYERS = 5
NOTES_SHOWN = 50
LACKING_SHOWN = 10


def context(group: ErrorGroup, chosen: str = "", older: str = "") -> dict[str, Any]:
    """`chosen`: id of the occurrence to show, `older`: id of the one to go on after."""
    [row] = error_list.rows([group])
    page = occurrences(group, older)
    shown = _chosen(group, chosen) or next(iter(page.rows), None)
    notes = list(group.notes.select_related("by").order_by("-at", "-pk")[:NOTES_SHOWN])
    names = _names(page.rows, shown)
    chart = per_day(group, notes)
    return {
        "group": group,
        "row": row,
        "advice": row.advice,
        "entry": row.entry,
        "notes": [Told.of(note) for note in notes],
        "verdict": verdict(group, notes),
        "chart": chart,
        "legend": error_list.legend(chart),
        "occurrences": [Shown(one, names) for one in page.rows],
        "older": page.older,
        "shown": Shown(shown, names) if shown else None,
        "support": support_text.text(group, _first(shown, page.rows)),
        "lacking": lacking(group),
    }


# --- occurrences -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slice:
    """`older`: id of the last row, where there are more."""

    rows: list[ErrorOccurrence]
    older: int | None


def occurrences(group: ErrorGroup, older: str = "") -> Slice:
    """So many, newest first. Those that arrive meanwhile shift nothing."""
    found = group.occurrences.order_by("-at", "-pk")
    if (last := _chosen(group, older)) is not None:
        found = found.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    rows = list(found[: PER_PAGE + 1])
    return Slice(rows[:PER_PAGE], rows[PER_PAGE - 1].pk if len(rows) > PER_PAGE else None)


def _chosen(group: ErrorGroup, pk: str) -> ErrorOccurrence | None:
    if not (pk.isdecimal() and len(pk) < 19):
        return None
    return group.occurrences.filter(pk=int(pk)).first()


def _first(shown: ErrorOccurrence | None, rows: Sequence[ErrorOccurrence]) -> list[ErrorOccurrence]:
    return [shown, *(one for one in rows if one.pk != shown.pk)] if shown else list(rows)


def _names(rows: Sequence[ErrorOccurrence], shown: ErrorOccurrence | None) -> error_list.Names:
    several = [*rows, *([shown] if shown else [])]
    accounts = {one.account_id for one in several if one.account_id}
    connections = {str(one.connection_id) for one in several if one.connection_id}
    return error_list.Names.of([error_list.Touched(list(accounts), list(connections))])


@dataclass(frozen=True)
class Shown:
    """An occurrence with names."""

    occurrence: ErrorOccurrence
    names: error_list.Names

    @property
    def account(self) -> tuple[str, str] | None:
        """(bare id, name)."""
        found = self.names.of_accounts([self.occurrence.account_id] if self.occurrence.account_id else [])
        return found[0] if found else None

    @property
    def is_ours(self) -> bool:
        return self.occurrence.account_id in self.names.accounts

    @property
    def connection(self) -> tuple[str, str] | None:
        pk = str(self.occurrence.connection_id or "")
        found = self.names.of_connections([pk])
        return found[0] if found else None

    @property
    def used(self) -> float | None:
        """The fullest allowance that this answer told of, in percent."""
        return max((float(one.get("percent") or 0) for one in self.occurrence.usage), default=None)

    @property
    def json(self) -> str:
        """All that Meta said, as it says it; no secret."""
        one = self.occurrence
        said: dict[str, Any] = {
            "message": one.message,
            "type": one.type,
            "code": one.group.code,
            "error_subcode": one.group.subcode,
            "is_transient": one.is_transient,
            "error_user_title": one.user_title,
            "error_user_msg": one.user_msg,
            "error_data": one.error_data,
            "blame_fields": one.blame_fields,
            "fbtrace_id": one.fbtrace_id,
        }
        kept = {name: value for name, value in said.items() if value not in ("", None, [])}
        return scrub(json.dumps({"error": kept}, indent=2, ensure_ascii=False))


# --- days --------------------------------------------------------------------------------------------


def per_day(group: ErrorGroup, notes: Sequence[ErrorNote]) -> charts.Stack:
    """Errors of the last two weeks by ad account, with the days on which it was resolved and came back."""
    today = timezone.now().astimezone(UTC).date()
    days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    since = datetime.combine(days[0], datetime.min.time(), UTC)
    hours = ErrorHour.objects.filter(group=group, at__gte=since)
    counts: dict[str, Counter[date]] = defaultdict(Counter)
    for digits, day, number in (
        hours.values_list("account_id", TruncDate("at", tzinfo=UTC)).annotate(n=Sum("count")).order_by()
    ):
        counts[digits][day] += number
    names = dict(AdAccount.objects.filter(meta_id__in=counts).values_list("meta_id", "name"))
    loudest = sorted(counts, key=lambda digits: -counts[digits].total())
    layers = {_layer(digits, names): counts[digits] for digits in loudest[:LAYERS]}
    rest: Counter[date] = sum((counts[digits] for digits in loudest[LAYERS:]), Counter())
    series = [
        charts.Series(name, [layer[day] for day in days], f"c{n}")
        for n, (name, layer) in enumerate(layers.items(), 1)
    ]
    if rest:
        others = len(loudest) - LAYERS
        series.append(charts.Series(f"{others} more", [rest[day] for day in days], "other"))
    marks = [mark for note in reversed(notes) if (mark := _mark(note, days))]
    return charts.Stack(days, series, partial=[charts.Band(today, today, "today")], marks=marks)


def _layer(digits: str, names: dict[str, str]) -> str:
    return (names.get(digits) or f"act_{digits}") if digits else "No ad account"


def _mark(note: ErrorNote, days: Sequence[date]) -> charts.Mark | None:
    day = note.at.astimezone(UTC).date()
    if day not in days:
        return None
    if note.did == "resolved":
        return charts.Mark(day, "resolved")
    return charts.Mark(day, "came back", "crit") if note.did == CAME_BACK else None


# --- words -------------------------------------------------------------------------------------------

_SHAPES = {
    CAME_BACK: "rotate-ccw",
    "resolved": "check",
    "noted": "messages-square",
    "handed over": "user-round",
}


@dataclass(frozen=True)
class Told:
    note: ErrorNote
    icon: str

    @classmethod
    def of(cls, note: ErrorNote) -> "Told":
        return cls(note, _SHAPES.get(note.did, "ban" if "ignored" in note.did else "eye"))


def verdict(group: ErrorGroup, notes: Sequence[ErrorNote]) -> str:
    """What became of it so far, in a sentence."""
    state = ErrorGroup.State
    if group.is_regressed:
        resolved = next((note for note in notes if note.did == "resolved"), None)
        who = f" by {resolved.by}" if resolved and resolved.by else ""
        return f"Resolved{who} once, came back" if resolved else "Came back"
    if group.state == state.RESOLVED:
        return f"Resolved by {group.state_by}" if group.state_by else "Resolved"
    if group.state == state.IGNORED:
        by = f" by {group.state_by}" if group.state_by else ""
        return f"Ignored{by}{_until(group)}. Decided"
    return "First seen"


def _until(group: ErrorGroup) -> str:
    if group.ignored_until:
        local = timezone.localtime(group.ignored_until)
        return f" until {local:%-d %b, %H:%M}; an error after that opens it again"
    if group.ignored_count is not None:
        left = max(0, group.ignored_count - group.count)
        return f" until {left} more have come"
    return " for good"


# --- what it cost ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lacking:
    """What the ledger lacks for the same code: so many days of one ad account."""

    account: AdAccount
    days: int


def lacking(group: ErrorGroup) -> list[Lacking]:
    if group.code is None:
        return []
    rows = Coverage.objects.exclude(state=Coverage.State.COMPLETE).filter(
        error_code=group.code, error_subcode=group.subcode
    )
    days: Counter[int] = Counter(pk for pk, _ in rows.values_list("account", "day").distinct().order_by())
    most = dict(days.most_common(LACKING_SHOWN))
    accounts = AdAccount.objects.in_bulk(most)
    return [Lacking(accounts[pk], number) for pk, number in most.items()]
