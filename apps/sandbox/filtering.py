"""The `filtering` parameter: a list of field, operator, value; all of them must hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import invalid
from .wire import Request

Test = Callable[[Any, Any], bool]


def _numbers(compare: Callable[[float, float], bool]) -> Test:
    return lambda have, want: compare(float(have), float(want))


def _text(value: Any) -> str:
    return str(value).casefold()


def _within(have: Any, want: Any) -> bool:
    return float(want[0]) < float(have) < float(want[1])


TESTS: dict[str, Test] = {
    "EQUAL": lambda have, want: str(have) == str(want),
    "NOT_EQUAL": lambda have, want: str(have) != str(want),
    "IN": lambda have, want: str(have) in [str(item) for item in want],
    "NOT_IN": lambda have, want: str(have) not in [str(item) for item in want],
    "ANY": lambda have, want: str(have) in [str(item) for item in want],
    "NONE": lambda have, want: str(have) not in [str(item) for item in want],
    "CONTAIN": lambda have, want: _text(want) in _text(have),
    "NOT_CONTAIN": lambda have, want: _text(want) not in _text(have),
    "CONTAINS_ANY": lambda have, want: any(_text(item) in _text(have) for item in want),
    "NOT_CONTAINS_ANY": lambda have, want: not any(_text(item) in _text(have) for item in want),
    "CONTAINS_ALL": lambda have, want: all(_text(item) in _text(have) for item in want),
    "STARTS_WITH": lambda have, want: _text(have).startswith(_text(want)),
    "ENDS_WITH": lambda have, want: _text(have).endswith(_text(want)),
    "GREATER_THAN": _numbers(lambda have, want: have > want),
    "GREATER_THAN_OR_EQUAL": _numbers(lambda have, want: have >= want),
    "LESS_THAN": _numbers(lambda have, want: have < want),
    "LESS_THAN_OR_EQUAL": _numbers(lambda have, want: have <= want),
    "AFTER": _numbers(lambda have, want: have > want),
    "BEFORE": _numbers(lambda have, want: have < want),
    "ON_OR_AFTER": _numbers(lambda have, want: have >= want),
    "ON_OR_BEFORE": _numbers(lambda have, want: have <= want),
    "IN_RANGE": _within,
    "NOT_IN_RANGE": lambda have, want: not _within(have, want),
}
LISTS = frozenset(["IN", "NOT_IN", "ANY", "NONE", "CONTAINS_ANY", "NOT_CONTAINS_ANY", "CONTAINS_ALL"])
PAIRS = frozenset({"IN_RANGE", "NOT_IN_RANGE"})
LEVELS = ("campaign", "adset", "ad", "adgroup")


@dataclass(frozen=True)
class Condition:
    """`level` is what stood before the dot, or None."""

    level: str | None
    field: str
    operator: str
    value: Any

    def holds(self, have: Any) -> bool:
        try:
            return TESTS[self.operator](have, self.value)
        except (TypeError, ValueError):
            raise invalid(f"Invalid filtering value for {self.field}") from None


def read_filtering(request: Request) -> list[Condition]:
    given = request.json("filtering", [])
    if not isinstance(given, list):
        raise invalid("param filtering must be an array.")
    return [_condition(item) for item in given]


def _condition(item: Any) -> Condition:
    if not isinstance(item, dict) or not {"field", "operator"} <= item.keys():
        raise invalid("param filtering[0] must have field and operator.")
    operator, value = str(item["operator"]).upper(), item.get("value")
    if operator not in TESTS:
        raise invalid(f"Param filtering[0][operator] must be one of {{{', '.join(TESTS)}}}")
    if operator in LISTS and not isinstance(value, list):
        value = [value]
    if operator in PAIRS and not (isinstance(value, list) and len(value) == 2):
        raise invalid(f"Filtering operator {operator} needs two values.")
    level, dot, field = str(item["field"]).rpartition(".")
    if dot and level not in LEVELS:
        raise invalid(f"Filtering field {item['field']} is invalid.")
    return Condition((level or None), field, operator, value)
