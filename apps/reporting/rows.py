"""Turns what Meta answered into plain values, and refuses what would make a number wrong."""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from apps.connections.values import clean

from .attribution import WINDOWS


class Unreadable(Exception):
    """Meta answered something that can not be stored as a number of that day. Nothing was changed."""


ID_FIELDS = {"campaign": ["campaign_id"], "adset": ["campaign_id", "adset_id"],
             "ad": ["campaign_id", "adset_id", "ad_id"], "account": []}  # fmt: skip

_NAME_FIELDS = {level: f"{level}_name" for level in ID_FIELDS}

_ARRAYS = ("actions", "action_values")
_ABSENT = object()
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
    attribution_setting: str = ""
    # JSON object: action type to window to number, zeros left out.
    action_windows: str = "{}"
    action_value_windows: str = "{}"

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
    try:
        return _read(raw, account_id, currency, level, breakdown, since, until)
    except TypeError:
        return _read(_flat(raw), account_id, currency, level, breakdown, since, until)


def _read(
    raw: dict[str, Any], account_id: str, currency: str, level: str, breakdown: str, since: date, until: date
) -> InsightRow:
    """Values come again in row after row, so nearly all of it is looked up (TypeError: what can not be)."""
    get = raw.get
    day = _day(get("date_start"), get("date_stop", _ABSENT), since, until)
    told, campaign_id, adset_id, ad_id, name, its_currency, setting = _texts(
        level, get("account_id"), get("campaign_id"), get("adset_id"), get("ad_id"), get(_NAME_FIELDS[level]),
        get("account_currency"), get("attribution_setting"),
    )  # fmt: skip
    if told and told != account_id:
        raise Unreadable(
            f"Meta answered with numbers of ad account {told:.40} when asked about {account_id}."
        )
    actions, action_windows = _by_type(raw, "actions")
    action_values, action_value_windows = _by_type(raw, "action_values")
    return InsightRow(
        day,
        level,
        ad_id or adset_id or campaign_id or account_id,
        _segment(breakdown, *[get(part) for part in _parts(breakdown)]) if breakdown else "",
        campaign_id,
        adset_id,
        ad_id,
        name,
        its_currency or currency,
        _whole("impressions", get("impressions")) or 0,
        _whole("clicks", get("clicks")) or 0,
        _whole("inline_link_clicks", get("inline_link_clicks")) or 0,
        _or_zero(_number("spend", get("spend"))),
        _whole("reach", get("reach")),
        _number("frequency", get("frequency")),
        actions,
        action_values,
        setting,
        action_windows,
        action_value_windows,
    )


def _flat(raw: dict[str, Any]) -> dict[str, Any]:
    """Lists and objects as their text, but for the action arrays."""
    return {
        name: str(value) if isinstance(value, list | dict) and name not in _ARRAYS else value
        for name, value in raw.items()
    }


def moment(value: Any) -> datetime | None:
    """Meta's `2026-11-02T09:15:00-0800`, or None."""
    try:
        return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# What a row is made of, each read once for all rows that have the same.


@lru_cache(1024, typed=True)
def _day(first: Any, last: Any, since: date, until: date) -> date:
    try:
        day = date.fromisoformat(str(first))
    except ValueError as error:
        raise Unreadable(f"Meta sent a row without a readable date_start ({first!r:.40}).") from error
    if last is not _ABSENT and str(last) != day.isoformat():
        raise Unreadable(f"Meta sent one row for {day} to {last!r:.40} when asked for single days.")
    if not since <= day <= until:
        raise Unreadable(f"Meta sent a row of {day} when asked for {since} to {until}.")
    return day


@lru_cache(4096, typed=True)
def _texts(
    level: str, account: Any, campaign: Any, adset: Any, ad: Any, name: Any, currency: Any, setting: Any
) -> tuple[str, ...]:
    """Its account, the ids of its object and of those above it, the name, the currency, the setting."""
    given = {"campaign_id": campaign, "adset_id": adset, "ad_id": ad}
    ids = [_identity(level, field, given[field]) for field in ID_FIELDS[level]]
    return (
        clean(account or "").removeprefix("act_"),
        *ids,
        *[""] * (len(given) - len(ids)),
        clean(name)[:1000],
        clean(currency or "")[:3],
        clean(setting)[:100],
    )


def _identity(level: str, field: str, value: Any) -> str:
    text = clean(value)
    if not 0 < len(text) <= LONGEST_ID:
        raise Unreadable(f"Meta sent a row of level {level} without {field}, or with one that is none.")
    return text


@lru_cache(64)
def _parts(breakdown: str) -> list[str]:
    return breakdown.split(",")


@lru_cache(4096, typed=True)
def _segment(breakdown: str, *values: Any) -> str:
    """What the row is of the breakdown. Rows without it would all count as one."""
    if None in values:
        part = _parts(breakdown)[values.index(None)]
        raise Unreadable(f"Meta sent a row without {part} when asked to break down by {breakdown}.")
    segment = ",".join([clean(value) for value in values])
    if len(segment) > LONGEST_SEGMENT:
        raise Unreadable(f"Meta sent a row whose {breakdown} is longer than {LONGEST_SEGMENT} characters.")
    return segment


def _number(field: str, value: Any) -> Decimal | None:
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


def _whole(field: str, value: Any) -> int | None:
    if type(value) is str and value.isdigit() and len(value) <= _DIGITS and value.isascii():
        return int(value)
    number = _number(field, value)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise Unreadable(f"Meta sent {field} as {number}, which is no whole number.")
    if number < 0:
        raise Unreadable(f"Meta sent {field} as {number}, which is below zero.")
    return int(number)


class _Action(NamedTuple):
    """One entry of an action array: its digits by name, and the members of the two objects that it becomes."""

    kind: str
    digits: dict[str, str]
    total: str  # empty where only windows count it
    windows: str  # empty where every window is zero


_Entry = dict[str, Any]
# Those read last, by their keys and values: few differ in all of an answer.
_actions: dict[tuple[Any, ...], _Action] = {}
_MOST_ACTIONS = 16_384


def _by_type(raw: dict[str, Any], field: str) -> tuple[str, str]:
    """An action array as two JSON objects, digits kept as they came: action type to number, and to its windows."""
    entries = raw.get(field)
    if not entries:
        return "{}", "{}"
    if not isinstance(entries, list):
        raise Unreadable(f"Meta sent {field} in an unknown form.")
    found: dict[str, _Action] = {}
    for entry in entries:
        if type(entry) is dict:
            try:
                action = _actions.get((*entry, *entry.values())) or _remember(entry)
            except TypeError:  # a list in it, which can not be looked up
                action = _action(_flat(entry))
            kind = action[0]
            if kind in found:
                found[kind] = _together(found[kind], action)
            elif kind:
                found[kind] = action
    # Written by hand so that 812.40 stays 812.40: json would go through a float.
    totals = ",".join([action[2] for action in found.values() if action[2]])
    windows = ",".join([action[3] for action in found.values() if action[3]])
    return f"{{{totals}}}", f"{{{windows}}}"


def _remember(entry: _Entry) -> _Action:
    action = _action(entry)
    # Only texts: a number equals others that are written differently, and true equals 1.
    if {*map(type, entry.values())} == {str}:
        if len(_actions) >= _MOST_ACTIONS:
            _actions.clear()
        _actions[*entry, *entry.values()] = action
    return action


def _action(entry: _Entry) -> _Action:
    kind = _text(entry.get("action_type"))
    if not kind:
        return _NO_ACTION
    digits = {"value": _digits("value", entry.get("value"))}
    for window in WINDOWS:
        if window in entry:
            number = _digits(window, entry[window])
            if not _is_zero(number):
                digits[window] = number
    return _written(kind, digits)


def _digits(name: str, value: Any) -> str:
    if type(value) is str and _PLAIN(value):
        return value
    return f"{_or_zero(_number(name, value)):f}"


def _is_zero(number: str) -> bool:
    return not number.strip("-0.")


def _written(kind: str, digits: dict[str, str]) -> _Action:
    quoted = _quoted(kind)
    windows = ",".join([f'"{name}":{number}' for name, number in digits.items() if name != "value"])
    # Where the ad set's own setting counts nothing, Meta only lists the type because a window does.
    total = "" if windows and _is_zero(digits["value"]) else f"{quoted}:{digits['value']}"
    return _Action(kind, digits, total, f"{quoted}:{{{windows}}}" if windows else "")


def _together(one: _Action, other: _Action) -> _Action:
    """The same type twice: both count."""
    sums = {
        name: Decimal(one.digits.get(name, "0")) + Decimal(other.digits.get(name, "0"))
        for name in one.digits | other.digits
    }
    return _written(one.kind, {name: f"{number:f}" for name, number in sums.items()})


_text, _quoted = lru_cache(1024, typed=True)(clean), lru_cache(1024)(json.dumps)


_NO_ACTION = _Action("", {}, "", "")
