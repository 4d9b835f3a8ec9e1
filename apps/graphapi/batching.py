"""Batches: requests into one form, one answer into as many answers. Pure, no I/O.

Source: the Graph API page "Batch Requests". There is no path for batches: the form goes to the versioned
root. Every member counts as one call. A member that is null was not finished in time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from apps.graphapi import codes_limits, params, paths
from apps.graphapi.answers import Answer, Asked, Reply, read_answer
from apps.graphapi.catalogue import classify
from apps.graphapi.errors import GraphError
from apps.graphapi.usage import Usage

PATTERN = "batch"  # how the envelope is named in a `Call`
_QUERY_METHODS = ("GET", "DELETE")
_BATCH_TIMEOUT = 960


@dataclass(frozen=True)
class Request:
    """One request. `path` without version; `idempotent`: doing it twice does no more than doing it once.

    `raw_rows`: rows of a list as the bytes that Meta sent (`msgspec.Raw`); dicts where it is no plain list.
    """

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    idempotent: bool = False
    raw_rows: bool = False

    @property
    def safe(self) -> bool:
        """Whether it may be sent again when nobody knows what became of the first one."""
        return self.method.upper() == "GET" or self.idempotent

    @property
    def in_query(self) -> bool:
        """Whether its parameters travel in the query rather than in a form."""
        return self.method.upper() in _QUERY_METHODS


@dataclass(frozen=True)
class Result:
    """What became of one member of a batch: `value` or `error`, its own usage and HTTP status."""

    value: dict[str, Any] | None = None
    error: GraphError | None = None
    usage: Usage | None = None
    status: int | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return self.error is None

    def unwrap(self) -> dict[str, Any]:
        """The value; raises the error."""
        if self.error is not None:
            raise self.error
        return self.value or {}


def form(requests: Sequence[Request]) -> dict[str, str]:
    """The form fields of a batch. Headers are asked for: they hold each member's usage."""
    return {
        "batch": params.compact([_member(request) for request in requests]),
        "include_headers": "true",
    }


def _member(request: Request) -> dict[str, str]:
    path = paths.clean(request.path)
    encoded = urlencode(params.encode(request.params), quote_via=quote)
    member = {"method": request.method.upper(), "relative_url": path}
    if request.in_query:
        member["relative_url"] = f"{path}?{encoded}" if encoded else path
    elif encoded:
        member["body"] = encoded
    return member


def read_members(items: list[Any], asked: Sequence[Asked]) -> list[Answer]:
    """One answer for each member, in order; missing ones count as not finished."""
    padded = items + [None] * (len(asked) - len(items))
    return [read_answer(_reply(item), one) for item, one in zip(padded, asked, strict=False)]


def _reply(item: Any) -> Reply:
    if item is None:
        return Reply(status=None, trouble="not finished before the batch ended")
    if not isinstance(item, dict) or type(item.get("code")) is not int:
        return Reply(status=None, trouble="a member of the batch is not an answer")
    body = item.get("body")
    if isinstance(body, dict | list | bool):
        body = params.compact(body)
    text = body if isinstance(body, str) else ""
    return Reply(
        status=item["code"], headers=_headers(item.get("headers")), body=text.encode("utf-8", "replace")
    )


def _headers(value: Any) -> dict[str, str]:
    """Batch headers are a list of `{"name": …, "value": …}`."""
    pairs = [pair for pair in value if isinstance(pair, dict)] if isinstance(value, list) else []
    named = ((pair.get("name"), pair.get("value")) for pair in pairs)
    return {name: text for name, text in named if isinstance(name, str) and isinstance(text, str)}


def result(answer: Answer) -> Result:
    """An answer as the caller of a batch gets it."""
    return Result(answer.value, answer.error, answer.usage, answer.status)


def may_split(error: GraphError, members: Sequence[Request]) -> bool:
    """Whether the batch as a whole was refused or timed out, so that two halves may pass."""
    too_big = error.entry in (codes_limits.BATCH_REFUSED, classify(_BATCH_TIMEOUT))
    return too_big and len(members) > 1 and all(member.safe for member in members)


def refused_for_good(error: GraphError | None) -> bool:
    """Whether a batch failed as a whole in a way that the next one would fail too."""
    return error is not None and error.path == PATTERN and not error.transient and error.code is not None
