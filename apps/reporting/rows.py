"""Turns what Meta answered into plain values, and refuses what would make a number wrong."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from apps.connections.values import clean


class Unreadable(Exception):
    """Meta answered something that can not be stored as a number of that day. Nothing was changed."""


ID_FIELDS = {"campaign": ["campaign_id"], "adset": ["campaign_id", "adset_id"],
             "ad": ["campaign_id", "adset_id", "ad_id"], "account": []}  # fmt: skip

_NAME_FIELDS = {level: f"{level}_name" for level in ID_FIELDS}

# Beyond these a number is no count or amount of anything, and reading it could fill the memory.
_LARGEST, _FINEST = Decimal(10**18), -40
# A number as Meta writes nearly all of them, within those bounds whatever it says.
_DIGITS = 18
_PLAIN = re.compile(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,20})?").fullmatch
LONGEST_ID, LONGEST_SEGMENT = 32, 400  # as wide as the columns


class InsightRow(NamedTuple):
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
    ids = [_identity(raw, field, level) for field in ID_FIELDS[level]]
    told = _text(raw.get("account_id") or account_id).removeprefix("act_")
    if told != account_id:
        raise Unreadable(
            f"Meta answered with numbers of ad account {told:.40} when asked about {account_id}."
        )
    return InsightRow(
        day,
        level,
        ids[-1] if ids else account_id,
        _segment(raw, breakdown) if breakdown else "",
        ids[0] if ids else "",
        ids[1] if len(ids) > 1 else "",
        ids[2] if len(ids) > 2 else "",
        _text(raw.get(_NAME_FIELDS[level]))[:1000],
        _text(raw.get("account_currency") or currency)[:3],
        _whole(raw, "impressions") or 0,
        _whole(raw, "clicks") or 0,
        _whole(raw, "inline_link_clicks") or 0,
        _or_zero(_number(raw, "spend")),
        _whole(raw, "reach"),
        _number(raw, "frequency"),
        _by_type(raw, "actions"),
        _by_type(raw, "action_values"),
    )


def moment(value: Any) -> datetime | None:
    """Meta's `2026-11-02T09:15:00-0800`, or None."""
    try:
        return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(1024)
def _date(text: str) -> date:
    return date.fromisoformat(text)


def _day(raw: dict[str, Any], since: date, until: date) -> date:
    first, last = raw.get("date_start"), raw.get("date_stop")
    try:
        day = _date(str(first))
    except ValueError as error:
        raise Unreadable(f"Meta sent a row without a readable date_start ({first!r:.40}).") from error
    if str(raw.get("date_stop", day)) != day.isoformat():
        raise Unreadable(f"Meta sent one row for {day} to {last!r:.40} when asked for single days.")
    if not since <= day <= until:
        raise Unreadable(f"Meta sent a row of {day} when asked for {since} to {until}.")
    return day


def _identity(raw: dict[str, Any], field: str, level: str) -> str:
    value = _text(raw.get(field))
    if not 0 < len(value) <= LONGEST_ID:
        raise Unreadable(f"Meta sent a row of level {level} without {field}, or with one that is none.")
    return value


def _segment(raw: dict[str, Any], breakdown: str) -> str:
    """What the row is of the breakdown. Rows without it would all count as one."""
    values = [raw.get(part) for part in breakdown.split(",")]
    if None in values:
        part = breakdown.split(",")[values.index(None)]
        raise Unreadable(f"Meta sent a row without {part} when asked to break down by {breakdown}.")
    segment = ",".join([_text(value) for value in values])
    if len(segment) > LONGEST_SEGMENT:
        raise Unreadable(f"Meta sent a row whose {breakdown} is longer than {LONGEST_SEGMENT} characters.")
    return segment


def _number(raw: dict[str, Any], field: str) -> Decimal | None:
    value = raw.get(field)
    if value is None or value == "":
        return None
    if type(value) is str and _PLAIN(value):
        return Decimal(value)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise Unreadable(f"Meta sent {field} as {value!r:.40}, which is no number.")
    if number.copy_abs() >= _LARGEST:
        raise Unreadable(f"Meta sent {field} as {value!r:.40}, which is too large to be true.")
    if int(number.as_tuple().exponent) < _FINEST:
        raise Unreadable(f"Meta sent {field} as {value!r:.40}, with more decimals than there are.")
    return number


def _or_zero(number: Decimal | None) -> Decimal:
    """Zero only for what is not there: a zero keeps its decimals, 0.00 stays 0.00."""
    return Decimal(0) if number is None else number


def _whole(raw: dict[str, Any], field: str) -> int | None:
    value = raw.get(field)
    if type(value) is str and value.isascii() and value.isdigit() and len(value) <= _DIGITS:
        return int(value)
    number = _number(raw, field)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise Unreadable(f"Meta sent {field} as {number}, which is no whole number.")
    if number < 0:
        raise Unreadable(f"Meta sent {field} as {number}, which is below zero.")
    return int(number)


def _by_type(raw: dict[str, Any], field: str) -> str:
    """An action array as a JSON object, action type to number, digits kept as they came."""
    entries = raw.get(field) or []
    if not isinstance(entries, Iterable) or isinstance(entries, str | dict):
        raise Unreadable(f"Meta sent {field} in an unknown form.")
    texts = _plain_by_type(entries)
    if texts is not None:
        return "{" + ",".join([f"{kind}:{value}" for kind, value in texts.items()]) + "}"
    totals: dict[str, Decimal] = {}
    for entry in entries:
        kind = clean(entry.get("action_type")) if isinstance(entry, dict) else ""
        if kind:
            totals[kind] = totals.get(kind, Decimal(0)) + _or_zero(_number(entry, "value"))
    # Written by hand so that 812.40 stays 812.40: json would go through a float.
    return "{" + ",".join(f"{json.dumps(kind)}:{value:f}" for kind, value in totals.items()) + "}"


def _plain_by_type(entries: Iterable[Any]) -> dict[str, str] | None:
    """The same where all is as usual: each type once, with a plain number."""
    texts: dict[str, str] = {}
    for entry in entries:
        if type(entry) is not dict:
            return None
        kind, value = entry.get("action_type"), entry.get("value")
        if type(kind) is not str or not kind or type(value) is not str or not _is_plain(value):
            return None
        quoted = _quoted(kind)
        if quoted in texts or quoted == '""':
            return None
        texts[quoted] = value
    return texts


@lru_cache(8192)
def _is_plain(text: str) -> bool:
    return len(text) < 40 and _PLAIN(text) is not None


@lru_cache(1024)
def _quoted(kind: str) -> str:
    return json.dumps(clean(kind))


_remembered = lru_cache(4096)(clean)


def _text(value: Any) -> str:
    """Clean text; short ones, which come again in row after row, are remembered."""
    return _remembered(value) if type(value) is str and len(value) < 200 else clean(value)
