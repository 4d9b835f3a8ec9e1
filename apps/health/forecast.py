"""When an allowance is used up at the pace at which it fills. Values only."""

from datetime import datetime, timedelta

# What fills faster than this line can be told from rounding.
LEAST_RISE = 1.0
LEAST_TIME = timedelta(minutes=1)
# Nothing was told for so long: whoever spent it has stopped.
STOPPED = timedelta(minutes=10)


def used_up_at(
    *,
    level: float,
    climb_from: float,
    climb_at: datetime,
    told: float,
    told_at: datetime,
    now: datetime,
    horizon: timedelta,
) -> datetime | None:
    """When 100 % are reached if it goes on like since `climb_at`; None where it does not rise, or not so far.

    `level`: percent used now; `told`: what Meta said at `told_at`. Beyond the `horizon` nothing is foretold: by then
    what was spent before the climb has come back.
    """
    rise, took = told - climb_from, told_at - climb_at
    if level >= 100 or rise < LEAST_RISE or took < LEAST_TIME or now - told_at > STOPPED:
        return None
    left = (100 - level) / rise * took
    return now + left if left <= horizon else None
