"""The one writer of calls and what is added up of them. Asked by the recorder, many calls at a time."""

import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from psycopg2.extras import execute_values

from . import errors, usage
from .heard import Heard
from .models.calls import LATENCY_ENDS, CallSlot
from .slots import hour_of, minute_of

BUCKETS = len(LATENCY_ENDS) + 1
_COLUMNS = (
    "at", "method", "path", "account_id", "connection_id", "purpose", "status", "outcome", "code", "subcode",
    "milliseconds", "attempt", "batch_size", "envelope", "usage_peak", "fbtrace_id",
)  # fmt: skip
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def write(batch: Sequence[Heard]) -> None:
    """Keep these attempts: raw, in the sums, in what is known of allowances and in the error log. All or nothing."""
    if not batch:
        return
    with transaction.atomic():
        _keep(batch)
        _add_up(batch)
        usage.hear(batch)
        errors.take(batch)


def _keep(batch: Iterable[Heard]) -> None:
    lines = "".join("\t".join(map(_text, _row(heard))) + "\n" for heard in batch)
    with connection.cursor() as cursor:
        cursor.copy_expert(
            f"COPY health_call ({', '.join(_COLUMNS)}) FROM STDIN", io.BytesIO(lines.encode()), 1 << 18
        )


def _row(heard: Heard) -> tuple[Any, ...]:
    call = heard.call
    return (
        heard.at.isoformat(), call.method[:8], heard.path, heard.account_id, heard.connection_id or None,
        heard.purpose[:16], call.status, heard.outcome, call.code, call.subcode, call.milliseconds, call.attempt,
        call.batch_size, call.envelope, call.usage.peak if call.usage else None, call.fbtrace_id[:64],
    )  # fmt: skip


def _text(value: Any) -> str:
    return "\\N" if value is None else str(value).translate(_ESCAPES)


# --- sums ------------------------------------------------------------------------------------------


class _Sum:
    __slots__ = ("calls", "latency", "members", "milliseconds", "trips")

    def __init__(self) -> None:
        self.calls = self.trips = self.members = self.milliseconds = 0
        self.latency = [0] * BUCKETS

    def add(self, heard: Heard) -> None:
        self.calls += heard.counts
        if heard.is_trip:
            self.trips += 1
            self.members += heard.call.batch_size if heard.call.envelope else 0
            self.milliseconds += heard.call.milliseconds
            self.latency[heard.bucket] += 1

    @property
    def values(self) -> tuple[Any, ...]:
        return self.calls, self.trips, self.members, self.milliseconds, self.latency


def _add_up(batch: Iterable[Heard]) -> None:
    """Rows are taken in the order of their keys, so that two processes never wait for each other in a circle."""
    slots: dict[tuple[Any, ...], _Sum] = defaultdict(_Sum)
    totals: dict[tuple[Any, ...], _Sum] = defaultdict(_Sum)
    accounts: dict[tuple[Any, ...], int] = defaultdict(int)
    for heard in batch:
        kind = (heard.path, heard.status, heard.outcome)
        slots[CallSlot.Grain.MINUTE.value, minute_of(heard.at), *kind].add(heard)
        slots[CallSlot.Grain.HOUR.value, hour_of(heard.at), *kind].add(heard)
        totals[heard.path, heard.status].add(heard)
        if heard.counts and heard.account_id:
            place = (heard.account_id, hour_of(heard.at), heard.path, heard.purpose[:16], heard.outcome)
            accounts[place] += 1
    with connection.cursor() as cursor:
        _upsert(cursor, _SLOTS, [(*key, *slots[key].values) for key in sorted(slots)])
        _upsert(cursor, _TOTALS, [(*key, *totals[key].values) for key in sorted(totals)])
        _upsert(cursor, _ACCOUNTS, [(*key, accounts[key]) for key in sorted(accounts)])


def _upsert(cursor: Any, statement: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        execute_values(cursor.cursor, statement, rows, page_size=1000)


_ADDED = """
  calls = stored.calls + excluded.calls, trips = stored.trips + excluded.trips,
  members = stored.members + excluded.members, milliseconds = stored.milliseconds + excluded.milliseconds,
  latency = ARRAY(SELECT old + new FROM unnest(stored.latency, excluded.latency)
    WITH ORDINALITY AS bucket (old, new, place) ORDER BY place)
"""
_SLOTS = f"""
INSERT INTO health_callslot AS stored
  (grain, at, path, status, outcome, calls, trips, members, milliseconds, latency) VALUES %s
ON CONFLICT (grain, at, path, status, outcome) DO UPDATE SET {_ADDED}
"""  # noqa: S608 - our own words
_TOTALS = f"""
INSERT INTO health_calltotal AS stored (path, status, calls, trips, members, milliseconds, latency) VALUES %s
ON CONFLICT (path, status) DO UPDATE SET {_ADDED}
"""  # noqa: S608 - our own words
_ACCOUNTS = """
INSERT INTO health_accounthour AS stored (account_id, at, path, purpose, outcome, calls) VALUES %s
ON CONFLICT (account_id, at, path, purpose, outcome) DO UPDATE SET calls = stored.calls + excluded.calls
"""
