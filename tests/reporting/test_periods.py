"""Spans of days, what they are compared with, and which of their days are over."""

from datetime import timedelta

import pytest

from apps.reporting.periods import LONGEST, PRESETS, Period, preset

from .factories import TODAY, day, span


@pytest.mark.parametrize(
    ("name", "since", "until"),
    [
        ("today", "11-23", "11-23"),
        ("yesterday", "11-22", "11-22"),
        ("7d", "11-17", "11-23"),
        ("14d", "11-10", "11-23"),
        ("28d", "10-27", "11-23"),
        ("90d", "08-26", "11-23"),
        ("month", "11-01", "11-23"),
        ("last-month", "10-01", "10-31"),
    ],
)
def test_named_periods_end_today_unless_their_name_says_otherwise(name, since, until):
    assert preset(name, TODAY) == span(since, until)


def test_every_named_period_is_one_that_a_page_can_show():
    for name in PRESETS:
        assert 1 <= preset(name, TODAY).length <= LONGEST


@pytest.mark.parametrize(
    ("today", "month", "last_month"),
    [
        ("2026-01-01", ("2026-01-01", "2026-01-01"), ("2025-12-01", "2025-12-31")),
        ("2026-03-31", ("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28")),
        ("2028-03-01", ("2028-03-01", "2028-03-01"), ("2028-02-01", "2028-02-29")),
    ],
)
def test_months_begin_on_their_first_day_and_end_on_their_own_last(today, month, last_month):
    assert preset("month", day(today)) == span(*month)
    assert preset("last-month", day(today)) == span(*last_month)


def test_a_leap_day_is_a_day():
    assert preset("yesterday", day("2028-03-01")) == span("2028-02-29", "2028-02-29")
    assert span("2028-02-28", "2028-03-01").length == 3
    assert list(span("2028-02-28", "2028-03-01"))[1] == day("2028-02-29")


def test_both_ends_belong_to_a_period():
    week = span("11-02", "11-08")

    assert week.length == 7
    assert len(list(week)) == 7
    assert week.since in week and week.until in week
    assert week.since - timedelta(days=1) not in week and week.until + timedelta(days=1) not in week


def test_the_period_before_is_as_long_and_ends_where_this_one_begins():
    assert span("11-02", "11-08").compared_with("previous") == span("10-26", "11-01")
    assert span("11-02", "11-02").compared_with("previous") == span("11-01", "11-01")


def test_last_year_has_the_same_weekdays():
    week = span("11-02", "11-08")

    last_year = week.compared_with("year")

    assert last_year == span("2025-11-03", "2025-11-09")
    assert [one.weekday() for one in last_year] == [one.weekday() for one in week]


def test_the_longest_period_never_overlaps_last_year():
    period = Period.ending(TODAY, LONGEST)

    assert period.compared_with("year").until < period.since


def test_a_period_may_be_compared_with_nothing():
    assert span("11-02", "11-08").compared_with("none") is None


@pytest.mark.parametrize(
    ("today", "over"),
    [
        ("11-08", ("11-02", "11-07")),
        ("11-09", ("11-02", "11-08")),
        ("12-01", ("11-02", "11-08")),
        ("11-03", ("11-02", "11-02")),
    ],
)
def test_days_are_over_when_the_next_one_has_begun(today, over):
    assert span("11-02", "11-08").over_by(day(today)) == span(*over)


@pytest.mark.parametrize("today", ["11-02", "11-01"])
def test_a_period_that_has_just_begun_has_no_day_that_is_over(today):
    assert span("11-02", "11-08").over_by(day(today)) is None
