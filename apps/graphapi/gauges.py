"""How full one allowance is now, and when it has room again. Values only: no I/O, no clock of its own.

Meta tells a percentage with each answer and lets it fall by itself, in two ways. A point score sinks steadily and says
how long it takes to nothing. A quota of a rolling hour gives a call back an hour after it was made. Sources: the
Marketing API page "Rate Limiting" and the Graph API page "Rate Limits".
"""

from dataclasses import dataclass, field, replace
from typing import Any, Self

from apps.graphapi.entries import Scope
from apps.graphapi.usage import Reading

HOUR = 3600.0
MINUTE = 60.0
# How full an allowance is taken to be when a block has just ended.
REOPENED = 70.0


@dataclass(frozen=True)
class Gauge:
    """One allowance as we know it. Percentages of it; times are seconds of Meta's clock.

    `told` at `told_at`: what the last header said. `sinks`: percent per second by which it falls steadily, 0 where it
    is a rolling hour; then `spent` holds what our calls cost, as (minute, percent), and everybody else's part of
    `told` is taken to fade evenly. `reserved`: for calls under way. `next_at`: not before then while slowing down.
    `closed_until`: not at all before then. `opens_at`: when Meta said that access comes back, 0 where it named no time.
    """

    told: float = 0.0
    told_at: float = 0.0
    sinks: float = 0.0
    reserved: float = 0.0
    reserved_at: float = 0.0
    spent: tuple[tuple[float, float], ...] = field(default=())
    next_at: float = 0.0
    closed_until: float = 0.0
    opens_at: float = 0.0

    def level(self, now: float) -> float:
        """Percent used now, with the calls under way."""
        return self.known(now) + self._under_way(now)

    def is_fresh(self, now: float) -> bool:
        """Whether Meta spoke of it so lately that a difference is the price of what we did since."""
        return bool(self.told_at) and now - self.told_at < 5 * MINUTE

    def room_at(self, cost: float, ceiling: float, now: float) -> float:
        """When a call of this cost fits under the ceiling: `now`, or a later time; an hour later at the latest."""
        most = ceiling - min(cost, ceiling)
        if self.level(now) <= most:
            return now
        if self.sinks:
            return now + (self.level(now) - most) / self.sinks
        minutes = (now + n * MINUTE for n in range(1, 62))
        return next((moment for moment in minutes if self.level(moment) <= most), now + HOUR)

    def reserve(self, cost: float, now: float, *, next_at: float = 0.0) -> Self:
        """A call of this cost leaves now."""
        return replace(
            self,
            reserved=self._under_way(now) + cost,
            reserved_at=now,
            next_at=max(self.next_at, next_at),
        )

    def release(self, cost: float, now: float, *, spent: float) -> Self:
        """A call came back, and cost `spent`."""
        minute = now - now % MINUTE
        kept = {at: amount for at, amount in self.spent if at > now - HOUR - MINUTE}
        kept[minute] = kept.get(minute, 0.0) + spent
        return replace(
            self,
            reserved=max(0.0, self._under_way(now) - cost),
            reserved_at=now,
            spent=tuple(sorted(kept.items())) if not self.sinks else (),
        )

    def hear(self, reading: Reading, now: float) -> Self:
        """What an answer said of this allowance."""
        sinks = self.sinks
        if reading.scope is Scope.ACCOUNT and reading.regain_seconds and reading.peak:
            sinks = reading.peak / reading.regain_seconds
        closed = (
            max(self.closed_until, now + reading.blocked_for) if reading.blocked_for else self.closed_until
        )
        opens = closed if reading.blocked_for and reading.regain_seconds else self.opens_at
        return replace(self, told=reading.peak, told_at=now, sinks=sinks, closed_until=closed, opens_at=opens)

    def close(self, seconds: float, now: float) -> Self:
        """Meta refused a call: nothing goes out before then."""
        return replace(self, closed_until=max(self.closed_until, now + seconds))

    def known(self, now: float) -> float:
        """Percent used now by calls that have come back."""
        known = self._sunk(now) if self.sinks else self._rolled(now)
        # The time that Meta named is over: there is room again, how much the next answer tells.
        opened = self.told_at < self.opens_at <= now
        return min(known, REOPENED) if opened else known

    def _sunk(self, now: float) -> float:
        return max(0.0, self.told - self.sinks * max(0.0, now - self.told_at))

    def _rolled(self, now: float) -> float:
        ours_then = self._ours(self.told_at)
        others = max(0.0, self.told - ours_then)
        fading = max(0.0, 1.0 - max(0.0, now - self.told_at) / HOUR)
        # Headers round down. Where even so they say less than we had added up, our prices were too high.
        true = min(1.0, (self.told + 1.0) / ours_then) if self.told_at and ours_then else 1.0
        return others * fading + self._ours(now) * true

    def _ours(self, now: float) -> float:
        return sum(amount for minute, amount in self.spent if now - HOUR - MINUTE < minute <= now)

    def _under_way(self, now: float) -> float:
        """A call that has not come back within five minutes never will: its worker died."""
        return self.reserved if now - self.reserved_at < 5 * MINUTE else 0.0

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        return cls(**{**stored, "spent": tuple((at, amount) for at, amount in stored.get("spent", ()))})


def key_of(reading: Reading) -> str:
    """The name under which a reading's allowance is kept."""
    return key(reading.scope, reading.object_id, reading.type)


def key(scope: Scope, object_id: str = "", use_case: str = "") -> str:
    return ":".join(part for part in (scope.value, object_id, use_case) if part)


def use_case_of(path: str) -> str:
    """Meta's word for the kind of work that a call to this path pattern is; empty where it counts for the app alone."""
    if _is_insights(path):
        return "ads_insights"
    return "ads_management" if path.startswith("act_") else ""


def _is_insights(path: str) -> bool:
    return path.endswith("/insights")


def keys_for(path: str, account_id: str | None) -> list[str]:
    """The allowances that a call to this path pattern draws on."""
    if account_id is None:
        return [key(Scope.APP)]
    keys = [
        key(Scope.APP),
        key(Scope.ACCOUNT, account_id),
        key(Scope.BUSINESS_USE_CASE, account_id, use_case_of(path)),
    ]
    if _is_insights(path):
        keys += [key(Scope.INSIGHTS_APP), key(Scope.INSIGHTS_ACCOUNT, account_id)]
    return keys
