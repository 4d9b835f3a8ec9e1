"""The arithmetic behind the gauges: forecasts and percentiles, for whatever values."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.health import forecast, latency
from apps.health.latency import BUCKETS
from apps.health.models.calls import LATENCY_ENDS

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def used_up(level=76.0, told=76.0, climb_from=40.0, climbed=20, ago=0, horizon=HOUR):
    """`climbed`: minutes that the climb took; `ago`: minutes since Meta spoke."""
    told_at = NOW - timedelta(minutes=ago)
    return forecast.used_up_at(
        level=level, told=told, climb_from=climb_from, climb_at=told_at - timedelta(minutes=climbed),
        told_at=told_at, now=NOW, horizon=horizon,
    )  # fmt: skip


def test_the_pace_goes_on_as_it_was():
    # From 40 to 76 in 20 minutes is 1.8 a minute; 24 are left.
    assert used_up() == NOW + timedelta(minutes=24 / 1.8)


@pytest.mark.parametrize(
    "case",
    [
        {"climb_from": 76.0},  # it stands
        {"climb_from": 90.0},  # it falls
        {"climb_from": 75.5},  # less than rounding
        {"climbed": 0},  # one figure is no pace
        {"ago": 11},  # whoever spent it has stopped
        {"level": 100.0, "told": 103.0},  # it is used up
        {"climbed": 600},  # the hour rolls on before
    ],
)
def test_where_nothing_can_be_foretold_nothing_is(case):
    assert used_up(**case) is None


percents = st.floats(0, 150, allow_nan=False)


@given(percents, percents, percents, st.integers(0, 300), st.integers(0, 60))
def test_a_forecast_lies_ahead_and_within_its_horizon(level, told, climb_from, climbed, ago):
    at = used_up(level=level, told=told, climb_from=climb_from, climbed=climbed, ago=ago)

    assert at is None or NOW <= at <= NOW + HOUR


@given(st.floats(0, 70), st.floats(0, 70), st.integers(1, 120))
def test_what_climbs_faster_is_used_up_no_later(slow, fast, climbed):
    slow, fast = sorted((slow, fast), reverse=True)  # from where it began
    ends = [used_up(climb_from=start, climbed=climbed) for start in (slow, fast)]

    assert ends[0] is None or (ends[1] is not None and ends[1] <= ends[0])


# --- percentiles -----------------------------------------------------------------------------------

histograms = st.lists(st.integers(0, 1000), min_size=BUCKETS, max_size=BUCKETS)
shares = st.floats(0, 1)


def test_without_round_trips_there_is_no_percentile():
    assert latency.percentile([0] * BUCKETS, 0.95) is None


def test_a_percentile_is_read_off_straight_lines_inside_a_bucket():
    counts = [0] * BUCKETS
    counts[2] = 100  # between 100 and 250 ms

    assert latency.percentile(counts, 0.5) == 175
    assert latency.percentile(counts, 1) == 250


def test_in_the_open_bucket_it_is_at_least_its_lower_end():
    assert latency.percentile([0] * (BUCKETS - 1) + [7], 0.5) == LATENCY_ENDS[-1]


@given(histograms, shares, shares)
def test_percentiles_grow_with_the_share(counts, one, other):
    low, high = (latency.percentile(counts, share) for share in sorted((one, other)))

    assert (low is None and high is None) or 0 <= low <= high <= LATENCY_ENDS[-1]


@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=60), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_lies_in_the_bucket_of_the_true_one(milliseconds, share):
    counts, ends = [0] * BUCKETS, [0, *LATENCY_ENDS]
    for took in milliseconds:
        counts[next(n for n, end in enumerate(LATENCY_ENDS) if took <= end)] += 1
    true = sorted(milliseconds)[max(0, -(-len(milliseconds) * share // 1).__trunc__() - 1)]
    bucket = next(n for n, end in enumerate(LATENCY_ENDS) if true <= end)

    assert ends[bucket] <= latency.percentile(counts, share) <= ends[bucket + 1]


@given(st.lists(histograms, max_size=5))
def test_histograms_are_added_column_by_column(several):
    assert latency.together(several) == [sum(column) for column in zip([0] * BUCKETS, *several, strict=True)]
