"""Sums of what may be summed, and the ratios that follow from them."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from operator import attrgetter
from typing import Any, Self

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

ZERO = Decimal(0)

# What a query has to annotate, in the order of the fields of `Totals`.
SUMS = {
    "spend_sum": Sum("spend"),
    "impressions_sum": Sum("impressions"),
    "clicks_sum": Sum("clicks"),
    "purchases_sum": Coalesce(Sum("purchases"), ZERO),
    "value_sum": Coalesce(Sum("purchase_value"), ZERO),
    "rows_sum": Count("*"),
}


@dataclass(frozen=True, slots=True)
class Totals:
    """Money is in the one currency of the rows summed. Ratios are None where there is nothing to divide by."""

    spend: Decimal = ZERO
    impressions: int = 0
    clicks: int = 0
    purchases: Decimal = ZERO
    value: Decimal = ZERO
    rows: int = 0  # how many stored rows stand behind this; 0 means no delivery or no data, not zero

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.spend + other.spend,
            self.impressions + other.impressions,
            self.clicks + other.clicks,
            self.purchases + other.purchases,
            self.value + other.value,
            self.rows + other.rows,
        )

    @property
    def ctr(self) -> Decimal | None:
        """Clicks (all) per impression."""
        return _ratio(Decimal(self.clicks), Decimal(self.impressions))

    @property
    def cpp(self) -> Decimal | None:
        """Cost per purchase."""
        return _ratio(self.spend, self.purchases)

    @property
    def roas(self) -> Decimal | None:
        """Purchase value per money spent."""
        return _ratio(self.value, self.spend)

    @property
    def cpm(self) -> Decimal | None:
        """Cost of a thousand impressions."""
        return _ratio(self.spend * 1000, Decimal(self.impressions))


def _ratio(above: Decimal, below: Decimal) -> Decimal | None:
    return above / below if below else None


NOTHING = Totals()
_COLUMNS: list[tuple[Any, Any]] = [(attrgetter(column.name), column.default) for column in fields(Totals)]


def sum_of(parts: Iterable[Totals]) -> Totals:
    """Column by column: there may be many thousands."""
    parts = list(parts)
    return Totals(*(sum(map(column, parts), zero) for column, zero in _COLUMNS))


@dataclass(frozen=True)
class Metric:
    """One figure that a page shows. `better` is 1 where more is better, -1 where less is, 0 where neither."""

    name: str
    label: str
    unit: str  # money, count, percent, ratio
    better: int

    def of(self, totals: Totals) -> Decimal | int | None:
        return getattr(totals, self.name)  # type: ignore[no-any-return]

    @property
    def is_money(self) -> bool:
        """Whether it differs by currency and is never added or averaged across currencies."""
        return self.unit in {"money", "ratio"}


METRICS = {
    metric.name: metric
    for metric in (
        Metric("spend", "Spend", "money", 0),
        Metric("cpp", "Cost / purchase", "money", -1),
        Metric("roas", "ROAS", "ratio", 1),
        Metric("purchases", "Purchases", "count", 1),
        Metric("impressions", "Impressions", "count", 0),
        Metric("ctr", "CTR (all)", "percent", 1),
        Metric("cpm", "CPM", "money", -1),
    )
}
