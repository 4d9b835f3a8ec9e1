"""The client: rows, values and results out; hiccups waited out; everything else one of our errors.

Source: the Graph API page "Use the API".
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Self

import requests

from apps.graphapi import batching, listing, paging, pauses
from apps.graphapi.answers import Answer
from apps.graphapi.batching import Request, Result
from apps.graphapi.door import Door, Hook
from apps.graphapi.entries import Retry
from apps.graphapi.errors import GraphError
from apps.graphapi.limits import BATCH_MAX, GRAPH_URL, GRAPH_VERSION
from apps.graphapi.listing import Listed, Page
from apps.graphapi.pace import NoPace, Pace
from apps.graphapi.pauses import Pauses
from apps.graphapi.tokens import NewToken, TokenInfo, read_new_token, read_token_info


class Client:
    """Talks to the Graph API with one token.

        client = Client(token, app_secret=secret)
        for campaign in client.each("act_42/campaigns", fields=["id", "name"]):
            ...

    `token` may be empty for the login calls that need none. `app_secret` makes every call carry its proof.
    `timeout`: seconds to connect, and to wait for the next bytes. `clock` gives unix seconds. `retries` None:
    never ask again. `on_call` is told every attempt; a fault in it is logged and goes no further. `pace` decides
    whether a call may leave now; what it keeps back is a `PutOff`.
    Everything that can go wrong with a call is a `GraphError`; a wrong argument is a ValueError or TypeError.
    """

    def __init__(
        self,
        token: str,
        *,
        app_secret: str = "",
        base_url: str = GRAPH_URL,
        version: str = GRAPH_VERSION,
        session: requests.Session | None = None,
        timeout: tuple[float, float] = (5.0, 60.0),
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
        retries: Pauses | None = pauses.DEFAULT,
        on_call: Hook | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.version = version
        self._door = Door(
            token,
            app_secret=app_secret,
            base_url=base_url,
            version=version,
            session=session,
            timeout=timeout,
            clock=clock,
            on_call=on_call,
            pace=pace or NoPace(),
        )
        self._sleep = sleep
        self._pauses = retries or pauses.NONE

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless the session came from outside and may serve others."""
        self._door.close()

    def get(self, path: str, /, **params: Any) -> dict[str, Any]:
        """Read. Hiccups are waited out."""
        return self.request(Request("GET", path, params))

    def post(self, path: str, /, *, idempotent: bool = False, **params: Any) -> dict[str, Any]:
        """Write. Sent once, unless `idempotent` says that doing it twice does no harm."""
        return self.request(Request("POST", path, params, idempotent))

    def delete(self, path: str, /, *, idempotent: bool = False, **params: Any) -> dict[str, Any]:
        """Delete. Sent once, unless `idempotent`."""
        return self.request(Request("DELETE", path, params, idempotent))

    def each(self, path: str, /, *, limit: int = 100, **params: Any) -> Iterator[dict[str, Any]]:
        """Rows of a list; pages stay hidden. A page too heavy for Meta is asked again with a smaller limit.

        An error can come in the middle of the list: cursors do not keep, so start it again from the top.
        """
        return self.rows(Request("GET", path, params), limit=limit)

    def rows(self, request: Request, *, limit: int = 100) -> Iterator[Any]:
        """The same for a request, whose rows may stay raw."""
        size, trail = paging.PageSize(limit), paging.Trail(request.path)
        cursor: dict[str, str] | None = {}
        while cursor is not None:
            page = self._page(replace(request, params={**request.params, **cursor}), size)
            yield from trail.rows(page)
            cursor = trail.next(page)

    def batch(self, requests: Iterable[Request], *, size: int = BATCH_MAX) -> list[Result]:
        """One result for each request, in order; nothing is raised for one that failed.

        Any number of requests, `size` (at most 50) in a round trip. Each counts as a call with Meta. Members
        that met a hiccup, or were not finished in time, are asked again if that is safe.
        """
        asked = list(requests)
        answers: dict[int, Answer] = {}
        waiting = list(range(len(asked)))
        for attempt, pause in enumerate([*self._pauses, None], start=1):
            self._round(asked, waiting, answers, size=min(max(size, 1), BATCH_MAX), attempt=attempt)
            failed = [(i, error) for i in waiting if (error := answers[i].error) and asked[i].safe]
            again = [(i, error) for i, error in failed if self._worth(error, attempt)]
            if pause is None or not again:
                break
            waiting = [i for i, _ in again]
            self._sleep(max(pause, *(error.retry_after for _, error in again)))
        return [batching.result(answers[i]) for i in range(len(asked))]

    def answers(self, requests: Sequence[Request]) -> list[Result]:
        """One result for each request, as `batch` gives them; a single one goes without an envelope."""
        if len(requests) != 1:
            return self.batch(requests)
        try:
            return [Result(self.request(requests[0]))]
        except GraphError as error:
            return [Result(error=error, usage=error.usage, status=error.status)]

    def pages(
        self,
        requests: Iterable[Request],
        *,
        limit: int = 100,
        size: int = BATCH_MAX,
        is_wanted: Callable[[int], bool] = lambda place: True,
    ) -> Iterator[Page]:
        """Many lists at once, page by page: a batch asks the next page of up to `size` of them.

        As a list ends, the next request is drawn. Nothing is raised for a list that failed; `Page.error` says why.
        `is_wanted`: whether the list at this place among the requests is to be read on.
        """
        size = min(max(size, 1), BATCH_MAX)
        return listing.pages(requests, self.answers, limit=limit, size=size, is_wanted=is_wanted)

    def lists(
        self,
        requests: Iterable[Request],
        *,
        limit: int = 100,
        size: int = BATCH_MAX,
        most_rows: Callable[[int], int | None] = lambda place: None,
        most_held: int = 25_000,
    ) -> Iterator[tuple[int, Listed]]:
        """Many short lists at once: each as it ends, with its place among the requests.

        Nothing is raised for a list that failed. `most_rows` of the list at a place: one that goes on beyond ends with
        TooMuchData.
        `most_held`: rows of unfinished lists in memory, beyond which no new one is begun.
        """
        size = min(max(size, 1), BATCH_MAX)
        return listing.lists(
            requests, self.answers, limit=limit, size=size, most_rows=most_rows, most_held=most_held
        )

    def inspect_token(self, token: str) -> TokenInfo:
        """Meta's verdict on a token. Ask with an app token, or with a token of an admin of the same app."""
        return read_token_info(self.get("debug_token", input_token=token), secrets=(token,))

    def exchange_token(
        self, token: str, *, app_id: str, app_secret: str, sixty_days: bool = False
    ) -> NewToken:
        """A longer-lived token for one that still lives, which goes on working. Ask with a client without a token.

        `sixty_days`: how a system user's 60-day token is renewed. Whether the end really moved only `inspect_token`
        of the new one tells.
        """
        renewed = {"set_token_expires_in_60_days": True} if sixty_days else {}
        body = self.get(
            "oauth/access_token",
            grant_type="fb_exchange_token",
            client_id=app_id,
            client_secret=app_secret,
            fb_exchange_token=token,
            **renewed,
        )
        return read_new_token(body)

    def redeem_code(self, code: str, *, redirect_uri: str, app_id: str, app_secret: str) -> NewToken:
        """The token for a code of the login dialog. A code is good once: ask with a client that never asks again.

        `redirect_uri`: the very one that the dialog was given.
        """
        body = self.get(
            "oauth/access_token",
            client_id=app_id,
            client_secret=app_secret,
            redirect_uri=redirect_uri,
            code=code,
        )
        return read_new_token(body)

    def revoke_token(self, token: str, *, app_id: str, app_secret: str) -> None:
        """End one token of a system user. Ask with it, or with another one of the same app."""
        asked = {"client_id": app_id, "client_secret": app_secret, "revoke_token": token}
        self.get("oauth/revoke", **asked)

    def request(
        self, request: Request, *, give_up: Callable[[GraphError], bool] = lambda error: False
    ) -> dict[str, Any]:
        """Send one request, again after a hiccup if that is safe. `give_up`: errors not to be waited out."""
        for attempt, pause in enumerate([*self._pauses, None], start=1):
            answer = self._door.ask(request, attempt)
            error = answer.error
            if error is None:
                break
            if pause is None or not request.safe or give_up(error) or not self._worth(error, attempt):
                raise error
            self._sleep(max(pause, error.retry_after))
        value: dict[str, Any] = answer.value
        return value

    def _worth(self, error: GraphError, attempt: int) -> bool:
        """Whether to ask again after so many attempts. A wait longer than our pauses is the caller's."""
        if error.retry_after > self._pauses.longest:
            return False
        return error.entry.retry is Retry.SOON or (error.entry.retry is Retry.ONCE and attempt == 1)

    def _page(self, request: Request, size: paging.PageSize) -> dict[str, Any]:
        """One page, with as small a limit as Meta can bear; after a hiccup not without a pause."""
        while True:
            sized = replace(request, params={**request.params, "limit": size.now})
            try:
                page = self.request(sized, give_up=size.can_shrink_for)
            except GraphError as error:
                if not size.can_shrink_for(error):
                    raise
                pause = self._pauses.seconds(size.shrunk) if error.transient else 0.0
                size.shrink_for(error)
            else:
                size.page_came()
                return page
            if pause:
                self._sleep(pause)

    def _round(
        self,
        asked: Sequence[Request],
        waiting: Sequence[int],
        answers: dict[int, Answer],
        *,
        size: int,
        attempt: int,
    ) -> None:
        """Ask those waiting, `size` at a time. What refuses a whole batch for good is spared the rest."""
        for start in range(0, len(waiting), size):
            chunk = waiting[start : start + size]
            got = self._door.ask_together([asked[i] for i in chunk], attempt)
            answers.update(zip(chunk, got, strict=True))
            if batching.refused_for_good(got[-1].error):
                answers.update(dict.fromkeys(waiting[start + size :], got[-1]))
                return
