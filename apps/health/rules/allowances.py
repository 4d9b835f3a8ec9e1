"""Meta's allowances: nearly spent, or closed."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings

from apps.connections.models import AdAccount
from apps.graphapi.entries import Category, Scope
from apps.health.findings import Asked, Finding, Rule, counted, named, place, place_of
from apps.health.models import UsageNow

# A percentage covers a rolling hour; points of an ad account are given back within five minutes.
KNOWN_FOR = timedelta(hours=1)
POINTS_KNOWN_FOR = timedelta(minutes=5)
# So far below the threshold an allowance is calm again.
SLACK = 5
_CALM = timedelta(minutes=2)


def closed(asked: Asked) -> Iterator[Finding]:
    """Closed until a time that Meta told: nobody asks meanwhile."""
    those = [one for one in _fresh(asked.now) if one.regain_at and one.regain_at > asked.now]
    if not those:
        return
    accounts = _accounts(those)
    asked.explained.accounts.update(account.pk for account in accounts.values())
    asked.explained.categories.add(Category.RATE_LIMIT)
    last = max(one.regain_at for one in those if one.regain_at)
    yield _finding(
        "quota:closed",
        "crit",
        those,
        accounts,
        f"is closed until {last:%H:%M} UTC",
        "are closed",
        f"The last opens at {last:%H:%M} UTC. Nothing is asked meanwhile, and what waits goes on by itself.",
        last,
    )


def high(asked: Asked) -> Iterator[Finding]:
    """Above the threshold, and not closed. What fires goes on until it is clearly below."""
    key = "quota:high"
    firing = set(asked.before.get(key, []))
    those = [
        one
        for one in _fresh(asked.now)
        if not (one.regain_at and one.regain_at > asked.now)
        and one.peak > asked.threshold - (SLACK if _part(one) in firing else 0)
    ]
    if not those:
        return
    top = max(those, key=lambda one: one.peak)
    yield _finding(
        key,
        "warn",
        those,
        _accounts(those),
        f"is at {top.peak:.0f} %",
        f"are above {asked.threshold} %",
        f"Background work slows down at {settings.META_PACE_SLOW:.0f} % and waits at {settings.META_PACE_STOP:.0f} %; "
        "at 100 % Meta closes it.",
        None,
    )


def _fresh(now: datetime) -> list[UsageNow]:
    """What was told not long ago. The rest has run down since."""
    known = UsageNow.objects.filter(told_at__gt=now - KNOWN_FOR).order_by("-peak", "pk")
    return [one for one in known if one.scope != Scope.ACCOUNT or one.told_at > now - POINTS_KNOWN_FOR]


def _part(one: UsageNow) -> str:
    return f"{one.scope}:{one.object_id}:{one.type}"


def _accounts(those: Sequence[UsageNow]) -> dict[str, AdAccount]:
    ids = {one.object_id for one in those if one.object_id}
    return {account.meta_id: account for account in AdAccount.objects.filter(meta_id__in=ids)} if ids else {}


def _words(one: UsageNow, accounts: dict[str, AdAccount]) -> str:
    what = one.type or {"app": "the app", "account": "points"}.get(one.scope, one.scope.replace("_", " "))
    whose = accounts.get(one.object_id) or one.object_id
    return f"{what} of {whose}" if whose else what


def _finding(
    key: str,
    severity: str,
    those: Sequence[UsageNow],
    accounts: dict[str, AdAccount],
    verb: str,
    several: str,
    text: str,
    due_at: datetime | None,
) -> Finding:
    words = [f"{_words(one, accounts)} ({one.peak:.0f} %)" for one in those]
    if len(those) == 1:
        title = f"The allowance {_words(those[0], accounts)} {verb}"
    else:
        title = f"{counted(len(those), 'allowance')} {several}"
    found = list(accounts.values())
    action, url = ("Open health", place("health:index")) if place("health:index") else place_of(found)
    return Finding(
        key,
        severity,
        title,
        text if len(those) == 1 else f"{named(words)}. {text}",
        parts=[_part(one) for one in those],
        accounts=[account.pk for account in found],
        action=action,
        url=url,
        due_at=due_at,
    )


CLOSED = Rule("closed", "An allowance is closed", "Meta says when access comes back", closed, calm=_CALM)
HIGH = Rule(
    "quota",
    "An allowance is nearly spent",
    f"Above {{threshold}} %; over when it is {SLACK} below",
    high,
    threshold=70,
    least=30,
    most=99,
    unit="%",
    calm=_CALM,
)
