"""What needs a person today, as far as this person may see it, and how the ad accounts did yesterday.

Everything is read from stored rows, with a fixed number of queries.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.connections.models import AdAccount
from apps.reporting import freshness
from apps.reporting.freshness import Freshness
from apps.reporting.models import Insight, Level, SyncRun
from apps.ui import formats

from . import alert_list, heartbeat
from .findings import Asked, Finding, counted
from .models import Alert, ErrorGroup, RuleSetting, Severity
from .rules import accounts as of_accounts
from .rules import background

SHOWN = 50  # ad accounts
CHANGES = 8
_WEEK = timedelta(days=7)
# A sync that runs by itself is news only when it was given up.
_BY_ITSELF = (SyncRun.Reason.HOURLY, SyncRun.Reason.NIGHTLY)


@dataclass(frozen=True)
class Item:
    """One entry of what needs somebody: an alert, or what concerns this person's ad accounts."""

    severity: str
    title: str
    text: str
    action: str = ""
    url: str = ""
    since: datetime | None = None
    due_at: datetime | None = None
    alert: Alert | None = None


@dataclass(frozen=True)
class Row:
    """An ad account on its own yesterday."""

    account: AdAccount
    freshness: Freshness
    day: date
    spend: Decimal | None
    before: Decimal | None
    purchases: Decimal | None

    @property
    def change(self) -> Decimal | None:
        return formats.change(self.spend, self.before)

    @property
    def is_well(self) -> bool:
        return self.account.status.level == "ok" and self.freshness.kind == "ok"


@dataclass(frozen=True)
class Change:
    at: datetime
    icon: str
    text: str


@dataclass(frozen=True)
class Overview:
    items: list[Item]
    at_rest: int
    rows: list[Row]
    changes: list[Change]
    errors: int | None  # kinds that are open; None: this person does not read the error log
    looked_at: datetime | None

    @property
    def shown(self) -> list[Row]:
        """Those with trouble first."""
        return sorted(self.rows, key=lambda row: (row.is_well, str(row.account).casefold()))[:SHOWN]

    @property
    def headline(self) -> str:
        if self.items:
            return counted(len(self.items), "thing needs somebody", "things need somebody") + " today."
        if not self.rows:
            return "There is no ad account yet."
        if self.looked_at is None:
            return "Whether something needs somebody is not known yet."
        late = sum(row.freshness.kind != "ok" for row in self.rows)
        on_time = counted(len(self.rows) - late, "ad account")
        parts = [f"{on_time} on time" if not late else f"{on_time} of {len(self.rows):,} on time"]
        if self.at_rest:
            parts.append(f"{counted(self.at_rest, 'thing')} in hand")
        if self.errors is not None:
            parts.append(f"{counted(self.errors, 'open error')}" if self.errors else "no open errors")
        return f"All quiet: {', '.join(parts)}."

    @property
    def unknown(self) -> int:
        """Ad accounts whose yesterday was not fetched, or had nothing."""
        return sum(row.spend is None for row in self.rows)

    @property
    def spent(self) -> list[str]:
        """By currency, in the order of how many ad accounts have it."""
        sums: dict[str, list[Decimal]] = defaultdict(list)
        for row in self.rows:
            if row.spend is not None:
                sums[row.account.currency].append(row.spend)
        ordered = sorted(sums, key=lambda currency: (-len(sums[currency]), currency))
        return [formats.money_whole(sum(sums[currency], Decimal(0)), currency) for currency in ordered]


def of(user: Any) -> Overview:
    seen = list(AdAccount.objects.visible_to(user).in_order())
    states = freshness.of(seen)
    manages = user.has_perm("team.view_alerts")
    items, at_rest = _alerts() if manages else (_findings(user, seen), 0)
    return Overview(
        items=items,
        at_rest=at_rest,
        rows=_rows(seen, states),
        changes=_changes(seen, manages),
        errors=_open_errors() if user.has_perm("team.view_errors") else None,
        looked_at=heartbeat.last(heartbeat.LOOK) if manages else timezone.now(),
    )


def _open_errors() -> int:
    return ErrorGroup.objects.filter(state=ErrorGroup.State.OPEN).count()


# --- what needs somebody -------------------------------------------------------------------------


def _alerts() -> tuple[list[Item], int]:
    """All that fires. While nobody looks, that comes first, whether or not somebody could raise it."""
    open_ = list(Alert.objects.open().select_related("owner").order_by("opened_at"))
    firing = sorted((alert for alert in open_ if not alert.is_at_rest), key=alert_list.urgency)
    items = [
        Item(
            alert.severity,
            alert.title,
            alert.text,
            alert.action,
            alert.url,
            alert.opened_at,
            alert.due_at,
            alert,
        )
        for alert in firing
    ]
    if not any(alert.key == background.KEY for alert in open_):
        items = [*_silence(), *items]
    return items, len(open_) - len(firing)


def _silence() -> list[Item]:
    asked = Asked(timezone.now(), background.STOPPED.threshold)
    return [_item(finding) for finding in background.stopped(asked)]


def _findings(user: Any, seen: Sequence[AdAccount]) -> list[Item]:
    """What concerns the ad accounts of somebody who sees no alerts."""
    stale = RuleSetting.objects.filter(name=of_accounts.STALE.name).first()
    threshold = stale.threshold if stale else None
    asked = Asked(timezone.now(), threshold or of_accounts.STALE.threshold)
    silence = _silence()
    asked.explained.everything = bool(silence)
    found: Iterable[Finding] = [
        *of_accounts.off_among(seen),
        *of_accounts.unread_among(seen, asked),
        *of_accounts.stale_among(seen, asked),
    ]
    items = [_item(finding) for finding in found]
    # What an admin opens is not theirs to open.
    items += [Item(one.severity, one.title, f"{one.text} Tell an admin.") for one in silence]
    return sorted(items, key=lambda item: item.severity != Severity.CRIT)


def _item(finding: Finding) -> Item:
    return Item(
        finding.severity, finding.title, finding.text, finding.action, finding.url, due_at=finding.due_at
    )


# --- yesterday -----------------------------------------------------------------------------------


def _rows(seen: Sequence[AdAccount], states: dict[int, Freshness]) -> list[Row]:
    """Each ad account on its own yesterday, beside the same weekday of the week before."""
    days = {account.pk: account.today() - timedelta(days=1) for account in seen}
    wanted = {*days.values(), *(day - _WEEK for day in days.values())}
    rows = Insight.objects.of(list(seen)).at(Level.ACCOUNT).filter(day__in=wanted)
    known = {
        (account, day): (spend, purchases)
        for account, day, spend, purchases in rows.values_list("account", "day", "spend", "purchases")
    }
    nothing = (None, None)
    found = []
    for account in seen:
        day = days[account.pk]
        spend, purchases = known.get((account.pk, day), nothing)
        before, _ = known.get((account.pk, day - _WEEK), nothing)
        found.append(Row(account, states[account.pk], day, spend, before, purchases))
    return found


# --- what has changed ----------------------------------------------------------------------------


def _changes(seen: Sequence[AdAccount], manages: bool) -> list[Change]:
    ended = SyncRun.objects.filter(account__in=seen, state__in=["done", "failed"]).exclude(
        reason__in=_BY_ITSELF, state="done"
    )
    changes = [_of_run(run) for run in ended.select_related("account").order_by("-finished_at")[:CHANGES]]
    if manages:
        closed = Alert.objects.filter(ending=Alert.Ending.GONE).order_by("-closed_at")[:CHANGES]
        changes += [
            Change(alert.closed_at, "circle-check", f"Over: {alert.title}")
            for alert in closed
            if alert.closed_at
        ]
        opened = Alert.objects.order_by("-opened_at")[:CHANGES]
        changes += [Change(alert.opened_at, "triangle-alert", alert.title) for alert in opened]
    return sorted(changes, key=lambda change: change.at, reverse=True)[:CHANGES]


def _of_run(run: SyncRun) -> Change:
    at = run.finished_at or run.queued_at
    days = formats.period(run.since, run.until, year=False)
    if run.state == SyncRun.State.FAILED:
        return Change(at, "octagon-x", f"{run.account}: a sync of {days} was given up")
    return Change(
        at,
        "refresh-cw",
        f"{run.account}: {days} synced, {counted(run.added + run.changed, 'row')} new or changed",
    )
