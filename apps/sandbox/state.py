"""Everything a running sandbox remembers, and how it goes back to the beginning."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import asdict
from typing import Any

from .appnode import App
from .clock import Clock
from .delivery import Delivery
from .faults import Faults
from .people import People
from .reports import Reports
from .settings import Settings
from .staff import Staff
from .tokens import Tokens
from .usage import Usage
from .world import World, effective_status

LOG_LENGTH = 500
ANSWERS, LONGEST_ANSWER = 6, 40_000  # insights answers kept for those who turn their pages
VERSION = re.compile(r"^/v\d+\.\d+/?")
ID = re.compile(r"(act_)?\d{5,}")


class State:
    """Guarded by one lock in the server: nothing here locks by itself."""

    def __init__(
        self, seed: int, clock: Clock, settings: Settings, *, app_id: str, app_secret: str, accounts: int
    ) -> None:
        self.seed = seed
        self.clock = clock
        self.settings = settings
        self._first_settings = asdict(settings)
        self.world = World(seed, accounts)
        self.delivery = Delivery(self.world)
        self.tokens = Tokens(seed, app_id, app_secret, self.world.accounts, clock.now())
        self.people = People(seed, self.world.accounts)
        self.staff = Staff(seed, self.tokens, self.world.businesses, self.world.accounts)
        self.staff.reset(clock.now())
        self.app = App()
        self.usage = Usage(settings, self.active_ads)
        self.faults = Faults()
        self.reports = Reports(seed)
        self.poisoned: set[str] = set()
        self.calls = 0
        self.counts: Counter[str] = Counter()
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)
        self.answers: dict[str, list[Any]] = {}
        self._active: dict[str, tuple[int, int, int]] = {}

    def reset(self) -> None:
        self.clock.reset()
        for name, value in self._first_settings.items():
            setattr(self.settings, name, value)
        self.world.reset()
        self.tokens.reset(self.clock.now())
        self.people.reset()
        self.staff.reset(self.clock.now())
        self.app = App()
        self.usage.reset()
        self.faults.reset()
        self.reports.reset()
        self.poisoned.clear()
        self.calls = 0
        self.counts.clear()
        self.log.clear()
        self.answers.clear()
        self._active.clear()

    def active_ads(self, account_id: str) -> int:
        account = self.world.account_by_id.get(account_id)
        if account is None:
            return 0
        now = self.clock.now()
        stamp = (account.day(now), self.world.revision)
        known = self._active.get(account_id)
        if known is None or known[:2] != stamp:
            running = [ad for ad in account.ads if ad.created <= now]
            count = sum(effective_status(ad, now) == "ACTIVE" for ad in running)
            known = self._active[account_id] = (*stamp, count)
        return known[2]

    def remember_answer(self, key: str, rows: list[Any]) -> None:
        if len(rows) <= LONGEST_ANSWER:
            self.answers[key] = rows
        while len(self.answers) > ANSWERS:
            del self.answers[next(iter(self.answers))]

    def remember(self, method: str, path: str, status: int | str, milliseconds: float) -> None:
        """Note a request for the call log: never its parameters."""
        self.calls += 1
        self.counts[f"{method} {ID.sub('{id}', VERSION.sub('/', path))} {status}"] += 1
        self.log.append(
            {
                "at": self.clock.text(),
                "method": method,
                "path": path,
                "status": status,
                "milliseconds": round(milliseconds, 1),
            }
        )
