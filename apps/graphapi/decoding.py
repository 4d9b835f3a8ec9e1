"""JSON as Meta sends it."""

import json
from typing import Any

import msgspec

# What msgspec is too strict for: half an emoji, NaN, numbers beyond a float, other encodings.
TOO_STRICT = (msgspec.MsgspecError, UnicodeDecodeError)

_ANYTHING = msgspec.json.Decoder()


class _List(msgspec.Struct):
    """A page of a list, its rows as the bytes that came."""

    data: list[msgspec.Raw]
    paging: Any = None
    error: Any = None


_LIST = msgspec.json.Decoder(_List)


def decode(body: bytes | msgspec.Raw) -> Any:
    """The value. What msgspec is too strict for is read by the standard library.

    Raises ValueError, or RecursionError where it is nested too deeply.
    """
    try:
        return _ANYTHING.decode(body)
    except TOO_STRICT:
        return json.loads(bytes(body))


def decode_list(body: bytes) -> Any:
    """The same, but the rows under `data` stay as they came (`msgspec.Raw`) for who reads many of one shape.

    What is no plain list is read whole. Raises as `decode`; what is wrong inside a row comes out when that is read.
    """
    try:
        page = _LIST.decode(body)
    except TOO_STRICT:
        return decode(body)
    return {"data": page.data, "paging": page.paging, "error": page.error}
