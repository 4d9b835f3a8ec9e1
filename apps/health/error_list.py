"""The list of the error log: groups with what they mean, where they were and what they cost. Reads sums only."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.paginator import Paginator
from django.db.models import CharField, Count, Max, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils import timezone

from apps.connections.models import AdAccount, Connection
from apps.graphapi import Category, Entry
from apps.reporting.models import Coverage
from apps.team.models import User
from apps.ui import charts
from apps.ui.pulse import Kind

from . import meanings, waits
from .advice import Advice, Place
from .advice import of as advice_on
from .error_filters import STATES, Asked, fitting, in_order, places
from .models import ErrorGroup, ErrorHour
from .slots import hour_of

State = ErrorGroup.State
PER_PAGE = 20
HOURS = 24
NEW = timedelta(hours=24)
# How far back ad accounts and connections are told.
TOUCHED = timedelta(days=7)
_NAMED, MOST_NAMED = 2, 5


@dataclass
class Row:
    """A group as the list shows it. `hours`: errors in each of the last 24 hours, the present one last."""

    group: ErrorGroup
    hours: Sequence[int]
    # (id, name) of the first few, and how many there are.
    accounts: Sequence[tuple[str, str]] = ()
    account_count: int = 0
    connections: Sequence[tuple[str, str]] = ()
    days_missing: int = 0
    opens_at: datetime | None = None
    admins: Sequence[str] = ()

    @property
    def entry(self) -> Entry:
        return meanings.entry_of(self.group)

    @property
    def title(self) -> str:
        return meanings.title(self.group)

    @property
    def meaning(self) -> str:
        """What stands under the title: for an unknown code Meta's own words, never a guess."""
        if self.is_unknown:
            return self.group.message or "Meta gave no message."
        return ""

    @property
    def is_unknown(self) -> bool:
        return meanings.is_unknown(self.group)

    @property
    def state(self) -> tuple[Kind | str, str, str]:
        """Kind, word and shape of the tag."""
        return state_of(self.group)

    @property
    def kind(self) -> str:
        return meanings.CATEGORIES[self.entry.category]

    @property
    def who(self) -> str:
        return meanings.WHO[self.entry.who]

    @property
    def retry(self) -> str:
        return meanings.RETRIES[self.entry.retry]

    @property
    def advice(self) -> Advice:
        return advice_on(self.entry, self.place)

    @property
    def place(self) -> Place:
        page = reverse("health:error", args=[self.group.pk])
        return Place(self.connections, self.accounts, self.opens_at, self.admins, page)

    @property
    def last_day(self) -> int:
        return sum(self.hours)

    @property
    def account_names(self) -> str:
        return few([name for _, name in self.accounts], self.account_count)

    @property
    def connection_names(self) -> str:
        return few([name for _, name in self.connections], len(self.connections))


def few(names: Sequence[str], all_of_them: int) -> str:
    rest = all_of_them - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def state_of(group: ErrorGroup) -> tuple[Kind | str, str, str]:
    if group.is_regressed:
        return "regressed", "Regressed", ""
    if group.state == State.RESOLVED:
        return "ok", "Resolved", ""
    if group.state == State.IGNORED:
        return "none", "Ignored", ""
    if timezone.now() - group.first_seen < NEW:
        return "info", "New", ""
    return "plain", "Ongoing", ""


def context(asked: Asked, number: str) -> dict[str, Any]:
    """All that the list shows, in a fixed number of queries."""
    fits = fitting(asked)
    counts = _counts(fits)
    found = in_order(fits.filter(STATES[asked.state]), asked.sort or "").select_related("owner")
    shown = Paginator(found, PER_PAGE).get_page(number)
    chart = per_hour(None if not asked.narrows else fits, places(asked))
    return {
        "asked": asked,
        "counts": counts,
        "page": shown,
        "rows": rows(list(shown.object_list)),
        "chart": chart,
        "last_day": sum(sum(v or 0 for v in series.values) for series in chart.series),
        "last_resolved": counts["last_resolved"],
    }


def _counts(groups: QuerySet[ErrorGroup]) -> dict[str, Any]:
    fresh = Q(state=State.OPEN, first_seen__gt=timezone.now() - NEW)
    return groups.aggregate(
        **{name: Count("pk", filter=wanted) for name, wanted in STATES.items()},
        regressed=Count("pk", filter=Q(state=State.OPEN, regressed_at__isnull=False)),
        new=Count("pk", filter=fresh),
        last_resolved=Max("state_at", filter=Q(state=State.RESOLVED)),
    )


def rows(groups: Sequence[ErrorGroup]) -> list[Row]:
    """These groups with everything around them. The number of queries does not depend on theirs."""
    hours = _hours(groups)
    touched = _touched(groups)
    names = Names.of(Touched(one.accounts[:MOST_NAMED], one.connections) for one in touched.values())
    missing = days_missing(groups)
    known = waits.closed()
    admins = [str(person) for person in User.objects.admins()]
    found = []
    for group in groups:
        where = touched.get(group.pk, Touched())
        row = Row(
            group,
            hours[group.pk],
            names.of_accounts(where.accounts[:MOST_NAMED]),
            len(where.accounts),
            names.of_connections(where.connections),
            missing.get((group.code, group.subcode), 0),
            admins=admins,
        )
        row.opens_at = waits.until(row.entry, group.use_case, where.accounts, known)
        found.append(row)
    return found


def last_hours(now: datetime | None = None) -> list[datetime]:
    """The beginnings of the last 24 hours, the present one last."""
    end = hour_of(now or timezone.now())
    return [end - timedelta(hours=n) for n in reversed(range(HOURS))]


def _hours(groups: Sequence[ErrorGroup]) -> dict[int, list[int]]:
    moments = last_hours()
    counts: dict[int, dict[datetime, int]] = defaultdict(dict)
    sums = ErrorHour.objects.filter(group__in=groups, at__gte=moments[0]).values_list("group", "at")
    for pk, at, number in sums.annotate(number=Sum("count")).order_by():
        counts[pk][at] = number
    return {group.pk: [counts[group.pk].get(moment, 0) for moment in moments] for group in groups}


@dataclass(frozen=True)
class Touched:
    accounts: Sequence[str] = ()
    connections: Sequence[str] = ()


def _touched(groups: Sequence[ErrorGroup]) -> dict[int, Touched]:
    """Bare ids of ad accounts, and ids of connections, by group."""
    places = ErrorHour.objects.filter(group__in=groups, at__gte=timezone.now() - TOUCHED).values("group")
    told = places.annotate(
        accounts=ArrayAgg("account_id", distinct=True, filter=~Q(account_id=""), default=Value([])),
        connections=ArrayAgg("connection_id", distinct=True, filter=~Q(connection_id=""), default=Value([])),
    ).order_by()
    return {one["group"]: Touched(one["accounts"], one["connections"]) for one in told}


@dataclass(frozen=True)
class Names:
    accounts: dict[str, str]
    connections: dict[str, str]

    @classmethod
    def of(cls, touched: Iterable[Touched]) -> "Names":
        touched = list(touched)
        digits = {digits for one in touched for digits in one.accounts}
        ids = {pk for one in touched for pk in one.connections}
        accounts = AdAccount.objects.filter(meta_id__in=digits).values_list("meta_id", "name")
        connections = Connection.objects.filter(pk__in=ids).values_list("pk", "name")
        return cls(dict(accounts), {str(pk): name for pk, name in connections})

    def of_accounts(self, ids: Iterable[str]) -> list[tuple[str, str]]:
        """(bare id, name), in order of names; one that is not ours goes by its id."""
        return sorted(
            ((one, self.accounts.get(one) or f"act_{one}") for one in ids), key=lambda pair: pair[1]
        )

    def of_connections(self, ids: Iterable[str]) -> list[tuple[str, str]]:
        """(id, name) of those that still exist."""
        return sorted(
            ((one, self.connections[one]) for one in ids if one in self.connections), key=lambda p: p[1]
        )


def days_missing(groups: Sequence[ErrorGroup]) -> dict[tuple[int | None, int | None], int]:
    """Days of ad accounts that the ledger lacks with the same code and subcode, by pair."""
    codes = {group.code for group in groups if group.code is not None}
    lacking = Coverage.objects.exclude(state=Coverage.State.COMPLETE).filter(error_code__in=codes)
    cell = Concat(Cast("account_id", CharField()), Value(" "), Cast("day", CharField()))
    told = lacking.values_list("error_code", "error_subcode").annotate(days=Count(cell, distinct=True))
    return {(code, subcode): days for code, subcode, days in told.order_by()}


# --- the chart ---------------------------------------------------------------------------------------

# Kinds that are drawn as one, and how: name, tone, hatched.
_LAYERS: tuple[tuple[str, frozenset[Category], str, bool], ...] = (
    ("Passing trouble", frozenset({Category.TRANSIENT, Category.TOO_MUCH_DATA}), "other", False),
    ("Wrong call", frozenset({Category.INVALID, Category.VERSION}), "c1", False),
    ("Ad account, rules", frozenset({Category.ACCOUNT, Category.POLICY}), "c3", False),
    ("Token, permission", frozenset({Category.AUTH, Category.PERMISSION}), "c5", False),
    ("Unknown", frozenset({Category.UNKNOWN}), "c4", False),
    ("Rate limit", frozenset({Category.RATE_LIMIT}), "crit", True),
)


def per_hour(groups: QuerySet[ErrorGroup] | None, where: Q) -> charts.Stack:
    """Errors in each of the last 24 hours by what kind they are; `groups` None: all."""
    moments = last_hours()
    hours = ErrorHour.objects.filter(where, at__gte=moments[0])
    if groups is not None:
        hours = hours.filter(group__in=groups)
    counts: dict[str, dict[datetime, int]] = defaultdict(lambda: defaultdict(int))
    for category, at, number in (
        hours.values_list("group__category", "at").annotate(n=Sum("count")).order_by()
    ):
        counts[category][at] += number
    series = [
        charts.Series(
            name, [sum(counts[kind.value].get(at, 0) for kind in kinds) for at in moments], tone, hatch
        )
        for name, kinds, tone, hatch in _LAYERS
    ]
    partial = [charts.Band(moments[-1], moments[-1], "this hour")]
    return charts.Stack(moments, [one for one in series if any(one.values)], partial=partial, step="hour")


def legend(chart: charts.Stack) -> list[tuple[str, str]]:
    """(name, class of its key)."""
    return [(one.name, "co" if one.tone == "other" else one.tone) for one in reversed(chart.series)]
