"""Every allowance of Meta's as it stands now: how full, how soon it is used up, when a closed one opens. Reads only.

What Meta told last stands in `UsageNow`, and it falls by itself from then on; how, the pace book knows.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.connections import pacing
from apps.connections.models import AdAccount, Allowance
from apps.graphapi import gauges
from apps.graphapi.entries import Scope
from apps.graphapi.gauges import Gauge
from apps.ui.pulse import Kind

from . import forecast
from .models import UsageNow

BLOCKED, BACKING_OFF, WATCH, NORMAL = "blocked", "backing-off", "watch", "normal"
STATES: dict[str, tuple[Kind, str]] = {
    BLOCKED: ("crit", "Blocked"),
    BACKING_OFF: ("warn", "Backing off"),
    WATCH: ("info", "Watch"),
    NORMAL: ("ok", "Normal"),
}
_RANKS = {name: rank for rank, name in enumerate(STATES)}

# What those are called that are no business use case, for which Meta has a word of its own.
_USES = {
    Scope.APP.value: "all calls",
    Scope.ACCOUNT.value: "point score",
    Scope.INSIGHTS_APP.value: "insights throttle",
    Scope.INSIGHTS_ACCOUNT.value: "insights throttle",
    Scope.INSIGHTS_REACH_APP.value: "reach throttle",
    Scope.INSIGHTS_REACH_ACCOUNT.value: "reach throttle",
}
_APP_WIDE = {Scope.APP.value, Scope.INSIGHTS_APP.value, Scope.INSIGHTS_REACH_APP.value}
# Meta's quotas are those of a rolling hour.
_HOUR = timedelta(hours=1)

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Budget:
    """One allowance. Percentages as Meta told them at `told_at`, None: not told; `level`: estimated for now.

    `object_id`: bare digits; empty for the app. `until`: closed until then. `full_at`: used up then at this pace.
    """

    scope: str
    object_id: str
    type: str
    name: str
    level: float
    told: float = 0.0
    call_count: float | None = None
    total_cputime: float | None = None
    total_time: float | None = None
    tier: str = ""
    told_at: datetime | None = None
    until: datetime | None = None
    full_at: datetime | None = None
    state: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", _state(self.level, self.until))

    @property
    def key(self) -> Key:
        return self.scope, self.object_id, self.type

    @property
    def use(self) -> str:
        """What it is about, as the address names it."""
        return self.type or self.scope

    @property
    def use_label(self) -> str:
        return self.type or _USES.get(self.scope, self.scope)

    @property
    def is_app_wide(self) -> bool:
        return self.scope in _APP_WIDE

    @property
    def act_id(self) -> str:
        return f"act_{self.object_id}" if self.object_id else ""

    @property
    def kind(self) -> Kind:
        return STATES[self.state][0]

    @property
    def word(self) -> str:
        return STATES[self.state][1]

    @property
    def is_estimated(self) -> bool:
        """Whether it has moved since Meta spoke, by more than rounding."""
        return self.told_at is not None and abs(self.level - self.told) >= 1

    @property
    def gravity(self) -> tuple[int, float, str, str]:
        """Smaller is worse."""
        return _RANKS[self.state], -self.level, self.name.casefold(), self.use


def _state(level: float, until: datetime | None) -> str:
    if until or level >= 100:
        return BLOCKED
    if level >= settings.META_PACE_SLOW:
        return BACKING_OFF
    return WATCH if level >= settings.META_PACE_TELL else NORMAL


@dataclass(frozen=True)
class Budgets:
    """All of them, worst first."""

    of_app: list[Budget]
    of_accounts: list[Budget]

    @property
    def all(self) -> list[Budget]:
        return [*self.of_app, *self.of_accounts]

    @property
    def tier(self) -> str:
        return next((one.tier for one in self.all if one.tier), "")

    def uses(self) -> list[tuple[str, str]]:
        """(name, label) of what there are allowances for, the most common first."""
        often = Counter((one.use, one.use_label) for one in self.of_accounts)
        return [use for use, _ in sorted(often.items(), key=lambda item: (-item[1], item[0]))]

    def by_state(self, among: Sequence[Budget]) -> list[tuple[str, str, int]]:
        """(name, word, how many) of every state, worst first."""
        often = Counter(one.state for one in among)
        return [(name, word, often[name]) for name, (_, word) in STATES.items()]


def read(now: datetime | None = None) -> Budgets:
    """Three queries, however many there are."""
    now = now or timezone.now()
    names = dict(AdAccount.objects.values_list("meta_id", "name"))
    stored: dict[str, Any] = dict(Allowance.objects.values_list("key", "gauge"))
    clock = pacing.meta_clock()
    found = [_told(row, stored.pop(_key(row), None), names, now, clock) for row in _rows()]
    found += _never_told(stored, names, now, clock)
    found.sort(key=lambda one: one.gravity)
    return Budgets(
        of_app=[one for one in found if one.is_app_wide],
        of_accounts=[one for one in found if not one.is_app_wide],
    )


def _rows() -> Iterable[Any]:
    return UsageNow.objects.values_list(
        "scope", "object_id", "type", "call_count", "total_cputime", "total_time", "peak", "tier", "told_at",
        "regain_at", "climb_at", "climb_from", named=True,
    )  # fmt: skip


def _key(row: Any) -> str:
    return gauges.key(Scope(row.scope), row.object_id, row.type)


def _told(row: Any, stored: dict[str, Any] | None, names: dict[str, str], now: datetime, clock: float) -> Budget:
    gauge = Gauge.from_json(stored) if stored else _gauge_of(row)
    until = _until(gauge, clock) or (row.regain_at if row.regain_at and row.regain_at > now else None)
    level = gauge.level(clock)
    full_at = None
    if until:
        # While it is closed nothing is asked, so nothing newer is known.
        level = max(level, row.peak)
    else:
        full_at = forecast.used_up_at(
            level=level, climb_from=row.climb_from, climb_at=row.climb_at, told=row.peak, told_at=row.told_at,
            now=now, horizon=_HOUR / settings.META_CLOCK_SPEED,
        )  # fmt: skip
    return Budget(
        row.scope, row.object_id, row.type, _name(names, row.scope, row.object_id), level, row.peak, row.call_count,
        row.total_cputime, row.total_time, row.tier, row.told_at, until, full_at,
    )  # fmt: skip


def _never_told(stored: dict[str, Any], names: dict[str, str], now: datetime, clock: float) -> list[Budget]:
    """Closed by a refusal, without a figure from Meta."""
    closed = []
    for key, gauge in stored.items():
        if gauge and gauge.get("closed_until", 0) > clock:
            scope, object_id, use_case = _parts(key)
            until = _until(Gauge.from_json(gauge), clock)
            closed.append(
                Budget(scope, object_id, use_case, _name(names, scope, object_id), 100.0, until=until)
            )
    return closed


def _parts(key: str) -> Key:
    """The other way round of `gauges.key`: app-wide ones have no object."""
    scope, _, rest = key.partition(":")
    if scope in _APP_WIDE:
        return scope, "", rest
    object_id, _, use_case = rest.partition(":")
    return scope, object_id, use_case


def _gauge_of(row: Any) -> Gauge:
    """What can be known of it without the pace book."""
    speed = settings.META_CLOCK_SPEED
    opens = row.regain_at.timestamp() * speed if row.regain_at else 0.0
    return Gauge(told=row.peak, told_at=row.told_at.timestamp() * speed, closed_until=opens, opens_at=opens)


def _until(gauge: Gauge, clock: float) -> datetime | None:
    """When a closed one opens, by our clock."""
    if gauge.closed_until <= clock:
        return None
    return datetime.fromtimestamp(gauge.closed_until / settings.META_CLOCK_SPEED, UTC)


def _name(names: dict[str, str], scope: str, object_id: str) -> str:
    if scope in _APP_WIDE:
        return "The app"
    return names.get(object_id) or object_id or "Not named by Meta"
