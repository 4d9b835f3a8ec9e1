"""Sums of what may be summed; ratios never divide by zero."""

from decimal import Decimal

import pytest

from apps.reporting.figures import METRICS, NOTHING, Totals, sum_of
from apps.reporting.performance import Compared, all_of

from .factories import totals


def test_ratios_come_from_sums_and_not_from_ratios():
    small, large = totals("10", purchases="1", value="10"), totals("90", purchases="3", value="390")

    both = small + large

    assert both.roas == Decimal(4)
    assert both.cpp == Decimal(25)
    assert both.ctr == Decimal("0.02")
    assert both.cpm == Decimal(50)


@pytest.mark.parametrize("metric", ["ctr", "cpp", "roas", "cpm"])
def test_without_anything_to_divide_by_there_is_no_ratio(metric):
    assert METRICS[metric].of(NOTHING) is None


def test_zero_is_a_number_where_there_is_something_to_divide_by():
    assert totals(purchases="0", value="0").roas == 0
    assert totals(clicks=0).ctr == 0
    assert totals(purchases="0").cpp is None


def test_money_keeps_every_digit():
    assert sum_of([totals("0.1"), totals("0.2"), totals("1000000000000.003")]).spend == Decimal(
        "1000000000000.303"
    )


def test_many_are_summed_as_two_are():
    parts = [totals("1.5", impressions=n, clicks=1, purchases="2", value="7") for n in range(5)]

    together = parts[0] + parts[1] + parts[2] + parts[3] + parts[4]

    assert sum_of(iter(parts)) == together
    assert together.rows == 5


def test_the_sum_of_nothing_is_nothing():
    assert sum_of([]) == NOTHING == Totals()
    assert isinstance(sum_of([]).spend, Decimal)


def test_growth_is_of_complete_days_only():
    figures = Compared(current=totals("150"), complete=totals("120"), before=totals("100"))

    assert figures.growth("spend") == Decimal("0.2")


@pytest.mark.parametrize(
    "figures",
    [
        Compared(totals(), totals(), None),
        Compared(totals(), totals(), NOTHING),
        Compared(totals(), NOTHING, totals(value="0")),
        Compared(totals(), totals("0", value="0"), totals()),
    ],
    ids=["nothing to compare with", "nothing before", "zero before", "no spend now"],
)
def test_growth_is_unknown_rather_than_infinite(figures):
    assert figures.roas_growth is None


def test_parts_are_comparable_together_only_if_each_is():
    known, unknown = Compared(totals(), totals(), totals("5")), Compared(totals(), totals(), None)

    assert all_of([known, known]).before.spend == 10
    assert all_of([known, unknown]).before is None
    assert all_of([known, unknown]).current.spend == 20
    assert all_of([]) == Compared()


def test_money_and_ratios_of_money_differ_by_currency_and_counts_do_not():
    assert {name for name, metric in METRICS.items() if metric.is_money} == {"spend", "cpp", "roas", "cpm"}
