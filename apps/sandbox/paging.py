"""Pages and cursors. A cursor names a place in the order, so it survives what comes and goes around it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from .call import Call
from .errors import GraphFault, fault

Item = TypeVar("Item")
Place = tuple[Any, ...]
DEFAULT_LIMIT = 25
GAP = "!"  # ends a cursor behind an empty page, so that the next page goes on


def page_of(
    call: Call,
    items: Sequence[Item],
    place: Callable[[int, Item], Place],
    limit: int,
    path: str | None = None,
) -> tuple[Sequence[Item], dict[str, Any]]:
    """The page the request asks for, and its `paging` object. `items` come sorted by `place`."""
    places = [place(n, item) for n, item in enumerate(items)]
    if not places:
        return [], {}
    start, stop, gap = _bounds(call, places, limit)
    before = places[min(start, len(places) - 1)]
    after = places[stop - 1] if stop else before
    cursors = {"before": _write(before), "after": _write(after, GAP if gap else "")}
    paging: dict[str, Any] = {"cursors": cursors}
    if stop < len(places):
        paging["next"] = _link(call, path, after=cursors["after"])
    if start > 0:
        paging["previous"] = _link(call, path, before=cursors["before"])
    return items[start:stop], paging


def _bounds(call: Call, places: list[Place], limit: int) -> tuple[int, int, bool]:
    """First and one past the last item of the page, and whether the page is an empty one in the middle."""
    total, size = len(places), limit
    short = call.state.settings.short_pages
    if short:
        size = max(1, min(limit, total) * 2 // 3)
    after, before = call.request.params.get("after"), call.request.params.get("before")
    if before and not after:
        place, _ = _read(before, places[0])
        stop = sum(other < place for other in places)
        return max(0, stop - size), stop, False
    start, seen_gap = 0, False
    if after:
        place, seen_gap = _read(after, places[0])
        start = sum(other <= place for other in places)
    if short and start == size and start < total and not seen_gap:
        return start, start, True
    return start, min(start + size, total), False


def _write(place: Place, ending: str = "") -> str:
    text = ":".join(str(part) for part in place) + ending
    text += " " * (-len(text.encode()) % 3)  # so that base64 needs no padding
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read(cursor: str, like: Place) -> tuple[Place, bool]:
    """The place of a cursor, and whether it stands behind an empty page."""
    try:
        text = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().rstrip(" ")
        parts = text.removesuffix(GAP).split(":")
        place = tuple(type(kind)(part) for part, kind in zip(parts, like, strict=True))
    except (binascii.Error, ValueError):
        raise _invalid_cursor() from None
    return place, text.endswith(GAP)


def _invalid_cursor() -> GraphFault:
    return fault("Invalid cursors values", 2642)


def _link(call: Call, path: str | None, **cursor: str) -> str:
    """The full address of another page. Like Meta's, it repeats the token when that was a parameter."""
    left_out = ("after", "before", "appsecret_proof", "appsecret_time", "method")
    kept = {name: value for name, value in call.request.params.items() if name not in left_out}
    return f"{call.base_url}/{path or call.request.path}?{urlencode(kept | cursor)}"
