"""One HTTP exchange: bounded in time and size, without redirects, with the token in a header.

Failures come back as a `Reply` with a `trouble`; the HTTP library's own errors carry whole URLs, so none of
them may travel on, not even as the cause of ours.
"""

import logging
import time
from collections.abc import Mapping

import requests
import urllib3
from requests.auth import AuthBase

from apps.graphapi.answers import MAX_BYTES, Reply
from apps.graphapi.scrub import SCRUB_FILTER

LONGEST_ANSWER = 300.0  # seconds for one answer to arrive, however steadily it drips
_PIECE = 256 * 1024


class Bearer(AuthBase):
    """Puts the token in the `Authorization` header; also keeps a `.netrc` file from replacing it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def quiet_library_log() -> None:
    """urllib3 logs URLs with their query at debug level: take the secrets out."""
    logging.getLogger("urllib3.connectionpool").addFilter(SCRUB_FILTER)


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    query: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    auth: AuthBase,
    timeout: tuple[float, float],
) -> Reply:
    """Send one request and read its answer. Never raises for trouble on the way."""
    try:
        with session.request(
            method,
            url,
            params=query,
            data=form,
            headers={"Accept": "application/json"},
            auth=auth,
            timeout=timeout,
            allow_redirects=False,
            stream=True,
        ) as response:
            return _read(response)
    except (OSError, urllib3.exceptions.HTTPError) as problem:  # requests' errors are OSErrors
        return Reply(status=None, trouble=type(problem).__name__)


def _read(response: requests.Response) -> Reply:
    body, trouble = bytearray(), ""
    deadline = time.monotonic() + LONGEST_ANSWER
    try:
        while len(body) <= MAX_BYTES and (piece := response.raw.read1(_PIECE, decode_content=True)):
            body += piece
            if time.monotonic() > deadline:
                trouble = f"took longer than {LONGEST_ANSWER:.0f} s"
                break
    except (OSError, urllib3.exceptions.HTTPError) as problem:
        trouble = type(problem).__name__
    return Reply(
        status=response.status_code,
        headers=response.headers,
        body=bytes(body[:MAX_BYTES]),
        trouble=trouble,
        oversize=len(body) > MAX_BYTES,
    )
