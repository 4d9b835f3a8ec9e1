"""Allowances: counters per app and ad account, the blocks they lead to, and the headers that tell of both."""

from __future__ import annotations

import json
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import errors
from .errors import GraphFault
from .settings import TIERS, Settings

HOUR = 3600
SCORE = {"full": (9000, 60), "limited": (60, 300)}  # most points, seconds of a block
SCORE_DECAY = 300
BUC_BASE = {
    ("ads_management", "full"): (100_000, 40),
    ("ads_management", "limited"): (300, 40),
    ("ads_insights", "full"): (190_000, 400),
    ("ads_insights", "limited"): (600, 400),
}
PLATFORM_QUOTA = 40_000  # calls per hour: 200 for each of 200 daily users
INSIGHTS_CAPACITY = {"app": 60_000, "account": 20_000}  # rows per ten minutes; unpublished, so ours
INSIGHTS_DECAY = 600
TYPES = ("score", "ads_management", "ads_insights", "insights_account", "insights_app", "app")
APP_WIDE = frozenset({"insights_app", "app"})
CALL_DIMENSIONS = ("call_count", "total_cputime", "total_time")

Scope = tuple[str, str, str]  # type, app, account ("" when app-wide)


@dataclass
class Rolling:
    """Calls, CPU and wall time of the last hour, by the minute."""

    minutes: deque[list[float]] = field(default_factory=deque)  # [minute, calls, cpu, time]

    def add(self, now: float, calls: float, cpu: float, wall: float) -> None:
        minute = int(now // 60)
        if not self.minutes or self.minutes[-1][0] != minute:
            self.minutes.append([minute, 0, 0, 0])
        for n, amount in enumerate((calls, cpu, wall), 1):
            self.minutes[-1][n] += amount

    def sums(self, now: float) -> tuple[float, float, float]:
        first = int((now - HOUR) // 60)
        while self.minutes and self.minutes[0][0] <= first:
            self.minutes.popleft()
        if not self.minutes:
            return (0, 0, 0)
        _, calls, cpu, wall = (sum(column) for column in zip(*self.minutes, strict=True))
        return calls, cpu, wall

    def seconds_until_below(self, limits: tuple[float, float, float], now: float) -> int:
        left = list(self.sums(now))
        for minute in self.minutes:
            left = [amount - gone for amount, gone in zip(left, minute[1:], strict=True)]
            if all(amount < limit for amount, limit in zip(left, limits, strict=True)):
                return int(max(60, minute[0] * 60 + HOUR - now))
        return HOUR


@dataclass
class Leaky:
    """A level that sinks to nothing within `decay` seconds of being full."""

    capacity: float
    decay: float
    level: float = 0.0
    at: float = 0.0

    def now(self, now: float) -> float:
        gone = max(0.0, now - self.at) * self.capacity / self.decay
        self.level, self.at = max(0.0, self.level - gone), now
        return self.level

    def add(self, now: float, amount: float) -> None:
        self.level = self.now(now) + amount

    def percent(self, now: float) -> float:
        return self.now(now) * 100 / self.capacity

    def seconds_left(self, now: float) -> int:
        return math.ceil(self.now(now) * self.decay / self.capacity)


@dataclass
class Block:
    until: float
    announced: float | None = None  # real time at which an answer first told of it
    clears: bool = False  # the counter starts anew when the block ends
    refused: int = 0


class Usage:
    """`active_ads` tells how many ads of an account are running: the hourly quotas depend on it."""

    def __init__(self, settings: Settings, active_ads: Callable[[str], int]) -> None:
        self.settings = settings
        self.active_ads = active_ads
        self.reset()

    def reset(self) -> None:
        self.rolling: dict[Scope, Rolling] = {}
        self.leaky: dict[Scope, Leaky] = {}
        self.blocks: dict[Scope, Block] = {}
        self.user_errors: dict[tuple[str, str], int] = {}
        self.mutations: dict[tuple[str, str], deque[float]] = {}
        self.budget_changes: dict[str, deque[float]] = {}
        self.refused = 0
        self.calls_while_blocked: dict[Scope, int] = {}

    # Counting

    def enter(self, app: str, account: str, kind: str, *, write: bool, now: float, arrived: float) -> None:
        """Count one call of `kind` (platform, ads_management, ads_insights), or refuse it."""
        for scope in self._scopes(app, account, kind):
            self._refuse_if_blocked(scope, now, arrived)
        if kind == "platform":
            self._rolling(("app", app, "")).add(now, 1, 1, 1)
        else:
            self._leaky(("score", app, account)).add(now, 3 if write else 1)
            self._rolling((kind, app, account)).add(now, 1, 1, 1)
        self._block_what_is_full(app, account, kind, now)

    def weigh(self, app: str, account: str, kind: str, rows: int, now: float) -> None:
        """Add what an answer of so many rows has cost."""
        if kind == "platform" or not account:
            return
        self._rolling((kind, app, account)).add(now, 0, rows / 50, rows / 25)
        if kind == "ads_insights":
            self._leaky(("insights_account", app, account)).add(now, 1 + rows / 10)
            self._leaky(("insights_app", app, "")).add(now, 1 + rows / 10)
        self._block_what_is_full(app, account, kind, now)

    def mutate(self, app: str, account: str, now: float) -> None:
        """At most 100 writes a second."""
        recent = self.mutations.setdefault((app, account), deque())
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if len(recent) >= 100:
            raise errors.mutation_limit(account)
        recent.append(now)

    def change_budget(self, adset: str, now: float) -> None:
        """At most four changes an hour."""
        recent = self.budget_changes.setdefault(adset, deque())
        while recent and recent[0] <= now - HOUR:
            recent.popleft()
        if len(recent) >= 4:
            raise errors.budget_change_limit()
        recent.append(now)

    def user_error(self, app: str, account: str) -> None:
        key = (app, account)
        self.user_errors[key] = self.user_errors.get(key, 0) + 1

    # Controls

    def set_level(self, kind: str, app: str, account: str, percent: float, now: float) -> None:
        scope = (kind, app, "" if kind in APP_WIDE else account)
        self.blocks.pop(scope, None)
        if kind in ("score", "insights_app", "insights_account"):
            leaky = self._leaky(scope)
            leaky.level, leaky.at = leaky.capacity * percent / 100, now
        else:
            rolling = self._rolling(scope)
            rolling.minutes.clear()
            rolling.add(now, self._limits(scope)[0] * percent / 100, 0, 0)
        if percent >= 100:
            self.blocks[scope] = Block(now + self._natural_block(scope, now))

    def block(self, kind: str, app: str, account: str, minutes: float, now: float) -> None:
        scope = (kind, app, "" if kind in APP_WIDE else account)
        if minutes and self.percent(scope, now) < 100:
            self.set_level(kind, app, account, 100, now)
        self.blocks[scope] = Block(now + minutes * 60, clears=True)

    # Reading

    def percent(self, scope: Scope, now: float) -> float:
        if scope[0] in ("score", "insights_app", "insights_account"):
            return self._leaky(scope).percent(now)
        return max(self.percents(scope, now))

    def percents(self, scope: Scope, now: float) -> list[int]:
        """Calls, CPU and time of the last hour in percent of their quotas."""
        sums = self._rolling(scope).sums(now)
        return [
            int(amount * 100 / limit + 1e-6) for amount, limit in zip(sums, self._limits(scope), strict=True)
        ]

    def headers(self, app: str, account: str, kind: str, now: float) -> dict[str, str]:
        """The usage headers of an answer. Telling of a block announces it."""
        told = {"x-app-usage": _json(self._app_usage(app, now))}
        if not account:
            return told
        tier = TIERS[self.settings.tier]
        told["x-ad-account-usage"] = _json(
            {
                "acc_id_util_pct": round(self.percent(("score", app, account), now), 2),
                "reset_time_duration": self._reset_seconds(app, account, now),
                "ads_api_access_tier": tier,
            }
        )
        told["x-business-use-case-usage"] = _json({account: self._use_cases(app, account, kind, now)})
        if kind == "ads_insights":
            told["x-fb-ads-insights-throttle"] = _json(
                {
                    "app_id_util_pct": round(self.percent(("insights_app", app, ""), now), 2),
                    "acc_id_util_pct": round(self.percent(("insights_account", app, account), now), 2),
                    "ads_api_access_tier": tier,
                }
            )
        for scope in self._scopes(app, account, kind):
            self._announce(scope, now)
        return told

    def state(self, now: float) -> list[dict[str, Any]]:
        scopes = {*self.rolling, *self.leaky, *self.blocks, *self.calls_while_blocked}
        return [
            {
                "type": scope[0],
                "app_id": scope[1],
                "account_id": scope[2] or None,
                "percent": round(self.percent(scope, now), 2),
                "blocked_seconds": self._blocked_seconds(scope, now),
                "calls_while_blocked": self.calls_while_blocked.get(scope, 0),
            }
            for scope in sorted(scopes)
        ]

    # Inside

    def _scopes(self, app: str, account: str, kind: str) -> list[Scope]:
        if kind == "platform":
            return [("app", app, "")]
        scopes = [("app", app, ""), ("score", app, account), (kind, app, account)]
        if kind == "ads_insights":
            scopes += [("insights_app", app, ""), ("insights_account", app, account)]
        return scopes

    def _refuse_if_blocked(self, scope: Scope, now: float, arrived: float) -> None:
        block = self.blocks.get(scope)
        if block is None:
            return
        if now >= block.until:
            del self.blocks[scope]
            if block.clears:
                self.rolling.pop(scope, None)
                self.leaky.pop(scope, None)
            return
        self.refused += 1
        # Whoever had sent the call before the block was told of could not know.
        if block.announced is not None and arrived > block.announced:
            self.calls_while_blocked[scope] = self.calls_while_blocked.get(scope, 0) + 1
            if self.settings.extend_blocks:
                block.until += 10
        raise _refusal(scope)

    def _block_what_is_full(self, app: str, account: str, kind: str, now: float) -> None:
        for scope in self._scopes(app, account, kind):
            if scope not in self.blocks and self.percent(scope, now) >= 100:
                self.blocks[scope] = Block(now + self._natural_block(scope, now))

    def _announce(self, scope: Scope, now: float) -> None:
        block = self.blocks.get(scope)
        if block is not None and block.announced is None and now < block.until:
            block.announced = time.monotonic()

    def _natural_block(self, scope: Scope, now: float) -> float:
        if scope[0] == "score":
            return SCORE[self.settings.tier][1]
        if scope[0] in ("insights_app", "insights_account"):
            return 300
        return self._rolling(scope).seconds_until_below(self._limits(scope), now)

    def _blocked_seconds(self, scope: Scope, now: float) -> int:
        block = self.blocks.get(scope)
        return max(0, math.ceil(block.until - now)) if block else 0

    def _reset_seconds(self, app: str, account: str, now: float) -> int:
        scope = ("score", app, account)
        return max(self._blocked_seconds(scope, now), self._leaky(scope).seconds_left(now))

    def _app_usage(self, app: str, now: float) -> dict[str, int]:
        return dict(zip(CALL_DIMENSIONS, self.percents(("app", app, ""), now), strict=True))

    def _use_cases(self, app: str, account: str, kind: str, now: float) -> list[dict[str, Any]]:
        told = []
        for name in ("ads_insights", "ads_management"):
            scope = (name, app, account)
            if name != kind and scope not in self.rolling:
                continue
            entry: dict[str, Any] = {"type": name}
            entry.update(zip(CALL_DIMENSIONS, self.percents(scope, now), strict=True))
            entry["estimated_time_to_regain_access"] = math.ceil(self._blocked_seconds(scope, now) / 60)
            entry["ads_api_access_tier"] = TIERS[self.settings.tier]
            told.append(entry)
        return told

    def _limits(self, scope: Scope) -> tuple[float, float, float]:
        if scope[0] == "app":
            return (PLATFORM_QUOTA,) * 3
        base, per_ad = BUC_BASE[(scope[0], self.settings.tier)]
        quota: float = base + per_ad * self.active_ads(scope[2])
        if scope[0] == "ads_insights":
            quota = max(1, quota - 0.001 * self.user_errors.get((scope[1], scope[2]), 0))
        return (quota, quota * 4, quota * 4)

    def _rolling(self, scope: Scope) -> Rolling:
        return self.rolling.setdefault(scope, Rolling())

    def _leaky(self, scope: Scope) -> Leaky:
        if scope not in self.leaky:
            if scope[0] == "score":
                self.leaky[scope] = Leaky(SCORE[self.settings.tier][0], SCORE_DECAY)
            else:
                capacity = INSIGHTS_CAPACITY["app" if scope[0] == "insights_app" else "account"]
                self.leaky[scope] = Leaky(capacity, INSIGHTS_DECAY)
        return self.leaky[scope]


def _refusal(scope: Scope) -> GraphFault:
    refusals = {
        "app": errors.app_limit,
        "score": errors.account_limit,
        "ads_management": errors.management_limit,
        "ads_insights": errors.insights_limit,
        "insights_app": errors.app_insights_limit,
        "insights_account": errors.app_insights_limit,
    }
    return refusals[scope[0]]()


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
