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

    def now(self) -> float:
        if self.frozen:
            return self._anchor
        return self._anchor + (time.monotonic() - self._since) * self.speed

    def settled(self) -> int:
        """The last moment up to which figures have been counted."""
        now = int(self.now())
        return now - now % SETTLING

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
