"""The sandbox's own time: it can be set, pushed forward, frozen, or made to run fast."""

from __future__ import annotations

import time
from datetime import UTC, datetime

SETTLING = 900  # Meta refreshes its figures about every 15 minutes


class Clock:
    """Seconds since 1970, as everything inside the sandbox sees them."""

    def __init__(self, start: float | None = None, *, frozen: bool = False, speed: float = 1.0) -> None:
        self.start = start
        self.start_speed = speed
        self.start_frozen = frozen
        self.reset()

    def reset(self) -> None:
        self._anchor = time.time() if self.start is None else self.start
        self._since = time.monotonic()
        self.speed = self.start_speed
        self.frozen = self.start_frozen
        self.held: int | None = None

    def now(self) -> float:
        if self.frozen:
            return self._anchor
        return self._anchor + (time.monotonic() - self._since) * self.speed

    def settled(self, moment: float | None = None) -> int:
        """Up to when figures have been counted at `moment`, or by now."""
        then = int(self.now() if moment is None else moment)
        counted = then - then % SETTLING
        return counted if self.held is None else min(counted, self.held)

    def hold(self, held: bool = True) -> None:
        """Count no further while the time goes on: figures stay as they are."""
        self.held = self.settled() if held else None

    def set(self, moment: float) -> None:
        self._anchor = moment
        self._since = time.monotonic()

    def advance(self, seconds: float) -> None:
        self.set(self.now() + seconds)

    def freeze(self, frozen: bool = True) -> None:
        self.set(self.now())
        self.frozen = frozen

    def run(self, speed: float) -> None:
        """Let `speed` sandbox seconds pass for each real one."""
        self.set(self.now())
        self.speed = speed

    def text(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="seconds")
