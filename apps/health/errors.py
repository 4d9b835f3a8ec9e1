"""The error log: what goes wrong at Meta, grouped by what it is. The one writer of groups' counts and occurrences.

A group is a (code, subcode), the pattern of the path and the use case; Meta's messages, full of ids and names, do not
split it. What has no code is told apart by its kind: no answer, no JSON, a redirect.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from psycopg2.extras import execute_values

from apps.graphapi import GraphError, use_case_of
from apps.graphapi.catalogue import is_new

from .heard import Heard
from .models import ErrorGroup, ErrorNote, ErrorOccurrence
from .slots import hour_of

State = ErrorGroup.State
# An error this long after its group was resolved is no straggler of before.
GRACE = timedelta(minutes=5)
CAME_BACK, IGNORED_NO_MORE = "came back after it was resolved", "is ignored no more"


def key_of(error: GraphError, path: str) -> str:
    """`100/33|{id}/insights|ads_insights`."""
    return "|".join([_pair(error), path, use_case(error, path), *([kind(error)] if kind(error) else [])])


def use_case(error: GraphError, path: str) -> str:
    """Meta's word for the kind of work: that of the limit, or else of the path."""
    return error.entry.use_case or use_case_of(path)


def kind(error: GraphError) -> str:
    """What an error without a code is: `Unreachable`, `BadAnswer`; empty where a code tells it."""
    return type(error).__name__ if error.code is None else ""


def _is_new(error: GraphError) -> bool:
    return is_new(error.code, error.subcode, error.entry)


def _pair(error: GraphError) -> str:
    return "/".join("-" if part is None else str(part) for part in (error.code, error.subcode))


class _Failure(NamedTuple):
    heard: Heard
    error: GraphError


def take(batch: Iterable[Heard]) -> None:
    """Keep the errors among these attempts, inside a transaction. Groups are locked in the order of their keys."""
    by_key: dict[str, list[_Failure]] = defaultdict(list)
    for heard in batch:
        if heard.error is not None:
            by_key[key_of(heard.error, heard.path)].append(_Failure(heard, heard.error))
    if not by_key:
        return
    ErrorGroup.objects.bulk_create([_new(key, by_key[key]) for key in sorted(by_key)], ignore_conflicts=True)
    groups = list(ErrorGroup.objects.select_for_update().filter(key__in=by_key).order_by("key"))
    for group in groups:
        _count(group, by_key[group.key])
    ErrorGroup.objects.bulk_update(groups, _COUNTED)
    ErrorOccurrence.objects.bulk_create(
        [_occurrence(group, *failure) for group in groups for failure in by_key[group.key]], batch_size=500
    )
    _add_up({group.pk: by_key[group.key] for group in groups})


_COUNTED = [
    "count", "first_seen", "last_seen", "message", "category", "unknown", "state", "state_at", "state_by",
    "regressed_at", "ignored_until", "ignored_count",
]  # fmt: skip


def _new(key: str, failed: list[_Failure]) -> ErrorGroup:
    heard, error = failed[0]
    return ErrorGroup(
        key=key[:300],
        code=error.code,
        subcode=error.subcode,
        path=heard.path,
        use_case=use_case(error, heard.path),
        kind=kind(error),
        category=error.category.value,
        unknown=_is_new(error),
        first_seen=heard.at,
        last_seen=heard.at,
    )


def _count(group: ErrorGroup, failed: list[_Failure]) -> None:
    """Adds them up, and opens the group again where it was thought to be over."""
    latest, error = max(failed, key=lambda failure: failure.heard.at)
    group.count += len(failed)
    group.first_seen = min(group.first_seen, *(heard.at for heard, _ in failed))
    if latest.at >= group.last_seen:
        group.last_seen, group.message = latest.at, error.message[:2000]
        # What the catalogue says now: it may have learned the code since.
        group.category, group.unknown = error.category.value, _is_new(error)
    if group.state == State.RESOLVED and latest.at > (group.state_at or latest.at) + GRACE:
        _open_again(group, latest.at, CAME_BACK)
        group.regressed_at = latest.at
    elif group.state == State.IGNORED and _is_ignored_no_more(group, latest.at):
        _open_again(group, latest.at, IGNORED_NO_MORE)


def _is_ignored_no_more(group: ErrorGroup, now: datetime) -> bool:
    if group.ignored_until is not None and now >= group.ignored_until:
        return True
    return group.ignored_count is not None and group.count > group.ignored_count


def _open_again(group: ErrorGroup, at: datetime, did: str) -> None:
    group.state, group.state_at, group.state_by = State.OPEN, at, None
    group.ignored_until = group.ignored_count = None
    ErrorNote.objects.create(group=group, at=at, did=did)


def _occurrence(group: ErrorGroup, heard: Heard, error: GraphError) -> ErrorOccurrence:
    call = heard.call
    return ErrorOccurrence(
        group=group,
        at=heard.at,
        account_id=heard.account_id,
        connection_id=heard.connection_id or None,
        purpose=heard.purpose[:16],
        method=call.method[:8],
        status=call.status,
        attempt=call.attempt,
        milliseconds=call.milliseconds,
        batch_size=call.batch_size,
        type=error.type[:64],
        message=error.message[:4000],
        user_title=error.user_title[:1000],
        user_msg=error.user_msg[:4000],
        is_transient=error.is_transient,
        error_data=error.error_data[:8000],
        blame_fields=list(error.blame_fields),
        fbtrace_id=call.fbtrace_id[:64],
        request_id=call.request_id[:64],
        rev=call.rev[:64],
        api_version=call.api_version[:16],
        retry_after=error.retry_after,
        usage=[
            {"scope": one.scope.value, "object_id": one.object_id, "type": one.type, "percent": one.peak}
            for one in (call.usage.readings if call.usage else ())
        ],
    )


def _add_up(failed: dict[int, list[_Failure]]) -> None:
    counts: dict[tuple[Any, ...], int] = defaultdict(int)
    for group_id, several in failed.items():
        for heard, _ in several:
            hour = hour_of(heard.at)
            counts[group_id, hour, heard.account_id, heard.connection_id] += 1
    rows = [(*place, counts[place]) for place in sorted(counts)]
    with connection.cursor() as cursor:
        execute_values(cursor.cursor, _HOURS, rows, page_size=1000)


_HOURS = """
INSERT INTO health_errorhour AS stored (group_id, at, account_id, connection_id, count) VALUES %s
ON CONFLICT (group_id, at, account_id, connection_id) DO UPDATE SET count = stored.count + excluded.count
"""
