"""What the performance page is told: figures of a period, by currency and by campaign, next to those before."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from apps.connections.models import AdAccount
from apps.ui import formats

from .delivery import Delivery
from .figures import NOTHING, Totals, sum_of
from .forms import Question
from .freshness import Freshness
from .periods import Period

Days = dict[date, Totals]


@dataclass(frozen=True, slots=True)
class Compared:
    """Totals of the period, of its complete days, and of the days those are compared with."""

    current: Totals = NOTHING
    complete: Totals = NOTHING
    before: Totals | None = None  # None: there is nothing to compare with

    def growth(self, metric: str) -> Decimal | None:
        if self.before is None:
            return None
        return formats.change(getattr(self.complete, metric), getattr(self.before, metric))

    @property
    def roas_growth(self) -> Decimal | None:
        return self.growth("roas")


def all_of(parts: Iterable[Compared]) -> Compared:
    """Comparable only where each part is."""
    parts = list(parts)
    before = [part.before for part in parts if part.before is not None]
    return Compared(
        sum_of(part.current for part in parts),
        sum_of(part.complete for part in parts),
        sum_of(before) if parts and len(before) == len(parts) else None,
    )


@dataclass(frozen=True, slots=True)
class CampaignRow:
    account: AdAccount
    meta_id: str
    name: str
    objective: str
    delivery: Delivery
    daily_budget: Decimal | None
    lifetime_budget: Decimal | None
    figures: Compared

    @property
    def delivered(self) -> bool:
        """In the period itself, not only before."""
        return bool(self.figures.current.rows)


@dataclass(frozen=True)
class CurrencyGroup:
    """Everything in one currency: nothing is ever added across two of them."""

    currency: str
    accounts: list[AdAccount]
    figures: Compared
    days: Days
    days_before: Days
    campaigns: list[CampaignRow]  # that delivered in the period, in the order asked for
    ended: list[CampaignRow]  # that delivered only before: they count where periods are compared
    compared: bool  # whether the days before are known of all its accounts

    @cached_property
    def total(self) -> Compared:
        """The sum of its campaigns."""
        return all_of(row.figures for row in [*self.campaigns, *self.ended])

    @property
    def largest_spend(self) -> Decimal:
        return max((row.figures.current.spend for row in self.campaigns), default=Decimal(0))


@dataclass(frozen=True)
class Spans:
    """Which days are read for what."""

    current: Period
    complete: Period | None  # None: the period is today alone
    versus: Period | None  # the whole period compared with
    before: Period | None  # its part that matches the complete days

    @classmethod
    def of(cls, question: Question) -> "Spans":
        today = min((account.today() for account in question.accounts), default=question.period.until)
        versus = question.period.compared_with(question.versus)
        complete = question.period.over_by(today)
        before = None
        if versus and complete:
            before = Period(versus.since, versus.since + timedelta(days=complete.length - 1))
        return cls(question.period, complete, versus, before)

    @property
    def partial(self) -> Period | None:
        """The part whose days are not over everywhere."""
        since = self.complete.until + timedelta(days=1) if self.complete else self.current.since
        return Period(since, self.current.until) if since <= self.current.until else None

    @property
    def windows(self) -> list[Period]:
        """All days that are shown or compared with; one window where they touch."""
        if self.versus is None:
            return [self.current]
        if self.versus.until + timedelta(days=1) == self.current.since:
            return [Period(self.versus.since, self.current.until)]
        return [self.versus, self.current]


@dataclass(frozen=True)
class Performance:
    question: Question
    spans: Spans
    groups: list[CurrencyGroup]
    freshness: dict[int, Freshness]
    unfetched: list[AdAccount]  # of which some of the period's complete days were never fetched
    uncompared: list[AdAccount]  # of which only days before are missing
    objectives: list[str]  # of the campaigns that delivered, narrowed or not
    deliveries: list[Delivery]
    settings: str = ""  # a sentence where ad sets count by different attribution settings

    @property
    def campaigns(self) -> list[CampaignRow]:
        return [row for group in self.groups for row in group.campaigns]

    @property
    def accounts(self) -> list[AdAccount]:
        """Those whose figures are shown."""
        return [account for group in self.groups for account in group.accounts]

    @property
    def accounts_asked(self) -> list[AdAccount]:
        return self.question.accounts_shown

    @property
    def figures(self) -> Compared:
        """Over all currencies: only its counts and their ratios mean anything."""
        return all_of(group.figures for group in self.groups)

    @property
    def side_by_side(self) -> bool:
        return len(self.groups) > 1

    @property
    def has_rows(self) -> bool:
        return any(group.figures.current.rows for group in self.groups)

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is shown because nothing was fetched."""
        delivered = self.has_rows or bool(self.deliveries)
        return not delivered and 0 < len(self.unfetched) == len(self.accounts_asked)

    @property
    def compared(self) -> bool:
        return bool(self.groups) and all(group.compared for group in self.groups)

    @property
    def windowless(self) -> list[date]:
        """Days that are shown, or else compared with, whose purchases are not known by the windows chosen."""
        return _unknown(self.days) or _unknown(self.days_before)

    @property
    def days(self) -> Days:
        """Counts per day over all currencies."""
        return _together(group.days for group in self.groups)

    @property
    def days_before(self) -> Days:
        return _together(group.days_before for group in self.groups)


def _unknown(days: Days) -> list[date]:
    return sorted(day for day, totals in days.items() if totals.purchases is None)


def _together(parts: Iterable[Days]) -> Days:
    together: Days = {}
    for days in parts:
        for day, totals in days.items():
            together[day] = together.get(day, NOTHING) + totals
    return together
