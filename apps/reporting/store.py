"""The only writer of insights: replaces a window with exactly what Meta answered for it."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.utils import timezone

from apps.connections.models import AdAccount

from .models import PURCHASE_TYPES
from .rows import InsightRow


@dataclass(frozen=True)
class Window:
    """Days of one level (and breakdown) of an ad account, both ends included."""

    level: str
    since: date
    until: date
    breakdown: str = ""


@dataclass(frozen=True)
class Changes:
    rows: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(
            self.rows + other.rows,
            self.added + other.added,
            self.changed + other.changed,
            self.removed + other.removed,
        )


_KEY = ["day", "object_id", "segment"]
_VALUES = [
    "campaign_id", "adset_id", "ad_id", "name", "currency", "impressions", "clicks", "inline_link_clicks",
    "spend", "reach", "frequency", "actions", "action_values",
]  # fmt: skip
_COLUMNS = _KEY + _VALUES
# What a day was first reported as: set with the row, never again.
_FIRST = {
    "first_spend": "spend",
    "first_impressions": "impressions",
    "first_purchases": "COALESCE("
    + ", ".join(f"(actions ->> '{kind}')::numeric" for kind in PURCHASE_TYPES)
    + ")",
    "first_at": "%(now)s",
}


def replace(account: AdAccount, window: Window, rows: Iterable[InsightRow]) -> Changes:
    """Make the window hold these rows and no others. Call it inside a transaction.

    Rows whose values are the same are not written again, so storing the same answer twice changes nothing.
    """
    place: dict[str, int | str | date | datetime] = {
        "account": account.pk,
        "level": window.level,
        "breakdown": window.breakdown,
        "since": window.since,
        "until": window.until,
        "now": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS incoming")
        cursor.execute(
            f"CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT {_list(_COLUMNS)} FROM reporting_insight LIMIT 0"  # noqa: S608
        )
        cursor.copy_expert(f"COPY incoming ({_list(_COLUMNS)}) FROM STDIN", _Lines(map(_line, rows)))
        cursor.execute("ANALYZE incoming")
        cursor.execute(_REMOVE, place)
        removed = cursor.rowcount
        cursor.execute(_MERGE, place)
        written = [inserted for (inserted,) in cursor.fetchall()]
        cursor.execute("SELECT count(*) FROM incoming")
        total = cursor.fetchone()[0]
        cursor.execute("DROP TABLE incoming")
    return Changes(total, sum(written), len(written) - sum(written), removed)


def _list(columns: Iterable[str], prefix: str = "") -> str:
    return ", ".join(prefix + column for column in columns)


# Only names from the lists above are put into these; values travel as parameters.
_REMOVE = """
    DELETE FROM reporting_insight AS stored
    WHERE account_id = %(account)s AND level = %(level)s AND breakdown = %(breakdown)s
      AND day BETWEEN %(since)s AND %(until)s
      AND NOT EXISTS (
        SELECT 1 FROM incoming
        WHERE incoming.day = stored.day AND incoming.object_id = stored.object_id
          AND incoming.segment = stored.segment)
"""
_MERGE = f"""
    INSERT INTO reporting_insight AS stored
      (account_id, level, breakdown, changed_at, {_list(_COLUMNS)}, {_list(_FIRST)})
    SELECT %(account)s, %(level)s, %(breakdown)s, %(now)s, {_list(_COLUMNS)}, {_list(_FIRST.values())} FROM incoming
    ON CONFLICT (account_id, day, level, object_id, breakdown, segment) DO UPDATE SET
      changed_at = excluded.changed_at, {", ".join(f"{name} = excluded.{name}" for name in _VALUES)}
    WHERE ({_list(_VALUES, "stored.")}) IS DISTINCT FROM ({_list(_VALUES, "excluded.")})
    RETURNING (xmax = 0)
"""  # noqa: S608

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _line(row: InsightRow) -> str:
    """A row in PostgreSQL's COPY text form."""
    values = (getattr(row, column) for column in _COLUMNS)
    return "\t".join("\\N" if v is None else str(v).translate(_ESCAPES) for v in values) + "\n"


class _Lines(io.TextIOBase):
    """Lines as a file to read from, so that a large window is never held as one text."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self._rest = lines, ""

    def read(self, size: int | None = -1) -> str:
        wanted = 1 << 16 if size is None or size < 0 else size
        parts, length = [self._rest], len(self._rest)
        while length < wanted:
            line = next(self._lines, "")
            if not line:
                break
            parts.append(line)
            length += len(line)
        text = "".join(parts)
        self._rest = text[wanted:]
        return text[:wanted]
