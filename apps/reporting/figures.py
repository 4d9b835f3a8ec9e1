"""Sums of what may be summed, and the ratios that follow from them."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import reduce
from operator import add, attrgetter
from typing import Any, Self

from django.db.models import Case, Count, Sum, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import Exact

from .attribution import Attribution
from .fields import ExactDecimalField
from .models import PURCHASE_TYPES

ZERO = Decimal(0)


def sums(attribution: Attribution) -> dict[str, Any]:
    """What a query has to annotate, in the order of the fields of `Totals`."""
    purchases, value = (
        (_by_window("action_windows", attribution), _by_window("action_value_windows", attribution))
        if attribution.windows
        else (Coalesce(Sum("purchases"), ZERO), Coalesce(Sum("purchase_value"), ZERO))
    )
    return {
        "spend_sum": Sum("spend"),
        "impressions_sum": Sum("impressions"),
        "clicks_sum": Sum("clicks"),
        "purchases_sum": purchases,
        "value_sum": value,
        "rows_sum": Count("*"),
    }


def _by_window(column: str, attribution: Attribution) -> Any:
    """The purchases of these windows; null where one of the rows was fetched without windows."""
    found = Coalesce(*[KeyTransform(kind, column) for kind in PURCHASE_TYPES])
    numbers = [
        Coalesce(Cast(KeyTextTransform(window, found), ExactDecimalField()), ZERO)
        for window in attribution.windows
    ]
    all_known = Exact(Count(column), Count("*"))
    summed = When(condition=all_known, then=Sum(reduce(add, numbers)))
    return Case(summed, output_field=ExactDecimalField(null=True))


@dataclass(frozen=True, slots=True)
class Totals:
    """Money is in the one currency of the rows summed. Ratios are None where there is nothing to divide by.

    Purchases and their value are None where they are not known of all rows, by the windows that were chosen.
    """

    spend: Decimal = ZERO
    impressions: int = 0
    clicks: int = 0
    purchases: Decimal | None = ZERO
    value: Decimal | None = ZERO
    rows: int = 0  # how many stored rows stand behind this; 0 means no delivery or no data, not zero

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.spend + other.spend,
            self.impressions + other.impressions,
            self.clicks + other.clicks,
            _plus(self.purchases, other.purchases),
            _plus(self.value, other.value),
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


def _ratio(above: Decimal | None, below: Decimal | None) -> Decimal | None:
    return above / below if below and above is not None else None


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other


NOTHING = Totals()
_COLUMNS: list[tuple[Any, Any]] = [(attrgetter(column.name), column.default) for column in fields(Totals)]


def sum_of(parts: Iterable[Totals]) -> Totals:
    """Column by column: there may be many thousands."""
    parts = list(parts)
    return Totals(*(_sum([column(part) for part in parts], zero) for column, zero in _COLUMNS))


def _sum(values: list[Any], zero: Any) -> Any:
    return None if any(value is None for value in values) else sum(values, zero)


@dataclass(frozen=True)
class Metric:
    """One figure that a page shows. `better` is 1 where more is better, -1 where less is, 0 where neither."""

    name: str
    label: str
    unit: str  # money, count, percent, ratio
    better: int
    attributed: bool = False  # counts purchases, and so depends on the attribution

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
        Metric("cpp", "Cost / purchase", "money", -1, attributed=True),
        Metric("roas", "ROAS", "ratio", 1, attributed=True),
        Metric("purchases", "Purchases", "count", 1, attributed=True),
        Metric("impressions", "Impressions", "count", 0),
        Metric("ctr", "CTR (all)", "percent", 1),
        Metric("cpm", "CPM", "money", -1),
    )
}
