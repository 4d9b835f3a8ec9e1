"""What is sent to Meta support: a fixed list of facts, each checked for its form. No message, no token, no person."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from django.conf import settings

from apps.graphapi import scrub

from .models import ErrorGroup, ErrorOccurrence

MOST = 5
_TRACE = re.compile(r"[A-Za-z0-9_+/=-]{1,64}")
_REV = re.compile(r"\d{1,20}")
_VERSION = re.compile(r"v\d{1,3}\.\d{1,2}")
_PATH = re.compile(r"[A-Za-z0-9_{}/,.-]{0,120}")
_WORD = re.compile(r"[A-Za-z]{1,64}")
_NOT_GIVEN = "not given"


def text(group: ErrorGroup, occurrences: Sequence[ErrorOccurrence]) -> str:
    """Of the group and a few of its occurrences, the one asked about first."""
    latest = occurrences[0] if occurrences else None
    lines = [f"App ID: {_fit(re.compile('[0-9]{1,20}'), settings.META_APP_ID)}"]
    if latest:
        lines.append(f"API version: {_fit(_VERSION, latest.api_version or settings.META_API_VERSION)}")
    method = _fit(_WORD, latest.method) if latest else "Call"
    lines.append(f"Endpoint: {method} {_fit(_PATH, group.path)}")
    lines.append(f"Error: {_error(group, latest)}")
    lines.append(f"Occurrences: {group.count}, first {_utc(group.first_seen)}, last {_utc(group.last_seen)}")
    lines += [_occurrence(one) for one in occurrences[:MOST]]
    return "\n".join(lines)


def _error(group: ErrorGroup, latest: ErrorOccurrence | None) -> str:
    status = f"HTTP {latest.status}" if latest and latest.status else "no HTTP answer"
    code = f"code {group.code}" if group.code is not None else "no code"
    subcode = f", subcode {group.subcode}" if group.subcode is not None else ""
    kind = f", type {_fit(_WORD, latest.type)}" if latest and latest.type else ""
    return f"{status}, {code}{subcode}{kind}"


def _occurrence(one: ErrorOccurrence) -> str:
    return (
        f"{_utc(one.at)}  fbtrace_id {_fit(_TRACE, one.fbtrace_id)}"
        f"\n  x-fb-request-id {_fit(_TRACE, one.request_id)}  x-fb-rev {_fit(_REV, one.rev)}"
    )


def _fit(form: re.Pattern[str], value: str) -> str:
    """The value if it has its form and nothing of it looks like a secret."""
    ours = [settings.META_APP_SECRET, settings.META_APP_SECRET_PREVIOUS]
    return value if form.fullmatch(value) and scrub(value, ours) == value else _NOT_GIVEN


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
