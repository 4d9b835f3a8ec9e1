"""What an answer means. Status, headers and body go in; a value or an error comes out. No I/O.

Source: the Graph API pages "Handle Errors" and "Debug Requests".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from apps.graphapi import codes_limits, codes_requests
from apps.graphapi.decoding import decode, decode_list
from apps.graphapi.envelope import meta_error
from apps.graphapi.errors import BadAnswer, GraphError, TooMuchData, Unreachable
from apps.graphapi.scrub import tidy
from apps.graphapi.usage import Usage, read_usage

MAX_BYTES = 64 * 1024 * 1024
_EXCERPT = 200
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,64}/[\w.+-]{1,64}")
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an answer is the answer to: no parameters. `path` is the pattern, `account_id` bare digits."""

    method: str
    path: str
    account_id: str | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    raw_rows: bool = False


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came over the wire. `trouble`: why nothing came (`status` None) or why the body is cut off.

    `oversize`: the body is larger than `MAX_BYTES` and was not read to its end.
    """

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    trouble: str = ""
    oversize: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A value or an error, and what the headers told. `value` is what JSON gave: normally a dict."""

    value: Any = None
    error: GraphError | None = None
    status: int | None = None
    usage: Usage | None = None
    api_version: str = ""
    version_warning: str = ""
    fbtrace_id: str = ""
    request_id: str = ""
    rev: str = ""
    size: int = 0


def read_answer(reply: Reply, asked: Asked, *, expect: type = dict) -> Answer:
    """Never raises. `expect`: dict for all calls but the batch, which answers with a list.

    A bare JSON `true` or `false`, as some writes answer, becomes `{"success": …}`.
    """
    headers = {name.lower(): text for name, text in reply.headers.items()}
    about: dict[str, Any] = {
        "status": reply.status,
        "usage": read_usage(headers, asked.account_id, secrets=asked.secrets),
        "fbtrace_id": tidy(headers.get("x-fb-trace-id"), secrets=asked.secrets, longest=64),
        "request_id": tidy(headers.get("x-fb-request-id"), secrets=asked.secrets, longest=64),
        "rev": tidy(headers.get("x-fb-rev"), secrets=asked.secrets, longest=64),
    }
    value, error = _judge(reply, headers, asked, about, expect)
    if error is not None:
        about["fbtrace_id"] = error.fbtrace_id
    return Answer(
        value=value,
        error=error,
        api_version=tidy(headers.get("facebook-api-version"), secrets=asked.secrets, longest=16),
        version_warning=tidy(headers.get("x-ad-api-version-warning"), secrets=asked.secrets, longest=300),
        size=len(reply.body),
        **about,
    )


def _judge(
    reply: Reply, headers: Mapping[str, str], asked: Asked, about: dict[str, Any], expect: type
) -> tuple[Any, GraphError | None]:
    context = about | {
        "method": asked.method,
        "path": asked.path,
        "account_id": asked.account_id,
        "retry_after": _seconds(headers.get("retry-after")),
    }
    if reply.status is None:
        return None, Unreachable(reply.trouble, **context)
    if reply.oversize:
        return None, TooMuchData(entry=codes_limits.OVERSIZE, **context)

    def odd(finding: str, *, transient: bool) -> tuple[None, BadAnswer]:
        return None, _odd(finding, transient, reply, headers, asked, context)

    busy = reply.status >= 500 or reply.status in (408, 429)
    if 300 <= reply.status < 400:
        host = tidy(urlsplit(headers.get("location", "")).hostname, secrets=asked.secrets, longest=100)
        return odd(f"A redirect to {host or 'nowhere'}, not followed", transient=False)
    if reply.trouble:
        return odd(f"An answer cut off ({reply.trouble})", transient=True)
    if not reply.body.strip():
        return odd("An empty body", transient=busy or reply.status == 200)
    try:
        value = (decode_list if asked.raw_rows else decode)(reply.body)
    except (ValueError, RecursionError):
        return odd("Not JSON, or cut off", transient=busy or reply.status == 200)
    if isinstance(value, dict) and value.get("error"):
        return None, meta_error(value["error"], context, asked.secrets)
    if reply.status >= 400:
        return odd("A refusal without an error", transient=busy)
    if isinstance(value, bool) and expect is dict:
        return {"success": value}, None
    if not isinstance(value, expect):
        return odd(f"JSON, but not {'an object' if expect is dict else 'a list'}", transient=False)
    return value, None


def _odd(
    finding: str,
    transient: bool,
    reply: Reply,
    headers: Mapping[str, str],
    asked: Asked,
    context: dict[str, Any],
) -> BadAnswer:
    kind = _MEDIA_TYPE.match(headers.get("content-type", ""))
    window = tidy(
        reply.body[: 32 * _EXCERPT].decode("utf-8", "replace"), secrets=asked.secrets, longest=16 * _EXCERPT
    )
    return BadAnswer(
        finding,
        entry=codes_limits.ODD_ANSWER if transient else codes_requests.REFUSED_ANSWER,
        content_type=kind[0] if kind else "",
        length=len(reply.body),
        excerpt=" ".join(_TAGS.sub(" ", window).split())[:_EXCERPT],
        **context,
    )


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in its form of seconds; a date is not understood."""
    return float(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else None
