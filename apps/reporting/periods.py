"""Spans of days, what they are compared with, and which of their days are over."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

LONGEST = 364  # days that a page shows at most: 52 weeks, so that last year never overlaps this one


@dataclass(frozen=True)
class Period:
    """Days from `since` to `until`, both included."""

    since: date
    until: date

    @classmethod
    def ending(cls, until: date, days: int) -> Self:
        return cls(until - timedelta(days=days - 1), until)

    @property
    def length(self) -> int:
        return (self.until - self.since).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.since + timedelta(days=n) for n in range(self.length))

    def __contains__(self, day: date) -> bool:
        return self.since <= day <= self.until

    def shifted(self, days: int) -> Self:
        return type(self)(self.since + timedelta(days=days), self.until + timedelta(days=days))

    def compared_with(self, kind: str) -> Self | None:
        """The period of the same length before (`previous`), or 52 weeks before (`year`, same weekdays)."""
        if kind == "none":
            return None
        return self.shifted(-364 if kind == "year" else -self.length)

    def over_by(self, today: date) -> Self | None:
        """The part whose days are complete when `today` is not; None when there is none."""
        until = min(self.until, today - timedelta(days=1))
        return type(self)(self.since, until) if until >= self.since else None


PRESETS = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "Last 7 days",
    "14d": "Last 14 days",
    "28d": "Last 28 days",
    "90d": "Last 90 days",
    "month": "This month",
    "last-month": "Last month",
}


def preset(name: str, today: date) -> Period:
    """A named period that ends today, or yesterday where its name says so."""
    match name:
        case "today":
            return Period(today, today)
        case "yesterday":
            return Period(today, today).shifted(-1)
        case "month":
            return Period(today.replace(day=1), today)
        case "last-month":
            last = today.replace(day=1) - timedelta(days=1)
            return Period(last.replace(day=1), last)
        case _:
            return Period.ending(today, int(name.removesuffix("d")))
