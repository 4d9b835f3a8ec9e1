"""How long to wait after a hiccup before asking again. Spent allowances are another matter: `Throttled`."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Pauses:
    """Seconds before each further try: doubling from `first`, capped at `longest`, with full jitter.

    `tries` counts the further tries after the first one. `random` gives numbers in [0, 1).
    """

    tries: int = 4
    first: float = 5.0
    longest: float = 60.0
    random: Callable[[], float] = random.random

    def __iter__(self) -> Iterator[float]:
        return (self.seconds(n) for n in range(self.tries))

    def seconds(self, n: int) -> float:
        """The pause after `n` others."""
        return min(self.longest, self.first * 2.0**n) * self.random()


DEFAULT = Pauses()
NONE = Pauses(tries=0, first=0.0)
