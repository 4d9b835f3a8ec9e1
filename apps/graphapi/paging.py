"""Following a list from page to page. Pure: a page's body in, rows and the next cursor out.

Source: the Graph API page "Paginated Results". A page may be short, even empty, and still have a successor:
only the absence of `paging.next` ends a list. `next` itself is never followed: it can carry the token, and
it names a host.
"""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from msgspec import Raw

from apps.graphapi import codes_requests, paths
from apps.graphapi.errors import BadAnswer, GraphError, TooMuchData

CURSOR_PARAMS = ("after", "offset", "page", "__paging_token", "__after_id", "since", "until")
"""The only parameters ever taken out of a `next` address."""


class Trail:
    """The way through one list. Remembers where it has been, so that a circle becomes an error."""

    def __init__(self, path: str) -> None:
        self._pattern = paths.pattern(path)
        self._seen: set[frozenset[tuple[str, str]]] = set()

    def rows(self, page: dict[str, Any]) -> list[Any]:
        """The rows of a page; BadAnswer when the answer is not a page."""
        data = page.get("data")
        if not isinstance(data, list) or not all(isinstance(row, dict | Raw) for row in data):
            raise self._broken("The answer is not a page of rows")
        return data

    def next(self, page: dict[str, Any]) -> dict[str, str] | None:
        """Parameters that lead to the next page, None after the last; BadAnswer when there is no way on."""
        paging = page.get("paging")
        if not isinstance(paging, dict) or not paging.get("next"):
            return None
        cursor = _after(paging.get("cursors")) or _from_address(paging["next"])
        if not cursor:
            raise self._broken("The next page has no cursor")
        if frozenset(cursor.items()) in self._seen:
            raise self._broken("Paging came back to a page it had given before")
        self._seen.add(frozenset(cursor.items()))
        return cursor

    def _broken(self, finding: str) -> BadAnswer:
        return BadAnswer(finding, entry=codes_requests.BROKEN_PAGING, method="GET", path=self._pattern)


class PageSize:
    """The `limit` of a list: halved when a page is too heavy, never below 1.

    After a plain "too much data" the list stays at the smaller size; after an overload, which may pass, it
    grows back page by page. Smaller pages mean more calls.
    """

    def __init__(self, limit: int) -> None:
        self.now = self._most = max(1, limit)
        self.shrunk = 0  # times in a row

    def can_shrink_for(self, error: GraphError) -> bool:
        """Whether the error asks for a smaller page, and there is one."""
        return self.now > 1 and error.entry.lighter_page

    def shrink_for(self, error: GraphError) -> None:
        """Halve."""
        self.now = max(1, self.now // 2)
        self.shrunk += 1
        if isinstance(error, TooMuchData):
            self._most = self.now

    def page_came(self) -> None:
        """Grow back, as far as the list allows."""
        self.now, self.shrunk = min(self._most, self.now * 2), 0


def _after(cursors: Any) -> dict[str, str]:
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return {"after": after} if isinstance(after, str) and after else {}


def _from_address(address: Any) -> dict[str, str]:
    try:
        query = parse_qsl(urlsplit(address).query) if isinstance(address, str) else []
    except ValueError:
        return {}
    return {name: text for name, text in query if name in CURSOR_PARAMS}
