"""Answers the performance page's question from what is stored. A handful of queries, however much is stored."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Q

from apps.connections.models import AdAccount

from . import attribution, campaigns, fetched, freshness
from .delivery import Delivery
from .fetched import Fetched
from .figures import Totals, sum_of, sums
from .forms import Question
from .models import Insight, Level
from .performance import CampaignRow, Compared, CurrencyGroup, Days, Performance, Spans
from .periods import Period
from .querysets import InsightQuerySet


def answer(question: Question) -> Performance:
    spans, accounts = Spans.of(question), question.accounts_shown
    held = fetched.of(accounts, [period for period in (spans.complete, spans.versus) if period])
    rows = campaigns.found(accounts, spans, held, question.attribution)
    source = _Source(question, spans, held, [row for row in rows if campaigns.wanted(row, question)])
    delivered = [row for row in rows if row.delivered]
    unfetched = held.lacking(accounts, spans.complete)
    return Performance(
        question=question,
        spans=spans,
        groups=source.groups(accounts),
        freshness=freshness.of(accounts),
        unfetched=unfetched,
        uncompared=[one for one in held.lacking(accounts, spans.versus) if one not in unfetched],
        objectives=sorted({row.objective for row in delivered if row.objective}),
        deliveries=_deliveries(delivered),
        settings="" if question.attribution.windows else attribution.different(source.settings(accounts)),
    )


def _deliveries(rows: list[CampaignRow]) -> list[Delivery]:
    """One of each key, in order of their words."""
    by_key = {row.delivery.key: row.delivery for row in rows}
    return sorted(by_key.values(), key=lambda state: state.word)


@dataclass(frozen=True)
class _Source:
    """What the groups are made from."""

    question: Question
    spans: Spans
    held: Fetched
    rows: list[CampaignRow]  # as narrowed

    def groups(self, accounts: list[AdAccount]) -> list[CurrencyGroup]:
        """The currency of most accounts first. Where campaigns are narrowed, only those of their accounts."""
        if self.question.narrows_campaigns:
            concerned = {row.account.pk for row in self.rows}
            accounts = [account for account in accounts if account.pk in concerned]
        by_currency: dict[str, list[AdAccount]] = defaultdict(list)
        for account in accounts:
            by_currency[account.currency].append(account)
        order = sorted(by_currency, key=lambda currency: (-len(by_currency[currency]), currency))
        days = self._days(accounts)
        return [self._group(currency, by_currency[currency], days[currency]) for currency in order]

    def settings(self, accounts: list[AdAccount]) -> set[str]:
        """How the ad sets of the period count conversions. Campaigns are only asked where an account has several."""
        shown = [self.spans.current]
        found = _settings(self._insights(accounts, shown))
        if attribution.is_several(found) and not self.question.narrows_campaigns:
            return _settings(self._insights(accounts, shown, by_campaign=True))
        return found

    def _days(self, accounts: list[AdAccount]) -> dict[str, Days]:
        """By currency."""
        days: dict[str, Days] = defaultdict(dict)
        columns = sums(self.question.attribution)
        insights = self._insights(accounts, self.spans.windows).values("account__currency", "day")
        brought = insights.annotate(**columns).order_by()
        for currency, day, *totals in brought.values_list("account__currency", "day", *columns):
            days[currency][day] = Totals(*totals)
        return days

    def _insights(
        self, accounts: list[AdAccount], periods: Iterable[Period], *, by_campaign: bool = False
    ) -> InsightQuerySet:
        """Account rows, or those of campaigns: these alone can say what only some of them brought."""
        insights: InsightQuerySet = Insight.objects.of(accounts).filter(_on_a_day_of(periods))
        if self.question.narrows_campaigns:
            return insights.at(Level.CAMPAIGN).filter(object_id__in=[row.meta_id for row in self.rows])
        return insights.at(Level.CAMPAIGN if by_campaign else Level.ACCOUNT)

    def _group(self, currency: str, accounts: list[AdAccount], days: Days) -> CurrencyGroup:
        spans = self.spans
        compared = spans.versus is not None and not self.held.lacking(accounts, spans.versus)
        rows = [row for row in self.rows if row.account.currency == currency]
        return CurrencyGroup(
            currency=currency,
            accounts=accounts,
            figures=Compared(
                _sum(days, spans.current),
                _sum(days, spans.complete),
                _sum(days, spans.before) if compared and spans.before else None,
            ),
            days=_within(days, spans.current),
            days_before=_within(days, spans.versus) if compared else {},
            campaigns=campaigns.ordered(
                [row for row in rows if row.delivered],
                self.question.sort,
                descending=self.question.descending,
            ),
            ended=[row for row in rows if not row.delivered],
            compared=compared,
        )


def _settings(insights: InsightQuerySet) -> set[str]:
    return set(insights.order_by().values_list("attribution_setting", flat=True).distinct())


def _on_a_day_of(periods: Iterable[Period]) -> Q:
    return reduce(or_, (Q(day__range=(period.since, period.until)) for period in periods))


def _within(days: Days, period: Period | None) -> Days:
    return {day: days[day] for day in period if day in days} if period else {}


def _sum(days: Days, period: Period | None) -> Totals:
    return sum_of(_within(days, period).values())
