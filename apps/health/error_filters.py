"""What is asked of the error log, all of it in the address; and the groups that fit."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.http import QueryDict

from apps.connections.models import AdAccount, Connection
from apps.graphapi import Category
from apps.ui import formats

from .meanings import CATEGORIES, pairs_that_mean
from .models import ErrorGroup, ErrorHour, ErrorOccurrence

State = ErrorGroup.State
OPEN, UNKNOWN, IGNORED, RESOLVED, ALL = "open", "unknown", "ignored", "resolved", "all"
STATES = {
    OPEN: Q(state=State.OPEN),
    UNKNOWN: Q(state=State.OPEN, unknown=True),
    IGNORED: Q(state=State.IGNORED),
    RESOLVED: Q(state=State.RESOLVED),
    ALL: Q(),
}
_WORDS = {
    OPEN: "Open",
    UNKNOWN: "Unknown codes",
    IGNORED: "Ignored",
    RESOLVED: "Resolved",
    ALL: "All",
}
# Most urgent first, or by one column.
SORTS = {
    "": ("rank", "-last_seen", "pk"),
    "-count": ("-count", "pk"),
    "count": ("count", "pk"),
    "-last": ("-last_seen", "pk"),
    "last": ("last_seen", "pk"),
    "first": ("first_seen", "pk"),
    "-first": ("-first_seen", "pk"),
}
_CODES = re.compile(r"(-?\d{1,18})(?:\s*/\s*(\d{1,18}))?")
_TRACE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_BIG = 2**63 - 1


class ErrorsForm(forms.Form):
    """The filters. What can not be read is left out, and said."""

    state = forms.ChoiceField(choices=list(_WORDS.items()), required=False)
    category = forms.ChoiceField(
        choices=[("", "Any kind"), *((key.value, word) for key, word in CATEGORIES.items())], required=False
    )
    code = forms.IntegerField(min_value=-_BIG, max_value=_BIG, required=False)
    subcode = forms.IntegerField(min_value=-_BIG, max_value=_BIG, required=False)
    account = forms.CharField(max_length=100, required=False)
    connection = forms.UUIDField(required=False)
    since = forms.DateField(label="From", required=False)
    until = forms.DateField(label="To", required=False)
    q = forms.CharField(max_length=200, required=False)
    sort = forms.ChoiceField(choices=[(sort, sort) for sort in SORTS], required=False)

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("since", "The first day is after the last one.")


@dataclass(frozen=True)
class Asked:
    """Cleaned filters. `told`: what was left out, in sentences."""

    values: dict[str, Any]
    told: list[str]

    @classmethod
    def of(cls, given: QueryDict) -> "Asked":
        form = ErrorsForm(given)
        form.is_valid()
        told = [f"{form.fields[name].label or name.capitalize()}: {' '.join(map(str, found))} It is left out."
                for name, found in form.errors.items()]  # fmt: skip
        return cls(form.cleaned_data, told)

    def __getattr__(self, name: str) -> Any:
        return self.values.get(name)

    @property
    def state(self) -> str:
        return self.values.get("state") or OPEN

    @property
    def narrows(self) -> bool:
        """Whether anything but state and order is asked for."""
        return any(
            value not in ("", None) for name, value in self.values.items() if name not in {"state", "sort"}
        )

    @property
    def category_word(self) -> str:
        return CATEGORIES[Category(self.category)] if self.category else "any"

    @property
    def days(self) -> tuple[datetime | None, datetime | None]:
        """From and until, the end not included."""
        since, until = self.since, self.until
        return (
            datetime.combine(since, time.min, UTC) if since else None,
            datetime.combine(until + timedelta(days=1), time.min, UTC) if until else None,
        )


def traced(asked: Asked) -> ErrorOccurrence | None:
    """The occurrence whose trace id is searched for: the search jumps to it."""
    words = (asked.q or "").strip()
    if not _TRACE.fullmatch(words):
        return None
    return ErrorOccurrence.objects.filter(fbtrace_id=words).order_by("-at").first()


def fitting(asked: Asked) -> QuerySet[ErrorGroup]:
    """Groups in any state that fit all other filters."""
    groups = ErrorGroup.objects.all()
    for name in ("category", "code", "subcode"):
        if asked.values.get(name) not in ("", None):
            groups = groups.filter(**{name: asked.values[name]})
    if hours := places(asked):
        groups = groups.filter(Exists(ErrorHour.objects.filter(hours, group=OuterRef("pk"))))
    if words := (asked.q or "").strip():
        groups = groups.filter(_words(words))
    return groups


def places(asked: Asked) -> Q:
    """What the filters ask of hours: ad account, connection and time. Empty: nothing."""
    wanted = Q()
    if asked.account:
        words = asked.account.strip()
        wanted &= Q(account_id=words.removeprefix("act_")) | Q(account_id__in=_named(words))
    if asked.connection:
        wanted &= Q(connection_id=str(asked.connection))
    since, until = asked.days
    if since:
        wanted &= Q(at__gte=since)
    if until:
        wanted &= Q(at__lt=until)
    return wanted


def in_order(groups: QuerySet[ErrorGroup], sort: str) -> QuerySet[ErrorGroup]:
    rank = Case(When(state=State.OPEN, regressed_at__isnull=False, then=Value(0)),
                When(state=State.OPEN, then=Value(1)), default=Value(2), output_field=IntegerField())  # fmt: skip
    return groups.annotate(rank=rank).order_by(*SORTS[sort])


def _named(words: str) -> QuerySet[AdAccount, str]:
    """Bare ids of the ad accounts with these words in their name."""
    return AdAccount.objects.filter(name__icontains=words).values_list("meta_id", flat=True)


def _words(words: str) -> Q:
    """A code, a pair, or words of Meta's message, of the path, or of what it means."""
    if found := _CODES.fullmatch(words):
        code, subcode = int(found[1]), found[2]
        if subcode is not None:
            return Q(code=code, subcode=int(subcode))
        return Q(code=code) | Q(subcode=code)
    wanted = Q(message__icontains=words) | Q(path__icontains=words) | Q(kind__iexact=words)
    for of, meant in pairs_that_mean(words):
        # A row without a code is found by its subcode alone; one without a subcode is what else the code means.
        wanted |= (Q() if of is None else Q(code=of)) & (Q(subcode=meant) if meant else Q(subcode=None))
    return wanted


def connections() -> list[tuple[str, str]]:
    """(id, name) of every connection, for the menu."""
    return [(str(pk), name) for pk, name in Connection.objects.order_by("name").values_list("pk", "name")]


@dataclass(frozen=True)
class Head:
    """A column that sorts. `order`: as it is now, empty when another one does; `sort`: what a click asks for."""

    word: str
    sort: str
    order: str = ""
    minor: bool = False


def furniture(asked: Asked, counts: dict[str, Any]) -> dict[str, Any]:
    """What stands in the bar of filters and in the heads of the table."""
    chosen = [name for name in ("account", "connection", "code", "subcode") if asked.values.get(name)]
    known = connections()
    named = dict(known).get(str(asked.connection), "an ended connection")
    words = [named if name == "connection" else str(asked.values[name]) for name in chosen]
    return {
        "states": [(name, word, counts[name]) for name, word in _WORDS.items()],
        "categories": [("", "Any kind"), *((key.value, word) for key, word in CATEGORIES.items())],
        "connections": known,
        "narrowed": ", ".join(words),
        "days": _days(asked),
        "heads": [
            _head("Errors", "count", asked),
            _head("Last", "last", asked),
            _head("First", "first", asked),
        ],
    }


def _head(word: str, column: str, asked: Asked) -> Head:
    down, minor = f"-{column}", column == "first"
    if asked.sort == down:
        return Head(word, column, "descending", minor)
    return Head(word, down, "ascending" if asked.sort == column else "", minor)


def _days(asked: Asked) -> str:
    if asked.since and asked.until:
        return formats.period(asked.since, asked.until)
    if asked.since:
        return f"since {formats.day(asked.since)}"
    return f"until {formats.day(asked.until)}" if asked.until else "Any time"
