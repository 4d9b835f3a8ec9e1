"""Keys that a service has unwrapped, kept in memory for a short while: a sync must not ask it for each call."""

import hashlib
import threading
import time
from collections.abc import Callable

# How long a key that was taken away at its keeper goes on to open what was opened just before.
SECONDS = 300.0
MOST = 2_000


class KeyCache:
    def __init__(
        self, seconds: float = SECONDS, most: int = MOST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._most, self._clock = seconds, most, clock
        self._kept: dict[bytes, tuple[float, bytes]] = {}
        self._lock = threading.Lock()

    def get(self, wrapped: bytes, place: str, unwrap: Callable[[], bytes]) -> bytes:
        """The key, from memory or from `unwrap()`. A failure is not kept."""
        name = hashlib.sha256(place.encode() + b"\0" + wrapped).digest()
        with self._lock:
            until, key = self._kept.get(name, (0.0, b""))
            if until > self._clock():
                return key
        key = unwrap()
        with self._lock:
            self._forget()
            self._kept[name] = (self._clock() + self._seconds, key)
        return key

    def _forget(self) -> None:
        now = self._clock()
        self._kept = {name: kept for name, kept in self._kept.items() if kept[0] > now}
        while len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]
