"""The ledger as a picture: a row for each set, a mark for each stretch of days. Drawn by the server as SVG geometry."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from . import ledger
from .ledger import Stretch
from .sets import NumberSet

HEIGHT = 12
# State to tone, and how much of the row's height is filled: shapes differ in grey, too.
_LOOKS = {
    ledger.COMPLETE: ("ok", 12),
    ledger.RESTATING: ("ok", 8),
    ledger.PENDING: ("idle", 2),
    ledger.PARTIAL: ("warn", 6),
    ledger.STALE: ("warn", 8),
    ledger.WAITING: ("info", 4),
    ledger.MISSING: ("crit", 3),
}
_WORDS = {
    ledger.COMPLETE: "complete",
    ledger.RESTATING: "there, may still be restated",
    ledger.STALE: "there, not fetched again",
    ledger.PARTIAL: "incomplete",
    ledger.WAITING: "waits for Meta",
    ledger.MISSING: "missing",
}


@dataclass(frozen=True)
class Mark:
    state: str
    tone: str
    x: int
    width: int
    y: int
    height: int
    title: str


@dataclass(frozen=True)
class Row:
    set: NumberSet
    marks: list[Mark]
    days: int
    label: str  # the row in a sentence

    @property
    def kept(self) -> int:
        """Days whose numbers are there."""
        return sum(mark.width for mark in self.marks if mark.state in {ledger.COMPLETE, ledger.RESTATING})


def legend() -> list[Mark]:
    return [_mark_of(state, 0, HEIGHT, words) for state, words in _WORDS.items()]


def rows(stretches: Iterable[Stretch], since: date, until: date) -> list[Row]:
    by_set: dict[NumberSet, list[Stretch]] = {}
    for stretch in stretches:
        by_set.setdefault(stretch.set, []).append(stretch)
    days = (until - since).days + 1
    return [
        Row(one, [_mark(stretch, since) for stretch in found], days, _label(one, found))
        for one, found in by_set.items()
    ]


def _mark(stretch: Stretch, since: date) -> Mark:
    return _mark_of(
        stretch.state, (stretch.since - since).days, stretch.length, f"{stretch.days} {stretch.words}"
    )


def _mark_of(state: str, x: int, width: int, title: str) -> Mark:
    tone, height = _LOOKS[state]
    return Mark(state, tone, x, width, HEIGHT - height, height, title)


def _label(one: NumberSet, found: list[Stretch]) -> str:
    counts: dict[str, int] = {}
    for stretch in found:
        counts[stretch.state] = counts.get(stretch.state, 0) + stretch.length
    return f"{one.label}: " + ", ".join(f"{days} days {state}" for state, days in counts.items())
