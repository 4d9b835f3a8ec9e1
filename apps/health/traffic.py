"""Calls of a span of time, added up from the slots: how many, how they ended, how long they took, how full batches.

One query, whatever was recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import F, Q, Sum
from django.db.models.functions import Greatest

from apps.graphapi.entries import Category

from . import latency
from .heard import OK
from .latency import BUCKETS
from .models import CallSlot
from .spans import Span

# What went wrong, in the classes of the chart; what is in none of them is a wrong request.
LIMITED, AUTH, REQUEST, SERVER = "Rate-limited", "Access", "Request", "Server"
CLASSES = (SERVER, REQUEST, AUTH, LIMITED)
_CLASS_OF = {
    Category.RATE_LIMIT.value: LIMITED,
    Category.AUTH.value: AUTH,
    Category.PERMISSION.value: AUTH,
    Category.ACCOUNT.value: AUTH,
    Category.TRANSIENT.value: SERVER,
}


def class_of(outcome: str) -> str:
    """In which class an outcome is counted; empty for what went well."""
    return "" if outcome == OK else _CLASS_OF.get(outcome, REQUEST)


@dataclass
class Sums:
    """Of one step, or of all. `calls`: as Meta counts them, and envelopes that failed as a whole."""

    calls: int = 0
    errors: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    trips: int = 0
    envelopes: int = 0
    members: int = 0
    latency: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    @property
    def error_rate(self) -> float | None:
        return self.failed / self.calls if self.calls else None

    @property
    def fill(self) -> float | None:
        """Requests in each batch."""
        return self.members / self.envelopes if self.envelopes else None

    def percentile(self, share: float) -> float | None:
        return latency.percentile(self.latency, share)

    def add(self, other: "Sums") -> None:
        self.calls += other.calls
        self.trips += other.trips
        self.envelopes += other.envelopes
        self.members += other.members
        self.latency = latency.together([self.latency, other.latency])
        for name, count in other.errors.items():
            self.errors[name] += count


@dataclass(frozen=True)
class Traffic:
    """`steps`: the sums of each step of the span, in order, those without calls too."""

    span: Span
    starts: list[datetime]
    steps: list[Sums]

    @cached_property
    def total(self) -> Sums:
        total = Sums()
        for step in self.steps:
            total.add(step)
        return total


def of(span: Span, now: datetime) -> Traffic:
    starts = span.starts(now)
    steps = [Sums() for _ in starts]
    rows = CallSlot.objects.filter(grain=span.grain, at__gte=starts[0], at__lte=now)
    for row in rows.values("at", "outcome").annotate(**_SUMMED):
        steps[(row["at"] - starts[0]) // span.length].add(_sums(row))
    return Traffic(span, starts, steps)


def fill_since(moment: datetime) -> float | None:
    """Requests in each batch since then, by whole hours."""
    envelopes = CallSlot.objects.filter(
        _ENVELOPE, grain=CallSlot.Grain.HOUR, at__gt=moment - timedelta(hours=1)
    )
    sums = envelopes.aggregate(trips=Sum("trips"), members=Sum("members"))
    return sums["members"] / sums["trips"] if sums["trips"] else None


_ENVELOPE = Q(path="batch")
_SUMMED = {
    # An envelope is no call of its own, but one that fails has no members to tell of it.
    "tried": Sum(Greatest("calls", "trips"), filter=~(_ENVELOPE & Q(outcome=OK)), default=0),
    "trips_made": Sum("trips"),
    "envelopes": Sum("trips", filter=_ENVELOPE, default=0),
    "in_envelopes": Sum("members"),
} | {f"bucket_{n}": Sum(F(f"latency__{n}"), default=0) for n in range(BUCKETS)}


def _sums(row: Mapping[str, Any]) -> Sums:
    errors = dict.fromkeys(CLASSES, 0)
    if kind := class_of(row["outcome"]):
        errors[kind] = row["tried"]
    return Sums(
        calls=row["tried"],
        errors=errors,
        trips=row["trips_made"],
        envelopes=row["envelopes"],
        members=row["in_envelopes"],
        latency=[row[f"bucket_{n}"] for n in range(BUCKETS)],
    )
