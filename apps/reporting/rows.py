"""Turns what Meta answered into plain values, and refuses what would make a number wrong."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any


class Unreadable(Exception):
    """Meta answered something that can not be stored as a number of that day. Nothing was changed."""


ID_FIELDS = {"campaign": ["campaign_id"], "adset": ["campaign_id", "adset_id"],
             "ad": ["campaign_id", "adset_id", "ad_id"], "account": []}  # fmt: skip


@dataclass(frozen=True, slots=True)
class InsightRow:
    """One row of an insights answer: one object, one day, perhaps one segment of a breakdown."""

    day: date
    level: str
    object_id: str
    segment: str
    campaign_id: str
    adset_id: str
    ad_id: str
    name: str
    currency: str
    impressions: int
    clicks: int
    inline_link_clicks: int
    spend: Decimal
    reach: int | None
    frequency: Decimal | None
    actions: str  # JSON object: action type to number
    action_values: str

    @property
    def key(self) -> tuple[date, str, str, str]:
        return self.day, self.level, self.object_id, self.segment


def read(
    raw: dict[str, Any],
    *,
    account_id: str,
    currency: str,
    level: str,
    breakdown: str,
    since: date,
    until: date,
) -> InsightRow:
    """One row as Meta writes it (numbers as strings, no key without a value). Raises Unreadable."""
    day = _day(raw, since, until)
    ids = {field: _identity(raw, field, level) for field in ID_FIELDS[level]}
    told = str(raw.get("account_id") or account_id).removeprefix("act_")
    if told != account_id:
        raise Unreadable(f"Meta answered with numbers of ad account {told} when asked about {account_id}.")
    return InsightRow(
        day=day,
        level=level,
        object_id=ids.get(f"{level}_id", account_id),
        segment=",".join(clean(raw.get(part)) for part in breakdown.split(",")) if breakdown else "",
        campaign_id=ids.get("campaign_id", ""),
        adset_id=ids.get("adset_id", ""),
        ad_id=ids.get("ad_id", ""),
        name=clean(raw.get(f"{level}_name"))[:1000],
        currency=clean(raw.get("account_currency") or currency)[:3],
        impressions=_whole(raw, "impressions") or 0,
        clicks=_whole(raw, "clicks") or 0,
        inline_link_clicks=_whole(raw, "inline_link_clicks") or 0,
        spend=_or_zero(_number(raw, "spend")),
        reach=_whole(raw, "reach"),
        frequency=_number(raw, "frequency"),
        actions=_by_type(raw, "actions"),
        action_values=_by_type(raw, "action_values"),
    )


def clean(value: Any) -> str:
    """Text as the database takes it: everything but the NUL character."""
    return "" if value is None else str(value).replace("\x00", "")


def moment(value: Any) -> datetime | None:
    """Meta's `2026-11-02T09:15:00-0800`, or None."""
    try:
        return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None


def whole(value: Any) -> int | None:
    """A count or an amount in minor units, given as digits; None when there is none."""
    try:
        return int(str(value))
    except ValueError:
        return None


def _day(raw: dict[str, Any], since: date, until: date) -> date:
    try:
        day = date.fromisoformat(str(raw.get("date_start")))
    except ValueError as error:
        raise Unreadable(
            f"Meta sent a row without a readable date_start ({raw.get('date_start')!r:.40})."
        ) from error
    if str(raw.get("date_stop", day)) != day.isoformat():
        raise Unreadable(
            f"Meta sent one row for {day} to {raw['date_stop']!s:.10} when asked for single days."
        )
    if not since <= day <= until:
        raise Unreadable(f"Meta sent a row of {day} when asked for {since} to {until}.")
    return day


def _identity(raw: dict[str, Any], field: str, level: str) -> str:
    value = clean(raw.get(field))
    if not value:
        raise Unreadable(f"Meta sent a row of level {level} without {field}.")
    return value


def _number(raw: dict[str, Any], field: str) -> Decimal | None:
    value = raw.get(field)
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise Unreadable(f"Meta sent {field} as {value!r:.40}, which is no number.") from error
    if not number.is_finite():
        raise Unreadable(f"Meta sent {field} as {value!r:.40}, which is no number.")
    return number


def _or_zero(number: Decimal | None) -> Decimal:
    """Zero only for what is not there: a zero keeps its decimals, 0.00 stays 0.00."""
    return Decimal(0) if number is None else number


def _whole(raw: dict[str, Any], field: str) -> int | None:
    number = _number(raw, field)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise Unreadable(f"Meta sent {field} as {number}, which is no whole number.")
    return int(number)


def _by_type(raw: dict[str, Any], field: str) -> str:
    """An action array as a JSON object, action type to number, digits kept as they came."""
    entries = raw.get(field) or []
    if not isinstance(entries, Iterable) or isinstance(entries, str | dict):
        raise Unreadable(f"Meta sent {field} in an unknown form.")
    totals: dict[str, Decimal] = {}
    for entry in entries:
        kind = clean(entry.get("action_type")) if isinstance(entry, dict) else ""
        if kind:
            totals[kind] = totals.get(kind, Decimal(0)) + _or_zero(_number(entry, "value"))
    # Written by hand so that 812.40 stays 812.40: json would go through a float.
    return "{" + ",".join(f"{json.dumps(kind)}:{value:f}" for kind, value in totals.items()) + "}"
