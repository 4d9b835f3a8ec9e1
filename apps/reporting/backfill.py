"""Older days: month by month, newest first, back to a chosen day, with the allowance that daily work leaves over.

What is done stands in the ledger alone, so a backfill can be stopped, restarted or killed at any point. It never ends
by itself: days that a longer outage left behind are fetched again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from apps.connections import pacing
from apps.connections.models import AdAccount
from apps.graphapi.limits import INSIGHTS_MAX_MONTHS
from apps.ui import formats

from . import ledger, sets, sync
from .models import SyncPlan, SyncRun
from .periods import Period
from .sets import NumberSet

USUAL_MONTHS = 13
MOST_STEPS = 5  # accounts that one round of beat takes a step for; a step is a month of one set


@dataclass(frozen=True)
class Unit:
    """One step: a month of the small sets together, or of one large set."""

    sets: tuple[NumberSet, ...]
    days: Period

    @property
    def words(self) -> str:
        names = " and ".join(one.label.lower() for one in self.sets)
        return f"{names}, {formats.period(self.days.since, self.days.until)}"


@dataclass(frozen=True)
class Progress:
    """How far the backfill of an account is. Counted in days of sets."""

    since: date | None  # None: none is asked for
    done: int
    all: int
    next: Unit | None
    under_way: SyncRun | None
    refused: int  # steps that Meta refused; asked again when the backfill is started anew
    waits_for: str  # why no step is taken now; empty when one can be

    @property
    def percent(self) -> Decimal:
        return Decimal(100 * self.done) / self.all if self.all else Decimal(100)

    @property
    def sentence(self) -> str:
        if self.since is None:
            return "No backfill is asked for."
        back = f"back to {formats.day(self.since, year=True)}"
        if self.under_way:
            return f"Filling {back}. A step is under way."
        if self.next:
            waits = f" It waits: {self.waits_for}" if self.waits_for else " It goes on within five minutes."
            return f"Filling {back}. Next: {self.next.words}.{waits}"
        if self.refused:
            many = "One step was" if self.refused == 1 else f"{self.refused} steps were"
            return f"Filled {back} as far as possible. {many} refused; the syncs below say why. Start again to retry."
        return f"Everything {back} is there."


def furthest(account: AdAccount) -> date:
    """The first day that Meta still has of it, with a day to spare for the step that takes until tomorrow."""
    return sets.months_back(account.today(), INSIGHTS_MAX_MONTHS) + timedelta(days=1)


def usual(account: AdAccount) -> date:
    return sets.months_back(account.today(), USUAL_MONTHS)


def start(account: AdAccount, since: date, *, by: Any = None) -> None:
    """Fill back to this day, but no further than Meta's memory. Steps that were refused may be tried again."""
    since = max(since, furthest(account))
    asked = {"backfill_since": since, "backfill_asked_at": timezone.now(), "backfill_asked_by": by}
    SyncPlan.objects.update_or_create(account=account, defaults=asked)


def stop(account: AdAccount) -> None:
    """Take no further step; one that is under way is finished, one that waits is dropped."""
    SyncPlan.objects.filter(account=account).update(backfill_since=None)
    account.sync_runs.filter(reason=SyncRun.Reason.BACKFILL, state=SyncRun.State.QUEUED).delete()


def step(most: int = MOST_STEPS) -> list[SyncRun]:
    """Queue the next step of some of the accounts that are being filled, those that waited longest first."""
    runs: list[SyncRun] = []
    plans = SyncPlan.objects.filter(backfill_since__isnull=False, account__in=AdAccount.objects.reachable())
    for plan in sorted(plans.select_related("account", "backfill_asked_by"), key=_last_step):
        if len(runs) >= most:
            break
        if _waits_for(plan.account):
            continue
        unit = next(_open_units(plan), None)
        if unit:
            since, until = unit.days.since, unit.days.until
            reason, by = SyncRun.Reason.BACKFILL, plan.backfill_asked_by
            runs += sync.request_sets(plan.account, reason, unit.sets, since, until, by=by)
    return runs


def progress(account: AdAccount) -> Progress:
    plan = SyncPlan.objects.filter(account=account).select_related("account").first()
    if plan is None or plan.backfill_since is None:
        return Progress(None, 0, 0, None, None, 0, "")
    days = _days(plan)
    wanted = {account.pk: sets.kept(account)}
    found = ledger.stretches([account], days.since, days.until, wanted) if days.length > 0 else []
    done = sum(one.length for one in found if one.state in ledger.FINE and one.windows)
    todo = list(_units(found, plan))
    under_way = _under_way(account)
    refused = _refused(plan)
    left = [unit for unit in todo if _key(unit) not in refused]
    return Progress(
        since=plan.backfill_since,
        done=done,
        all=sum(one.length for one in found),
        next=left[0] if left else None,
        under_way=under_way,
        refused=len(todo) - len(left),
        waits_for=_waits_for(account) if left and not under_way else "",
    )


def _days(plan: SyncPlan) -> Period:
    """From the chosen day up to where the nightly runs begin."""
    today = plan.account.today()
    since = max(plan.backfill_since or today, furthest(plan.account))
    return Period(since, today - timedelta(days=sync.RESTATED_DAYS))


def _last_step(plan: SyncPlan) -> Any:
    runs = plan.account.sync_runs.filter(reason=SyncRun.Reason.BACKFILL).order_by("-queued_at")
    return runs.values_list("queued_at", flat=True).first() or plan.backfill_asked_at


def _waits_for(account: AdAccount) -> str:
    """Why this account must not be filled now: daily work comes first, and allowance is left for people."""
    if _under_way(account):
        return "its last step is not through yet."
    if account.sync_runs.filter(state__in=["queued", "running", "waiting"]).exists():
        return "other syncs of this ad account come first."
    used = pacing.level(account)
    if used >= settings.META_PACE_TELL:
        return f"{used:.0f}% of an allowance is used; it goes on below {settings.META_PACE_TELL:.0f}%."
    return ""


def _under_way(account: AdAccount) -> SyncRun | None:
    found: SyncRun | None = account.sync_runs.filter(
        reason=SyncRun.Reason.BACKFILL, state__in=["queued", "running", "waiting"]
    ).first()
    return found


def _open_units(plan: SyncPlan) -> Iterator[Unit]:
    days = _days(plan)
    if days.length <= 0:
        return
    wanted = {plan.account_id: sets.kept(plan.account)}
    refused = _refused(plan)
    for unit in _units(ledger.stretches([plan.account], days.since, days.until, wanted), plan):
        if _key(unit) not in refused:
            yield unit


def _units(found: Iterable[ledger.Stretch], plan: SyncPlan) -> Iterator[Unit]:
    """What is left to do, newest month first, the small sets before the large ones."""
    days = _days(plan)
    lacking = [one for one in found if one.state not in {*ledger.FINE, ledger.PARTIAL} or not one.windows]
    chosen = sets.kept(plan.account)
    groups = [tuple(one for one in chosen if one.hourly), *((one,) for one in chosen if not one.hourly)]
    for month in _months(days):
        for group in groups:
            if any(
                gap.set in group and gap.since <= month.until and gap.until >= month.since for gap in lacking
            ):
                yield Unit(group, month)


def _months(days: Period) -> Iterator[Period]:
    """Calendar months, newest first, the outer ones cut."""
    until = days.until
    while until >= days.since:
        since = max(until.replace(day=1), days.since)
        yield Period(since, until)
        until = since - timedelta(days=1)


_Key = tuple[str, str, date]


def _key(unit: Unit) -> _Key:
    """What tells a step apart. Its last day moves on in the newest month."""
    return ",".join(sets.levels_of(unit.sets)), unit.sets[0].breakdown, unit.days.since


def _refused(plan: SyncPlan) -> set[_Key]:
    """Steps that failed for good since the backfill was asked for, or were done today and yet lack something.

    Asking them again would only cost allowance.
    """
    today = Q(state=SyncRun.State.DONE, finished_at__gte=timezone.now() - timedelta(days=1))
    failed = plan.account.sync_runs.filter(
        Q(state=SyncRun.State.FAILED) | today,
        reason=SyncRun.Reason.BACKFILL,
        finished_at__gte=plan.backfill_asked_at,
    )
    return {(",".join(run.levels), run.breakdowns[0] if run.breakdowns else "", run.since) for run in failed}
