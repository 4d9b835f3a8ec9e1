"""Answers the performance page's question from what is stored. A handful of queries, however much is stored."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, Max, Q, Value, When

from apps.connections.models import AdAccount
from apps.graphapi.money import major_units
from apps.ui import formats

from . import delivery, freshness
from .delivery import Delivery
from .figures import SUMS, Totals, sum_of
from .forms import SIDE_BY_SIDE, Question
from .freshness import Freshness
from .models import Campaign, Insight, Level
from .periods import Period

# The parts of time that a figure is read for. A partial day is in `current` alone, so that deltas compare whole days.
CURRENT, COMPLETE, BEFORE = "current", "complete", "before"


@dataclass(frozen=True)
class Compared:
    """Totals of the period, of its complete days, and of the days those are compared with."""

    current: Totals = field(default_factory=Totals)
    complete: Totals = field(default_factory=Totals)
    before: Totals | None = None

    def growth(self, metric: str) -> Decimal | None:
        if self.before is None:
            return None
        return formats.change(getattr(self.complete, metric), getattr(self.before, metric))

    @property
    def roas_growth(self) -> Decimal | None:
        return self.growth("roas")

    def __add__(self, other: "Compared") -> "Compared":
        before = None if self.before is None or other.before is None else self.before + other.before
        return Compared(self.current + other.current, self.complete + other.complete, before)


@dataclass(frozen=True)
class CampaignRow:
    account: AdAccount
    meta_id: str
    name: str
    objective: str
    delivery: Delivery
    daily_budget: Decimal | None
    lifetime_budget: Decimal | None
    figures: Compared
    share: float = 0.0  # of the largest spend in the same currency, 0 to 1


@dataclass(frozen=True)
class CurrencyGroup:
    """Everything in one currency: nothing is ever added across two of them."""

    currency: str
    accounts: list[AdAccount]
    figures: Compared
    days: dict[date, Totals]
    days_before: dict[date, Totals]
    campaigns: list[CampaignRow]


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
    def everything(self) -> Q:
        days = Q(day__range=(self.current.since, self.current.until))
        return days | Q(day__range=(self.versus.since, self.versus.until)) if self.versus else days


@dataclass(frozen=True)
class Performance:
    question: Question
    spans: Spans
    groups: list[CurrencyGroup]
    freshness: dict[int, Freshness]
    objectives: list[str]  # that can be chosen
    deliveries: list[Delivery]
    stored: bool  # whether anything at all was ever stored for these accounts

    @property
    def campaigns(self) -> list[CampaignRow]:
        return [row for group in self.groups for row in group.campaigns]

    @property
    def accounts(self) -> list[AdAccount]:
        """Those asked for, in the currency asked for."""
        return [account for group in self.groups for account in group.accounts]

    @property
    def figures(self) -> Compared:
        """Over all currencies: only its counts and their ratios mean anything."""
        return sum((group.figures for group in self.groups), self._nothing)

    @property
    def _nothing(self) -> Compared:
        return Compared(before=Totals() if self.spans.before else None)

    @property
    def side_by_side(self) -> bool:
        return len(self.groups) > 1

    @property
    def has_rows(self) -> bool:
        return any(group.figures.current.rows for group in self.groups)

    def days(self) -> dict[date, Totals]:
        """Counts per day over all currencies."""
        together: dict[date, Totals] = defaultdict(Totals)
        for group in self.groups:
            for day, totals in group.days.items():
                together[day] += totals
        return dict(together)


def answer(question: Question) -> Performance:
    spans = Spans.of(question)
    rows, objectives, deliveries = _campaigns(question, spans)
    accounts = _in_currency(question)
    daily = _daily(question, spans, rows)
    by_currency: dict[str, list[AdAccount]] = defaultdict(list)
    for account in accounts:
        by_currency[account.currency].append(account)
    order = sorted(by_currency, key=lambda currency: (-len(by_currency[currency]), currency))
    return Performance(
        question=question,
        spans=spans,
        groups=[
            _group(currency, by_currency[currency], spans, daily.get(currency, {}), rows, question)
            for currency in order
        ],
        freshness=freshness.of(accounts),
        objectives=objectives,
        deliveries=deliveries,
        stored=Insight.objects.of(accounts).exists(),
    )


def _in_currency(question: Question) -> list[AdAccount]:
    if question.currency == SIDE_BY_SIDE:
        return question.accounts
    return [account for account in question.accounts if account.currency == question.currency]


def _campaigns(question: Question, spans: Spans) -> tuple[list[CampaignRow], list[str], list[Delivery]]:
    """The campaigns that delivered or exist, narrowed as asked, and what they could be narrowed by."""
    accounts = {account.pk: account for account in _in_currency(question)}
    sums = _campaign_sums(accounts, spans)
    known = {
        campaign.meta_id: campaign
        for campaign in Campaign.objects.filter(meta_id__in=[object_id for _, object_id in sums])
    }
    rows = [
        _campaign_row(accounts[account_id], object_id, name, known.get(object_id), figures)
        for (account_id, object_id), (name, figures) in sums.items()
    ]
    objectives = sorted({row.objective for row in rows if row.objective})
    deliveries = sorted({row.delivery for row in rows}, key=lambda state: state.word)
    return [row for row in rows if _wanted(row, question)], objectives, list(_one_per_key(deliveries))


def _campaign_sums(accounts: Iterable[int], spans: Spans) -> dict[tuple[int, str], tuple[str, Compared]]:
    queryset = (
        Insight.objects.of(list(accounts))
        .at(Level.CAMPAIGN)
        .filter(spans.everything)
        .annotate(part=_part(spans))
        .values("account_id", "object_id", "part")
        .annotate(latest_name=Max("name"), **SUMS)
        .order_by()
    )
    parts: dict[tuple[int, str], dict[str, Totals]] = defaultdict(dict)
    names: dict[tuple[int, str], str] = {}
    for row in queryset:
        key = row["account_id"], row["object_id"]
        parts[key][row["part"]] = Totals.of(row)
        names[key] = row["latest_name"]
    return {
        key: (names[key], _compared(found, spans))
        for key, found in parts.items()
        if {CURRENT, COMPLETE} & found.keys()
    }


def _part(spans: Spans) -> Case:
    """Which span a row's day belongs to; spans may overlap only across comparison, which `previous` never does."""
    whens = []
    if spans.complete:
        whens.append(When(day__range=(spans.complete.since, spans.complete.until), then=Value(COMPLETE)))
    whens.append(When(day__range=(spans.current.since, spans.current.until), then=Value(CURRENT)))
    if spans.before:
        whens.append(When(day__range=(spans.before.since, spans.before.until), then=Value(BEFORE)))
    return Case(*whens, default=Value(""), output_field=CharField())


def _compared(parts: dict[str, Totals], spans: Spans) -> Compared:
    complete = parts.get(COMPLETE, Totals())
    return Compared(
        current=complete + parts.get(CURRENT, Totals()),
        complete=complete,
        before=parts.get(BEFORE, Totals()) if spans.before else None,
    )


def _campaign_row(
    account: AdAccount, meta_id: str, name: str, campaign: Campaign | None, figures: Compared
) -> CampaignRow:
    return CampaignRow(
        account=account,
        meta_id=meta_id,
        name=(campaign.name if campaign else "") or name or meta_id,
        objective=campaign.objective if campaign else "",
        delivery=delivery.of(account, campaign.effective_status if campaign else ""),
        daily_budget=major(campaign and campaign.daily_budget, account),
        lifetime_budget=major(campaign and campaign.lifetime_budget, account),
        figures=figures,
    )


def major(minor: int | None, account: AdAccount) -> Decimal | None:
    """Minor units as Meta gives them, as an amount in the account's currency."""
    return None if minor is None else major_units(minor, account.currency)


def _wanted(row: CampaignRow, question: Question) -> bool:
    text = question.search.casefold()
    return (
        (
            not text
            or text in row.name.casefold()
            or text == row.meta_id
            or text in row.account.name.casefold()
        )
        and (not question.objective or row.objective == question.objective)
        and (not question.delivery or row.delivery.key == question.delivery)
    )


def _one_per_key(states: Iterable[Delivery]) -> Iterable[Delivery]:
    return {state.key: state for state in states}.values()


def _daily(question: Question, spans: Spans, rows: list[CampaignRow]) -> dict[str, dict[date, Totals]]:
    """Currency to day to totals: from account rows, or from the campaigns' own when only some of them count."""
    insights = Insight.objects.of([account.pk for account in _in_currency(question)]).filter(spans.everything)
    if question.narrows_campaigns:
        insights = insights.at(Level.CAMPAIGN).filter(object_id__in=[row.meta_id for row in rows])
    else:
        insights = insights.at(Level.ACCOUNT)
    found: dict[str, dict[date, Totals]] = defaultdict(dict)
    for row in insights.values("account__currency", "day").annotate(**SUMS).order_by():
        found[row["account__currency"]][row["day"]] = Totals.of(row)
    return found


def _group(
    currency: str,
    accounts: list[AdAccount],
    spans: Spans,
    daily: dict[date, Totals],
    rows: list[CampaignRow],
    question: Question,
) -> CurrencyGroup:
    def within(period: Period | None) -> dict[date, Totals]:
        return {day: daily[day] for day in period if day in daily} if period else {}

    before = sum_of(within(spans.before).values()) if spans.before else None
    return CurrencyGroup(
        currency=currency,
        accounts=accounts,
        figures=Compared(
            sum_of(within(spans.current).values()), sum_of(within(spans.complete).values()), before
        ),
        days=within(spans.current),
        days_before=within(spans.versus),
        campaigns=_ordered([row for row in rows if row.account.currency == currency], question),
    )


def _ordered(rows: list[CampaignRow], question: Question) -> list[CampaignRow]:
    """Sorted as asked, rows without the figure last, with each row's share of the largest spend."""
    largest = max((row.figures.current.spend for row in rows), default=Decimal(0))
    shared = [_with_share(row, largest) for row in rows]
    # The name settles ties, so that a page never shuffles.
    shared.sort(key=lambda row: (row.name.casefold(), row.meta_id))
    keyed = [(_sort_key(row, question.sort), row) for row in shared]
    having = [pair for pair in keyed if pair[0] is not None]
    having.sort(key=lambda pair: pair[0], reverse=question.descending)  # type: ignore[arg-type, return-value]
    return [row for _, row in having] + [row for key, row in keyed if key is None]


def _with_share(row: CampaignRow, largest: Decimal) -> CampaignRow:
    share = float(row.figures.current.spend / largest) if largest else 0.0
    return replace(row, share=share)


def _sort_key(row: CampaignRow, sort: str) -> Any:
    match sort:
        case "name":
            return row.name.casefold()
        case "delivery":
            return row.delivery.word
        case "budget":
            return row.daily_budget
        case "delta":
            return row.figures.roas_growth
        case _:
            return getattr(row.figures.current, sort)
