"""Every allowance of Meta's as it stands now: how full, how soon it is used up, when a closed one opens. Reads only.

What Meta told last stands in `UsageNow`, and it falls by itself from then on; how, the pace book knows.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
from django.conf import settings
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from apps.connections import pacing
from apps.connections.models import AdAccount, Allowance
from apps.graphapi.entries import Scope
from apps.graphapi.gauges import HOUR, REOPENED, Gauge
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
# Meta's quotas are those of a rolling hour; the point score is back to nothing sooner.
_HOUR = timedelta(hours=1)
_POINTS_LAST = 300.0

Key = tuple[str, str, str]

_READ_GAUGE = msgspec.json.Decoder(Gauge)


class Told(NamedTuple):
    """What Meta said last of one allowance, in short: the highest of its percentages, and until when it is closed."""

    scope: str
    object_id: str
    type: str
    peak: float = 0.0
    told_at: datetime | None = None
    regain_at: datetime | None = None


class Details(NamedTuple):
    """All that Meta said last of one allowance, in percent (None: not in the header), and since when it climbs."""

    scope: str
    object_id: str
    type: str
    call_count: float | None = None
    total_cputime: float | None = None
    total_time: float | None = None
    percent: float | None = None
    tier: str = ""
    climb_at: datetime | None = None
    climb_from: float = 0.0


@dataclass(slots=True)
class Budget:
    """One allowance. `level`: percent used, estimated for now. `until`: closed until then.

    There are thousands of them; what only those that are shown need is worked out when asked for.
    """

    told: Told
    name: str
    level: float
    until: datetime | None
    state: str
    is_ours: bool  # an ad account that has a page here

    @property
    def key(self) -> Key:
        return self.told[:3]

    @property
    def scope(self) -> str:
        return self.told.scope

    @property
    def object_id(self) -> str:
        """Bare digits; empty for the app."""
        return self.told.object_id

    @property
    def type(self) -> str:
        """Meta's word for the use case, empty where the allowance is none of these."""
        return self.told.type

    @property
    def use(self) -> str:
        """What it is about, as the address names it."""
        return self.told.type or self.told.scope

    @property
    def use_label(self) -> str:
        return self.told.type or _USES.get(self.told.scope, self.told.scope)

    @property
    def is_app_wide(self) -> bool:
        return self.told.scope in _APP_WIDE

    @property
    def act_id(self) -> str:
        return f"act_{self.told.object_id}"

    @property
    def kind(self) -> Kind:
        return STATES[self.state][0]

    @property
    def word(self) -> str:
        return STATES[self.state][1]

    @property
    def label(self) -> str:
        return f"{self.name}, {self.use_label}: {self.level:.0f} percent used"

    @property
    def is_estimated(self) -> bool:
        """Whether it has moved since Meta spoke, by more than rounding."""
        return self.told.told_at is not None and abs(self.level - self.told.peak) >= 1

    def full_at(self, details: Details) -> datetime | None:
        """When it is used up at the pace at which it fills now."""
        told = self.told
        if self.until or told.told_at is None or details.climb_at is None:
            return None
        return forecast.used_up_at(
            level=self.level, climb_from=details.climb_from, climb_at=details.climb_at, told=told.peak,
            told_at=told.told_at, now=timezone.now(), horizon=_HOUR / settings.META_CLOCK_SPEED,
        )  # fmt: skip


def _state(level: float, until: datetime | None, watch: float, slow: float) -> str:
    if until or level >= 100:
        return BLOCKED
    if level >= slow:
        return BACKING_OFF
    return WATCH if level >= watch else NORMAL


def _gravity(one: Budget) -> tuple[int, float, str, str, str]:
    """Smaller is worse."""
    return _RANKS[one.state], -one.level, one.name, one.told.scope, one.told.type


@dataclass(frozen=True)
class Budgets:
    """All of them, worst first."""

    of_app: list[Budget]
    of_accounts: list[Budget]

    @property
    def all(self) -> list[Budget]:
        return [*self.of_app, *self.of_accounts]

    def uses(self) -> list[tuple[str, str]]:
        """(name, label) of what there are allowances for, the most common first."""
        often = Counter((one.told.scope, one.told.type) for one in self.of_accounts)
        common = sorted(often, key=lambda kind: (-often[kind], kind))
        return [(use_case or scope, use_case or _USES.get(scope, scope)) for scope, use_case in common]

    def by_state(self, among: Sequence[Budget]) -> list[tuple[str, str, int]]:
        """(name, word, how many) of every state, worst first."""
        often = Counter(one.state for one in among)
        return [(name, word, often[name]) for name, (_, word) in STATES.items()]


def read(now: datetime | None = None) -> Budgets:
    """Three queries, however many there are."""
    now = now or timezone.now()
    names = dict(AdAccount.objects.values_list("meta_id", "name"))
    find = _Finder(now, names)
    rows = [Told(*row) for row in UsageNow.objects.values_list(*Told._fields)]
    # Below the first mark a figure is let fade evenly, without asking the pace book how: there are thousands.
    near = [_name_of(told[:3]) for told in rows if told.peak >= find.watch]
    gauge_of = _gauges(Allowance.objects.filter(Q(key__in=near) | Q(gauge__closed_until__gt=find.clock)))
    found = [find.told(told, gauge_of.pop(told[:3], None)) for told in rows]
    # Closed by a refusal, without a figure from Meta.
    found += [one for key, gauge in gauge_of.items() if (one := find.never_told(key, gauge))]
    found.sort(key=_gravity)
    of_app = [one for one in found if one.told.scope in _APP_WIDE]
    return Budgets(of_app, [one for one in found if one.told.scope not in _APP_WIDE])


def details(of: Collection[Budget] | None = None) -> dict[Key, Details]:
    """All that was told of these, or of every one. One query."""
    rows = UsageNow.objects.all()
    if of is not None:
        rows = rows.filter(object_id__in={one.object_id for one in of})
    found = (Details(*row) for row in rows.values_list(*Details._fields))
    return {one[:3]: one for one in found}


class Worst(NamedTuple):
    """`blocked`: how many accounts are, or the app; `level`: percent of the fullest one, None where nothing is told."""

    blocked: int
    app_is_blocked: bool
    level: float | None


# Those told highest, among which the fullest is looked for.
_HIGHEST = 20


def worst(accounts: Collection[str] | None = None) -> Worst:
    """In short, for these bare ids or for all: three light queries, because every page asks."""
    now, clock = timezone.now(), pacing.meta_clock()
    shown = UsageNow.objects.all()
    if accounts is not None:
        shown = shown.filter(object_id__in=["", *accounts])
    closed = shown.filter(regain_at__gt=now).values_list("scope", "object_id", "type")
    shut = {key[:2] for key in closed} | {
        _parts(key)[:2]
        for key in Allowance.objects.filter(gauge__closed_until__gt=clock).values_list("key", flat=True)
    }
    blocked = {
        object_id
        for scope, object_id in shut
        if accounts is None or scope in _APP_WIDE or object_id in accounts
    }
    recent = shown.filter(told_at__gte=now - _HOUR / settings.META_CLOCK_SPEED).order_by("-peak")
    told = [Told(*row) for row in recent.values_list(*Told._fields)[:_HIGHEST]]
    gauge_of = _gauges(Allowance.objects.filter(key__in=[_name_of(one[:3]) for one in told]))
    find = _Finder(now, {})
    levels = [find.told(one, gauge_of.get(one[:3])).level for one in told]
    return Worst(len(blocked), any(scope in _APP_WIDE for scope, _ in shut), max(levels, default=None))


def _gauges(pages: QuerySet[Allowance]) -> dict[Key, Gauge]:
    """Pages of the pace book. Decoded here, because there may be thousands."""
    as_text = pages.annotate(text=Cast("gauge", TextField())).values_list("key", "text")
    return {_parts(key): _READ_GAUGE.decode(text) for key, text in as_text}


class _Finder:
    """Puts together what was told, what the pace book knows, and the name of the ad account."""

    def __init__(self, now: datetime, names: dict[str, str]) -> None:
        self.now, self.names = now, names
        self.clock, self.speed = pacing.meta_clock(), settings.META_CLOCK_SPEED
        self.watch, self.slow = settings.META_PACE_TELL, settings.META_PACE_SLOW

    def told(self, told: Told, gauge: Gauge | None) -> Budget:
        until = self._until(gauge) if gauge else None
        if until is None and told.regain_at and told.regain_at > self.now:
            until = told.regain_at
        level = gauge.level(self.clock) if gauge and gauge.told_at else self._faded(told)
        if until:
            # While it is closed nothing is asked, so nothing newer is known.
            level = max(level, told.peak)
        return self._budget(told, level, until)

    def never_told(self, key: Key, gauge: Gauge) -> Budget | None:
        until = self._until(gauge)
        return self._budget(Told(*key), 100.0, until) if until else None

    def _faded(self, told: Told) -> float:
        """What is left of it by now, let fade evenly: all that can be known without the pace book."""
        if told.told_at is None:
            return 0.0
        age = (self.now - told.told_at).total_seconds() * self.speed
        lasts = _POINTS_LAST if told.scope == Scope.ACCOUNT else HOUR
        level = told.peak * max(0.0, 1.0 - age / lasts)
        return min(level, REOPENED) if told.regain_at and told.regain_at <= self.now else level

    def _budget(self, told: Told, level: float, until: datetime | None) -> Budget:
        state = _state(level, until, self.watch, self.slow)
        return Budget(told, self._name(told), level, until, state, told.object_id in self.names)

    def _name(self, told: Told) -> str:
        if told.scope in _APP_WIDE:
            return "The app"
        return self.names.get(told.object_id) or told.object_id or "Not named by Meta"

    def _until(self, gauge: Gauge) -> datetime | None:
        """When a closed one opens, by our clock."""
        closed = gauge.closed_until > self.clock
        return datetime.fromtimestamp(gauge.closed_until / self.speed, UTC) if closed else None


def _name_of(key: Key) -> str:
    """As `gauges.key` names it."""
    return ":".join(part for part in key if part)


def _parts(key: str) -> Key:
    """The other way round of `gauges.key`: app-wide ones have no object."""
    scope, _, rest = key.partition(":")
    if scope in _APP_WIDE:
        return scope, "", rest
    object_id, _, use_case = rest.partition(":")
    return scope, object_id, use_case
