"""Rows on their way in: batch by batch into a table beside the insights, so that memory does not grow with an answer.

The table of a sync run is not logged and belongs to no session: what was read stays until the run is stored, whoever
reads on. What a crash of the server empties is noticed by its count (`reports`) and read again.
"""

import io
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from django.db import OperationalError, connection, transaction

from .rows import InsightRow

METRICS = (
    "impressions", "clicks", "inline_link_clicks", "spend", "reach", "frequency", "actions", "action_values",
)  # fmt: skip
# What comes with a metric: the same numbers by attribution window. Null where the metric was not asked for.
WINDOWED = {"actions": "action_windows", "action_values": "action_value_windows"}
KEY = ("day", "object_id", "segment")
TEXTS = ("campaign_id", "adset_id", "ad_id", "name", "currency", "attribution_setting")
NUMBERS = (*METRICS, *WINDOWED.values())
COLUMNS = (*KEY, *TEXTS, *NUMBERS)
# Rows that are held at a time.
BATCH = 5000
# Bytes that go to the database at a time.
_CHUNK = 1 << 18
_PREFIX = "reporting_incoming"


@dataclass(frozen=True)
class Incoming:
    """A table of incoming rows. `part` tells reports apart; a metric that a part did not ask for is null."""

    table: str

    @classmethod
    def of_run(cls, run_id: int, level: str, breakdown: str) -> "Incoming":
        """One table for each window of a sync run."""
        return cls(f"{_PREFIX}_{run_id}_{level}_{zlib.crc32(breakdown.encode()):08x}")

    def make(self, *, temporary: bool = False) -> None:
        kind = "TEMP" if temporary else "UNLOGGED"
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE {kind} TABLE IF NOT EXISTS {self.table} ({_DEFINITION})")

    def write(
        self,
        rows: Iterable[InsightRow],
        *,
        part: int = 0,
        metrics: Collection[str] = METRICS,
        first: int = 0,
    ) -> int:
        """Append rows as they come and say how many they were. Each batch is there for good once it is written.

        `first`: how many rows of this part were written before.
        """
        lines, total = _lines(rows, part, metrics, first), 0
        while batch := list(islice(lines, BATCH)):
            with connection.cursor() as cursor:
                cursor.copy_expert(
                    f"COPY {self.table} (part, place, {', '.join(COLUMNS)}) FROM STDIN",
                    io.BytesIO("".join(batch).encode()),
                    _CHUNK,
                )
            total += len(batch)
        return total

    def clear(self, part: int) -> None:
        """Forget what was written of a part that was not read to its end."""
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {self.table} WHERE part = %s", [part])  # noqa: S608 - our own name

    def counts(self) -> dict[int, int]:
        """How many rows of each part are there."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT part, count(*) FROM {self.table} GROUP BY part")  # noqa: S608 - our own name
            return dict(cursor.fetchall())

    def drop(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {self.table}")


def forget(run_id: int) -> None:
    """Drop the tables of a run."""
    for table, owner in _tables():
        if owner == run_id:
            Incoming(table).drop()


def sweep(open_runs: Collection[int]) -> int:
    """Drop the tables of runs that ended without doing so; one in use is left for the next time. Says how many."""
    dropped = 0
    for table, owner in _tables():
        if owner not in open_runs:
            with suppress(OperationalError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '1s'")
                cursor.execute(f"DROP TABLE IF EXISTS {table}")
                dropped += 1
    return dropped


def _tables() -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename LIKE %s",
            [_PREFIX.replace("_", r"\_") + r"\_%"],
        )
        names = [name for (name,) in cursor.fetchall()]
    return [(name, int(name.removeprefix(_PREFIX).split("_")[1])) for name in names]


_TYPES = {
    "day": "date NOT NULL", "impressions": "bigint", "clicks": "bigint", "inline_link_clicks": "bigint",
    "spend": "numeric", "reach": "bigint", "frequency": "numeric", "actions": "jsonb", "action_values": "jsonb",
    **dict.fromkeys(WINDOWED.values(), "jsonb"),
}  # fmt: skip
_DEFINITION = "part bigint NOT NULL, place bigint NOT NULL, " + ", ".join(
    f"{column} {_TYPES.get(column, 'text NOT NULL')}" for column in COLUMNS
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NULL = "\\N"


def _lines(rows: Iterable[InsightRow], part: int, metrics: Collection[str], first: int) -> Iterator[str]:
    """Rows in PostgreSQL's COPY text form."""
    asked = [metric in metrics for metric in (*METRICS, *WINDOWED)]
    everything = all(asked)
    for place, row in enumerate(rows, first):
        (
            day, _, object_id, segment, campaign_id, adset_id, ad_id, name, currency, impressions, clicks,
            inline_link_clicks, spend, reach, frequency, actions, action_values, attribution_setting,
            action_windows, action_value_windows,
        ) = row  # fmt: skip
        texts = (object_id, segment, campaign_id, adset_id, ad_id, name, currency, attribution_setting)
        line = "\t".join(texts)
        if "\\" in line or "\n" in line or "\r" in line or line.count("\t") != _TABS:
            line = "\t".join([text.translate(_ESCAPES) for text in texts])
        arrays: Sequence[str] = (actions, action_values, action_windows, action_value_windows)
        if "\\" in actions or "\\" in action_values or "\\" in action_windows or "\\" in action_value_windows:
            arrays = [text.translate(_ESCAPES) for text in arrays]
        values: Sequence[str] = (
            impressions,
            clicks,
            inline_link_clicks,
            spend,
            _NULL if reach is None else reach,
            _NULL if frequency is None else frequency,
            *arrays,
        )
        if not everything:
            values = [value if wanted else _NULL for value, wanted in zip(values, asked, strict=True)]
        yield f"{part}\t{place}\t{day.isoformat()}\t{line}\t" + "\t".join(values) + "\n"


_TABS = len(TEXTS) + 1
