"""Which of Meta's allowances are closed, and until when: what Meta said, and what our pace book adds to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from apps.connections.models import Allowance
from apps.connections.pacing import meta_clock
from apps.graphapi import Entry, Scope

from .models import UsageNow

# Limits of the whole app hold for every ad account.
_OF_ALL = {Scope.APP, Scope.USER, Scope.INSIGHTS_APP, Scope.INSIGHTS_REACH_APP}


@dataclass(frozen=True)
class Closed:
    scope: str
    object_id: str
    use_case: str
    until: datetime


def closed() -> list[Closed]:
    """Every allowance that is closed now. Two queries."""
    now = timezone.now()
    told = UsageNow.objects.filter(regain_at__gt=now).values_list("scope", "object_id", "type", "regain_at")
    heard = [Closed(scope, object_id, kind, until) for scope, object_id, kind, until in told if until]
    return heard + _held_back(now)


def _held_back(now: datetime) -> list[Closed]:
    there = meta_clock()
    held = Allowance.objects.filter(gauge__closed_until__gt=there).values_list("key", "gauge__closed_until")
    found = []
    for key, until in held:
        scope, object_id, use_case = (*key.split(":"), "", "")[:3]
        wait = timedelta(seconds=(until - there) / settings.META_CLOCK_SPEED)
        found.append(Closed(scope, object_id, use_case, now + wait))
    return found


def until(
    entry: Entry, use_case: str, account_ids: Iterable[str], known: Iterable[Closed]
) -> datetime | None:
    """When the last of the allowances that this limit is about opens; None when none is known to be closed."""
    touched = set(account_ids)
    times = [
        one.until
        for one in known
        if entry.scope
        and one.scope == entry.scope.value
        and (entry.scope in _OF_ALL or one.object_id in touched)
        and (entry.scope is not Scope.BUSINESS_USE_CASE or one.use_case == (entry.use_case or use_case))
    ]
    return max(times, default=None)
