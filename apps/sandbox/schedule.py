"""When something runs: absolute calendar days, so that the past never moves when today does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Days are ordinals. Within `start`..`end`, on for `on` days out of every `period`."""

    start: int
    end: int | None = None
    period: int = 1
    on: int = 1
    phase: int = 0

    def runs(self, day: int) -> bool:
        if day < self.start or (self.end is not None and day > self.end):
            return False
        return (day - self.phase) % self.period < self.on

    def changed(self, day: int) -> int | None:
        """The last day up to `day` on which this went on or off; None when it has always been as it is."""
        if day < self.start:
            return None
        if self.end is not None and day > self.end:
            return self.end + 1
        if self.on >= self.period:
            return None
        into = (day - self.phase) % self.period
        turn = day - into if into < self.on else day - into + self.on
        return turn if turn > self.start else None
