"""Python values as Graph API parameters.

Source: the Graph API page "Use the API": lists and objects are JSON text inside a parameter; lists of plain
names may be comma lists.
"""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

COMMA_LISTS = frozenset(
    {
        "fields",
        "breakdowns",
        "action_breakdowns",
        "summary_action_breakdowns",
        "ids",
        "scope",
        "subscribed_fields",
    }
)
"""Parameters that take a list of plain names as `a,b`; every other list is sent as JSON."""


def encode(params: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as they travel. None leaves a parameter out; booleans are `true` and `false`."""
    return {name: _text(name, value) for name, value in params.items() if value is not None}


def _text(name: str, value: Any) -> str:
    if isinstance(value, list | tuple | set | frozenset) and name in COMMA_LISTS:
        return ",".join(str(_plain(item)) for item in value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return compact(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(_plain(value))


def compact(value: Any) -> str:
    """JSON without blanks; dates as ISO text, decimals as text, sets in order."""
    return json.dumps(value, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case set() | frozenset():
            return sorted(value)
        case Mapping():
            return dict(value)
        case str() | int() | float():
            return value
    raise TypeError(f"A {type(value).__name__} cannot be a Graph API parameter.")
