"""Turns what Meta answered into plain values, and refuses what would make a number wrong."""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw
from msgspec.structs import astuple, fields

from apps.connections.values import clean
from apps.graphapi.decoding import TOO_STRICT, decode

from .attribution import WINDOWS

# A row as an answer gives it: its bytes, or already an object.
Row = Raw | dict[str, Any]


class Unreadable(Exception):
    """Meta answered something that can not be stored as a number of that day. Nothing was changed."""


ID_FIELDS = {"campaign": ["campaign_id"], "adset": ["campaign_id", "adset_id"],
             "ad": ["campaign_id", "adset_id", "ad_id"], "account": []}  # fmt: skip

# Beyond these a number is no count or amount of anything, and reading it could fill the memory.
_LARGEST, _FINEST = Decimal(10**18), -40
# A number as Meta writes nearly all of them, within those bounds whatever it says.
_DIGITS = 18
_PLAIN = re.compile(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,20})?").fullmatch
LONGEST_ID, LONGEST_SEGMENT = 32, 400  # as wide as the columns


class InsightRow(NamedTuple):
    """One row of an insights answer: one object, one day, perhaps one segment of a breakdown.

    Numbers are their digits, as Meta wrote them.
    """

    day: date
    level: str
    object_id: str
    segment: str
    campaign_id: str
    adset_id: str
    ad_id: str
    name: str
    currency: str
    impressions: str
    clicks: str
    inline_link_clicks: str
    spend: str
    reach: str | None
    frequency: str | None
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
    raw: Row,
    *,
    account_id: str,
    currency: str,
    level: str,
    breakdown: str,
    since: date,
    until: date,
) -> InsightRow:
    """One row as Meta writes it (numbers as strings, no key without a value). Raises Unreadable."""
    told = _told(raw, level, breakdown)
    # Values come again in row after row, so nearly all of it is looked up.
    day = _day(told.date_start, told.date_stop, since, until)
    its_account, campaign_id, adset_id, ad_id, name, its_currency, setting = _texts(
        level, told.account_id, told.campaign_id, told.adset_id, told.ad_id, told.name, told.account_currency,
        told.attribution_setting,
    )  # fmt: skip
    if its_account and its_account != account_id:
        raise Unreadable(
            f"Meta answered with numbers of ad account {its_account:.40} when asked about {account_id}."
        )
    actions, action_windows = _by_type("actions", told.actions)
    action_values, action_value_windows = _by_type("action_values", told.action_values)
    return InsightRow(
        day,
        level,
        ad_id or adset_id or campaign_id or account_id,
        _segment(breakdown, *[getattr(told, part) for part in _parts(breakdown)]) if breakdown else "",
        campaign_id,
        adset_id,
        ad_id,
        name,
        its_currency or currency,
        _whole("impressions", told.impressions) or "0",
        _whole("clicks", told.clicks) or "0",
        _whole("inline_link_clicks", told.inline_link_clicks) or "0",
        _number("spend", told.spend) or "0",
        _whole("reach", told.reach),
        _number("frequency", told.frequency),
        actions,
        action_values,
        setting,
        action_windows,
        action_value_windows,
    )


# How a row is written: texts, and two arrays whose entries come again in many rows.
_TEXTS = (
    "date_start", "account_id", "account_currency", "campaign_id", "adset_id", "ad_id",
    "attribution_setting", "impressions", "clicks", "inline_link_clicks", "spend", "reach", "frequency",
)  # fmt: skip
_ARRAYS = ("actions", "action_values")


@lru_cache(64)
def _shape(level: str, breakdown: str) -> tuple[Any, Any, dict[str, str]]:
    """Reads a row that is written like that, much faster than any JSON; what it is read into; Meta's names of it."""
    text: Any = str | None
    made: list[tuple[str, Any, Any]] = [
        *((name, text, None) for name in (*_TEXTS, "name", *_parts(breakdown))),
        ("date_stop", text | msgspec.UnsetType, msgspec.UNSET),
        *((name, list[Raw] | None, None) for name in _ARRAYS),
    ]
    shape = msgspec.defstruct("Told", made, rename={"name": f"{level}_name"}, gc=False)
    return msgspec.json.Decoder(shape).decode, shape, {one.encode_name: one.name for one in fields(shape)}


def _told(raw: Row, level: str, breakdown: str) -> Any:
    read_as, shape, names = _shape(level, breakdown)
    if type(raw) is Raw:
        try:
            return read_as(raw)
        except TOO_STRICT:
            raw = _long_way(raw)
    known = {names[name]: value for name, value in raw.items() if name in names}
    return shape(**{name: value if name in _ARRAYS else _flat(value) for name, value in known.items()})


def _long_way(raw: Raw) -> dict[str, Any]:
    """A row with numbers that are no texts, say."""
    try:
        told = decode(raw)
    except (ValueError, RecursionError) as error:
        raise Unreadable("Meta sent a row that is no JSON.") from error
    if not isinstance(told, dict):
        raise Unreadable("Meta sent a row that is no object.")
    return told


def _flat(value: Any) -> Any:
    """Lists and objects as their text."""
    return str(value) if isinstance(value, list | dict) else value


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
    if last is not msgspec.UNSET and str(last) != day.isoformat():
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
    return breakdown.split(",") if breakdown else []


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


def _number(field: str, value: Any) -> str | None:
    """Its digits. A zero keeps its decimals: 0.00 stays 0.00."""
    if value is None or value == "":
        return None
    if type(value) is str and _PLAIN(value):
        return value
    return f"{_decimal(field, value):f}"


def _decimal(field: str, value: Any) -> Decimal:
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


def _whole(field: str, value: Any) -> str | None:
    if type(value) is str and value.isdigit() and len(value) <= _DIGITS and value.isascii():
        return value
    if value is None or value == "":
        return None
    number = _decimal(field, value)
    if number != number.to_integral_value():
        raise Unreadable(f"Meta sent {field} as {number}, which is no whole number.")
    if number < 0:
        raise Unreadable(f"Meta sent {field} as {number}, which is below zero.")
    return str(int(number))


class _Action(NamedTuple):
    """One entry of an action array: its digits, and the members of the two objects that it becomes."""

    kind: str
    digits: list[str]  # the value's, then each window's, empty where it is zero
    total: str  # empty where only windows count it
    windows: str  # empty where every window is zero


_NO_ACTION = _Action("", [], "", "")
# Those read last, by their bytes: few differ in all of an answer.
_actions: dict[bytes, _Action] = {}
_MOST_ACTIONS = 16_384
_NUMBERS = ("value", *WINDOWS)
_ENTRY = msgspec.json.Decoder(
    msgspec.defstruct(
        "Entry",
        [("action_type", str | None, None), *((f"n{n}", str | None, None) for n in range(len(_NUMBERS)))],
        rename={f"n{n}": name for n, name in enumerate(_NUMBERS)},
        gc=False,
    )
)
_WINDOW_NAMES = [f'"{window}":' for window in WINDOWS]
_text, _quoted = lru_cache(1024, typed=True)(clean), lru_cache(1024)(json.dumps)


def _by_type(field: str, entries: Any) -> tuple[str, str]:
    """An action array as two JSON objects, digits kept as they came: action type to number, and to its windows."""
    if not entries:
        return "{}", "{}"
    if not isinstance(entries, list):
        raise Unreadable(f"Meta sent {field} in an unknown form.")
    found: dict[str, _Action] = {}
    for entry in entries:
        if type(entry) is Raw:
            written = bytes(entry)
            action = _actions.get(written) or _read_entry(written, is_seldom_new=field == "actions")
        else:
            action = _action(entry)
        kind = action[0]
        if kind in found:
            found[kind] = _together(found[kind], action)
        elif kind:
            found[kind] = action
    # Written by hand so that 812.40 stays 812.40: json would go through a float.
    totals = ",".join([action[2] for action in found.values() if action[2]])
    windows = ",".join([action[3] for action in found.values() if action[3]])
    return f"{{{totals}}}", f"{{{windows}}}"


def _read_entry(written: bytes, *, is_seldom_new: bool) -> _Action:
    """Sums of money are hardly ever the same again: they would push the counts out."""
    try:
        action = _checked(*astuple(_ENTRY.decode(written)))
    except TOO_STRICT:
        try:
            action = _action(decode(written))
        except (ValueError, RecursionError) as error:
            raise Unreadable("Meta sent an action that is no JSON.") from error
    if is_seldom_new:
        if len(_actions) >= _MOST_ACTIONS:
            _actions.clear()
        _actions[written] = action
    return action


def _action(entry: Any) -> _Action:
    if not isinstance(entry, dict):
        return _NO_ACTION
    return _checked(_flat(entry.get("action_type")), *[entry.get(name) for name in _NUMBERS])


def _checked(kind: Any, value: Any, *windows: Any) -> _Action:
    kind = _text(kind)
    if not kind:
        return _NO_ACTION
    last = _digits("value", value)
    digits = [last]
    for window, number in zip(WINDOWS, windows, strict=True):
        if number is None:
            digits.append("")
            continue
        if number != last:  # mostly it is the same number again
            last = _digits(window, number)
        digits.append("" if _is_zero(last) else last)
    return _written(kind, digits)


def _digits(name: str, value: Any) -> str:
    if type(value) is str and _PLAIN(value):
        return value
    return _number(name, value) or "0"


def _is_zero(number: str) -> bool:
    return not number.strip("-0.")


def _written(kind: str, digits: list[str]) -> _Action:
    quoted = _quoted(kind)
    windows = ",".join(
        [name + number for name, number in zip(_WINDOW_NAMES, digits[1:], strict=True) if number]
    )
    # Where the ad set's own setting counts nothing, Meta only lists the type because a window does.
    total = "" if windows and _is_zero(digits[0]) else f"{quoted}:{digits[0]}"
    return _Action(kind, digits, total, f"{quoted}:{{{windows}}}" if windows else "")


def _together(one: _Action, other: _Action) -> _Action:
    """The same type twice: both count."""
    pairs = zip(one.digits, other.digits, strict=True)
    sums = [f"{Decimal(mine or 0) + Decimal(its or 0):f}" for mine, its in pairs]
    return _written(one.kind, [sums[0], *("" if _is_zero(number) else number for number in sums[1:])])
