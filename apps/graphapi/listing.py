"""Many lists read side by side, a page of each at a time. Pure: asks nothing itself."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from apps.graphapi import paging, paths
from apps.graphapi.batching import Request, Result
from apps.graphapi.errors import GraphError, TooMuchData


@dataclass(frozen=True)
class Page:
    """One page of the list at this `place` among those asked for. `ends`: its last one; with `error`, cut short."""

    place: int
    rows: list[Any]
    ends: bool
    error: GraphError | None = None


@dataclass
class Listed:
    """One of several lists: its rows, or the error that ended it (then the rows are not all); pages asked for."""

    rows: list[Any] = field(default_factory=list)
    error: GraphError | None = None
    pages: int = 0


Ask = Callable[[Sequence[Request]], list[Result]]
"""A round trip: one result for each request, in order."""


def pages(
    requests: Iterable[Request],
    ask: Ask,
    *,
    limit: int,
    size: int,
    most_rows: Callable[[int], int | None] = lambda place: None,
    may_begin: Callable[[], bool] = lambda: True,
    is_wanted: Callable[[int], bool] = lambda place: True,
) -> Iterator[Page]:
    """Pages as they come, of up to `size` lists at a time: as one ends, the next request is drawn.

    `most_rows` of the list at a place: one that goes on beyond these ends with TooMuchData. `may_begin`: whether one
    more list may be begun now; there is always one. `is_wanted`: whether the list at a place is still to be read on.
    """
    coming = enumerate(requests)
    open_: list[_Reading] = []
    while True:
        open_ = [one for one in open_ if is_wanted(one.place)]
        while len(open_) < size and (not open_ or may_begin()):
            drawn = next(coming, None)
            if drawn is None:
                break
            open_.append(_Reading(*drawn, limit, most_rows(drawn[0])))
        if not open_:
            return
        results = ask([one.question() for one in open_])
        going, open_ = open_, []
        for one, result in zip(going, results, strict=True):
            page = one.take(result)
            if page is None or not page.ends:
                open_.append(one)
            if page is not None:
                yield page


def lists(
    requests: Iterable[Request],
    ask: Ask,
    *,
    limit: int,
    size: int,
    most_rows: Callable[[int], int | None],
    most_held: int,
) -> Iterator[tuple[int, Listed]]:
    """Whole lists, each with its place, as they end. No new one is begun while `most_held` rows are waiting."""
    held: dict[int, Listed] = {}

    def may_begin() -> bool:
        return sum(len(one.rows) for one in held.values()) < most_held

    for page in pages(requests, ask, limit=limit, size=size, most_rows=most_rows, may_begin=may_begin):
        listed = held.setdefault(page.place, Listed())
        listed.rows += page.rows
        listed.error = page.error
        listed.pages += 1
        if page.ends:
            yield page.place, held.pop(page.place)


class _Reading:
    """One list on the way from its first page to its last."""

    def __init__(self, place: int, request: Request, limit: int, most_rows: int | None) -> None:
        self.place, self._request, self._most = place, request, most_rows
        self._size, self._trail = paging.PageSize(limit), paging.Trail(request.path)
        self._cursor: dict[str, str] | None = {}
        self._rows = 0

    def question(self) -> Request:
        params = {**self._request.params, "limit": self._size.now, **(self._cursor or {})}
        return replace(self._request, params=params)

    def take(self, result: Result) -> Page | None:
        """The page in an answer; None where a lighter one has to be asked for."""
        try:
            body = result.unwrap()
            rows = self._trail.rows(body)
            self._cursor = self._trail.next(body)
        except GraphError as error:
            if not self._size.can_shrink_for(error):
                return Page(self.place, [], ends=True, error=error)
            self._size.shrink_for(error)
            return None
        self._size.page_came()
        self._rows += len(rows)
        goes_on = self._cursor is not None
        if goes_on and self._most is not None and self._rows >= self._most:
            return Page(self.place, [], ends=True, error=self._too_long())
        return Page(self.place, rows, ends=not goes_on)

    def _too_long(self) -> TooMuchData:
        return TooMuchData(
            f"The list goes on beyond {self._most} rows", method="GET", path=paths.pattern(self._request.path)
        )
