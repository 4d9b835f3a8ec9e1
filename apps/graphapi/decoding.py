"""JSON as Meta sends it."""

import json
from typing import Any

import orjson


def decode(body: bytes) -> Any:
    """The value. What orjson is too strict for (half an emoji, NaN, other encodings) is read by the standard library.

    Raises ValueError, or RecursionError where it is nested too deeply.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body)
