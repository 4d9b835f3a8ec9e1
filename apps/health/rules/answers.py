"""Meta's answers as such: none that can be read, or far later than usual. Whatever is asked suffers from it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import F, Max, Q, Sum
from django.db.models.functions import Greatest

from apps.connections.models import AdAccount
from apps.graphapi import Category
from apps.health import latency
from apps.health.findings import Asked, Finding, Rule, place
from apps.health.heard import OK
from apps.health.models import CallSlot, ErrorGroup, ErrorOccurrence
from apps.health.slots import hour_of, minute_of

BROKEN_KEY, SLOW_KEY = "answers:broken", "answers:slow"
# While few calls are made, what fires goes on so long: from the syncs of one hour to those of the next.
PATIENCE = timedelta(minutes=90)
_CALM = timedelta(minutes=2)

# --- broken --------------------------------------------------------------------------------------

BROKEN_WITHIN = timedelta(minutes=10)
# Fewer are the hiccups of a network. A firing alert ends with fewer: whoever waits asks seldom.
LEAST_BROKEN = 5


def broken(asked: Asked) -> Iterator[Finding]:
    """No answer at all, or one that is not Meta's. Errors with a code are answers."""
    fires = BROKEN_KEY in asked.before
    failed, tried = _broken(_last_asked(asked.now) if fires else asked.now)
    # Over at half the threshold only.
    floor, threshold = (1, asked.threshold / 2) if fires else (LEAST_BROKEN, asked.threshold)
    if failed < floor or 100 * failed < threshold * tried:
        return
    nothing = failed >= tried
    asked.explained.categories.add(Category.TRANSIENT)
    asked.explained.keys.add(SLOW_KEY)
    if nothing:
        asked.explained.accounts.update(AdAccount.objects.values_list("pk", flat=True))
    share = "None" if nothing else f"{100 * (tried - failed) // tried} %"
    yield Finding(
        BROKEN_KEY,
        "crit" if nothing else "warn",
        "Nothing gets through to Meta" if nothing else "Many of Meta's answers are broken",
        f"{share} of the last {tried:,} calls got an answer of Meta's. The others got nothing, half an answer, or a "
        "page of something on the way. They are tried again by themselves; look at Meta's status page, at our own "
        "network and at proxies on the way.",
        action="Open errors",
        url=place("health:errors"),
    )


def _last_asked(now: datetime) -> datetime:
    """When Meta was last asked, if that is not long ago."""
    slots = CallSlot.objects.filter(grain=CallSlot.Grain.MINUTE, at__gte=now - PATIENCE)
    return slots.aggregate(at=Max("at"))["at"] or now


def _broken(until: datetime) -> tuple[int, int]:
    """Of the attempts of the minutes up to then: how many met no answer of Meta's, and all that were made."""
    since = minute_of(until - BROKEN_WITHIN)
    groups = ErrorGroup.objects.filter(code=None, category=Category.TRANSIENT, last_seen__gte=since)
    failed = ErrorOccurrence.objects.filter(group__in=list(groups), at__gte=since).count()
    # An envelope is no call of its own, but one that fails has no members to tell of it.
    slots = CallSlot.objects.filter(grain=CallSlot.Grain.MINUTE, at__gte=since).exclude(
        path="batch", outcome=OK
    )
    return failed, slots.aggregate(tried=Sum(Greatest("calls", "trips"), default=0))["tried"]


# --- slow ----------------------------------------------------------------------------------------

SLOW_WITHIN = timedelta(minutes=15)
DAYS = 7
SHARE = 0.95
# Percentiles of fewer say nothing; and quicker than this nobody has to wait.
LEAST_TRIPS, LEAST_USUAL, LEAST_SLOW = 20, 50, 1000


def slow(asked: Asked) -> Iterator[Finding]:
    """Nineteen of twenty answers take several times as long as in the same hours of the last week."""
    fires = SLOW_KEY in asked.before
    trips = _trips(Q(grain=CallSlot.Grain.MINUTE, at__gte=asked.now - SLOW_WITHIN))
    if fires and sum(trips) < LEAST_TRIPS:
        trips = _trips(Q(grain=CallSlot.Grain.MINUTE, at__gte=asked.now - PATIENCE))
    now = latency.percentile(trips, SHARE)
    if now is None or sum(trips) < LEAST_TRIPS or now < LEAST_SLOW:
        return
    usual = _usual(asked.now)
    times = max(asked.threshold - 1, 1.5) if fires else asked.threshold
    if usual is None or now < times * usual:
        return
    yield Finding(
        SLOW_KEY,
        "warn",
        "Meta is slow",
        f"95 of 100 calls took up to {_seconds(now)}; at these hours of the last week it was {_seconds(usual)}. Syncs "
        "take longer, and nothing is lost. Nothing has to be done unless it stays: then look at Meta's status page.",
        action="Open health",
        url=place("health:index"),
    )


def _usual(now: datetime) -> float | None:
    """The same hour of each day before, and that in which the last quarter of an hour began."""
    hours = {hour_of(moment) for moment in (now, now - SLOW_WITHIN)}
    same = [hour - timedelta(days=day) for hour in hours for day in range(1, DAYS + 1)]
    trips = _trips(Q(grain=CallSlot.Grain.HOUR, at__in=same))
    return latency.percentile(trips, SHARE) if sum(trips) >= LEAST_USUAL else None


def _trips(those: Q) -> list[int]:
    """Round trips that went well, by how long they took: errors come sooner, and what is broken has its own rule."""
    sums = {f"bucket_{n}": Sum(F(f"latency__{n}"), default=0) for n in range(latency.BUCKETS)}
    row = CallSlot.objects.filter(those, outcome=OK).aggregate(**sums)
    return [row[name] for name in sums]


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{milliseconds:.0f} ms"


BROKEN = Rule(
    "broken",
    "Meta's answers are broken",
    f"At least {LEAST_BROKEN} calls, and {{threshold}} % of those of ten minutes, get no answer or none of Meta's; "
    "over at half of that",
    broken,
    threshold=20,
    least=2,
    most=100,
    unit="%",
    calm=_CALM,
)
SLOW = Rule(
    "slow",
    "Meta is slow",
    f"95 of 100 calls of a quarter of an hour take {{threshold}} times as long as at the same hours of the last week; "
    f"from {LEAST_TRIPS} calls on, and a second",
    slow,
    threshold=3,
    least=2,
    most=20,
    unit="times",
    calm=_CALM,
)
