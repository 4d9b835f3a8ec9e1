"""Which days a report is about: presets, ranges and increments, all in the account's own days."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from .errors import fault, invalid
from .wire import Request

Period = tuple[int, int]  # first and last day, as ordinals
MAX_MONTHS = 37
UNIQUE_MONTHS = 13


def months_back(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def _last(days: int) -> Callable[[date], tuple[date, date]]:
    return lambda today: (today - timedelta(days), today - timedelta(1))


def _monday(today: date) -> date:
    return today - timedelta(today.weekday())


def _sunday(today: date) -> date:
    return today - timedelta((today.weekday() + 1) % 7)


def _quarter(today: date) -> date:
    return date(today.year, (today.month - 1) // 3 * 3 + 1, 1)


def _last_month(today: date) -> tuple[date, date]:
    end = today.replace(day=1) - timedelta(1)
    return end.replace(day=1), end


def _last_quarter(today: date) -> tuple[date, date]:
    end = _quarter(today) - timedelta(1)
    return _quarter(end), end


def _ever(today: date) -> tuple[date, date]:
    return months_back(today, MAX_MONTHS), today


PRESETS: dict[str, Callable[[date], tuple[date, date]]] = {
    "today": lambda today: (today, today),
    "yesterday": _last(1),
    "this_week_mon_today": lambda today: (_monday(today), today),
    "this_week_sun_today": lambda today: (_sunday(today), today),
    "last_week_mon_sun": lambda today: (_monday(today) - timedelta(7), _monday(today) - timedelta(1)),
    "last_week_sun_sat": lambda today: (_sunday(today) - timedelta(7), _sunday(today) - timedelta(1)),
    "this_month": lambda today: (today.replace(day=1), today),
    "last_month": _last_month,
    "this_quarter": lambda today: (_quarter(today), today),
    "last_quarter": _last_quarter,
    "this_year": lambda today: (date(today.year, 1, 1), today),
    "last_year": lambda today: (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    "last_3d": _last(3),
    "last_7d": _last(7),
    "last_14d": _last(14),
    "last_28d": _last(28),
    "last_30d": _last(30),
    "last_90d": _last(90),
    "maximum": _ever,
    "data_maximum": _ever,
}


def read_periods(request: Request, today: date) -> list[Period]:
    """The stretches of days that each become one set of rows."""
    several = request.json("time_ranges")
    if several is not None:
        if not isinstance(several, list) or not several:
            raise invalid("param time_ranges must be a non-empty array.")
        return [_range(item, f"time_ranges[{n}]", today) for n, item in enumerate(several)]
    single = request.json("time_range")
    if single is not None:
        whole = _range(single, "time_range", today)
    else:
        whole = _preset(request.params.get("date_preset") or "last_30d", today)
    return _steps(whole, request.params.get("time_increment") or "all_days")


def _preset(name: str, today: date) -> Period:
    if name not in PRESETS:
        raise invalid(f"date_preset must be one of the following values: {', '.join(PRESETS)}")
    since, until = PRESETS[name](today)
    return since.toordinal(), until.toordinal()


def _range(given: Any, name: str, today: date) -> Period:
    if not isinstance(given, dict) or not {"since", "until"} <= given.keys():
        raise invalid(f"param {name} must have the keys since and until.")
    since, until = (_date(given[key], f"{name}[{key}]") for key in ("since", "until"))
    if since > until:
        raise invalid(f"param {name}: the since date must not be after the until date.")
    if since < months_back(today, MAX_MONTHS):
        raise fault(
            "(#3018) The start date of the time range cannot be beyond 37 months from the current date",
            3018,
        )
    return since.toordinal(), until.toordinal()


def _date(text: Any, name: str) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise invalid(f"param {name} must be a date in the format YYYY-MM-DD.") from None


def _steps(whole: Period, increment: str) -> list[Period]:
    since, until = whole
    if increment == "all_days":
        return [whole]
    if increment == "monthly":
        return _by_month(since, until)
    if not increment.isdigit() or not 1 <= int(increment) <= 90:
        raise invalid("param time_increment must be an integer between 1 and 90, monthly or all_days.")
    step = int(increment)
    return [(day, min(day + step - 1, until)) for day in range(since, until + 1, step)]


def _by_month(since: int, until: int) -> list[Period]:
    found = []
    while since <= until:
        day = date.fromordinal(since)
        end = day.replace(day=calendar.monthrange(day.year, day.month)[1]).toordinal()
        found.append((since, min(end, until)))
        since = end + 1
    return found
