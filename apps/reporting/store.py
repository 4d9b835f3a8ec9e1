"""The only writer of insights: replaces a window with exactly what Meta answered for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.connections.models import AdAccount

from .models import PURCHASE_TYPES
from .rows import InsightRow
from .streaming import COLUMNS, KEY, METRICS, NUMBERS, TEXTS, WINDOWED, Incoming


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


@dataclass(frozen=True)
class Kept:
    """Metrics of some days, perhaps of some objects only, that did not come: what is stored of them stays."""

    since: date
    until: date
    metrics: Sequence[str]
    object_level: str = ""
    object_ids: Sequence[str] = ()
    excluded: bool = False


def replace(account: AdAccount, window: Window, rows: Iterable[InsightRow]) -> Changes:
    """Make the window hold these rows and no others. Call it inside a transaction.

    Rows whose values are the same are not written again, so storing the same answer twice changes nothing. Where a
    row comes twice the later one counts.
    """
    incoming = Incoming("pg_temp.incoming")
    incoming.drop()
    incoming.make(temporary=True)
    incoming.write(rows)
    changes = merge(account, window, incoming)
    incoming.drop()
    return changes


def merge(account: AdAccount, window: Window, incoming: Incoming, kept: Sequence[Kept] = ()) -> Changes:
    """Make the window hold what stands in a table of incoming rows, and no others but those of `kept`.

    Call it inside a transaction. Halves of a row, asked for by different fields, become one.
    """
    place: dict[str, Any] = {
        "account": account.pk,
        "level": window.level,
        "breakdown": window.breakdown,
        "since": window.since,
        "until": window.until,
        "now": timezone.now(),
    }
    table = incoming.table
    with connection.cursor() as cursor:
        cursor.execute(_ALONE, [_STORE, account.pk])
        cursor.execute(_DOUBLED.format(incoming=table))
        if cursor.fetchone():
            cursor.execute("DROP TABLE IF EXISTS incoming_once")
            cursor.execute(_ONCE.format(incoming=table))
            table = "incoming_once"
        spared = []
        for n, one in enumerate(kept):
            place |= {f"since{n}": one.since, f"until{n}": one.until, f"ids{n}": list(one.object_ids)}
            cursor.execute(_FILL.format(incoming=table, values=_filled(one), where=_scope(one, n)), place)
            spared.append(f"AND NOT ({_scope(one, n)})")
        cursor.execute(_REMOVE.format(incoming=table, spared=" ".join(spared)), place)
        removed = cursor.rowcount
        cursor.execute(_CHANGE.format(incoming=table), place)
        changed = cursor.rowcount
        cursor.execute(_ADD.format(incoming=table), place)
        added = cursor.rowcount
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own name
        total = cursor.fetchone()[0]
        cursor.execute("DROP TABLE IF EXISTS pg_temp.incoming_once")
    return Changes(total, added, changed, removed)


# Only names from our own lists are put into these; values travel as parameters.


def _list(columns: Iterable[str], prefix: str = "") -> str:
    return ", ".join(prefix + column for column in columns)


_NONE = (
    dict.fromkeys(METRICS, "0")
    | {
        "reach": "NULL",
        "frequency": "NULL",
        "actions": "'{{}}'::jsonb",
        "action_values": "'{{}}'::jsonb",
    }
    | dict.fromkeys(WINDOWED.values(), "NULL")
)
# A metric that never came is nothing, as with a row that Meta sends without it.
_GIVEN = {name: f"incoming.{name}" for name in (*KEY, *TEXTS)} | {
    metric: f"COALESCE(incoming.{metric}, {_NONE[metric]})"
    if _NONE[metric] != "NULL"
    else f"incoming.{metric}"
    for metric in NUMBERS
}
_VALUES = (*TEXTS, *NUMBERS)
# What a day was first reported as: set with the row, never again.
_FIRST = {
    "first_spend": _GIVEN["spend"],
    "first_impressions": _GIVEN["impressions"],
    "first_purchases": "COALESCE("
    + ", ".join(f"(incoming.actions ->> '{kind}')::numeric" for kind in PURCHASE_TYPES)
    + ")",
    "first_at": "%(now)s",
}
_SAME_ROW = " AND ".join(f"incoming.{column} = stored.{column}" for column in KEY)
_STORED = """stored.account_id = %(account)s AND stored.level = %(level)s AND stored.breakdown = %(breakdown)s
      AND stored.day BETWEEN %(since)s AND %(until)s"""

# The first half of the two-part advisory lock key: "stor" in ASCII.
_STORE = 0x73746F72
# Whoever stores the same account waits, and then sees what we stored. Nobody knows how many rows are coming in, and a
# guess of few would make the database compare each with each.
_ALONE = """
    SELECT pg_advisory_xact_lock(%s, %s), set_config('enable_nestloop', 'off', true),
      set_config('enable_mergejoin', 'off', true), set_config('work_mem', '64MB', true)
"""
_AS_BEFORE = """
    SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT; SET LOCAL work_mem TO DEFAULT
"""

_DOUBLED = f"""
    SELECT 1 FROM {{incoming}} GROUP BY {_list(KEY)} HAVING count(*) > 1 LIMIT 1
"""  # noqa: S608
_ONCE = f"""
    CREATE TEMP TABLE incoming_once ON COMMIT DROP AS
    SELECT {_list(KEY)}, {
    ", ".join(
        f"(array_agg({column} ORDER BY part DESC, place DESC) FILTER (WHERE {column} IS NOT NULL))[1] AS {column}"
        for column in _VALUES
    )
} FROM {{incoming}} GROUP BY {_list(KEY)}
"""  # noqa: S608
_FILL = f"""
    UPDATE {{incoming}} AS incoming SET {{values}} FROM reporting_insight AS stored
    WHERE {_STORED} AND {_SAME_ROW} AND {{where}}
"""  # noqa: S608
_REMOVE = f"""
    DELETE FROM reporting_insight AS stored
    WHERE {_STORED} {{spared}} AND NOT EXISTS (SELECT 1 FROM {{incoming}} AS incoming WHERE {_SAME_ROW})
"""  # noqa: S608
_CHANGE = f"""
    UPDATE reporting_insight AS stored
    SET changed_at = %(now)s, {", ".join(f"{name} = {_GIVEN[name]}" for name in _VALUES)}
    FROM {{incoming}} AS incoming
    WHERE {_STORED} AND {_SAME_ROW}
      AND ({_list(_VALUES, "stored.")}) IS DISTINCT FROM ({", ".join(_GIVEN[name] for name in _VALUES)})
"""  # noqa: S608
_ADD = f"""
    INSERT INTO reporting_insight
      (account_id, level, breakdown, changed_at, {_list(COLUMNS)}, {_list(_FIRST)})
    SELECT %(account)s, %(level)s, %(breakdown)s, %(now)s, {_list(_GIVEN.values())}, {_list(_FIRST.values())}
    FROM {{incoming}} AS incoming
    WHERE NOT EXISTS (SELECT 1 FROM reporting_insight AS stored WHERE {_STORED} AND {_SAME_ROW})
"""  # noqa: S608

_ID_OF = {"campaign": "campaign_id", "adset": "adset_id", "ad": "ad_id"}


def _scope(kept: Kept, n: int) -> str:
    """Which stored rows it is about."""
    days = f"stored.day BETWEEN %(since{n})s AND %(until{n})s"
    if not kept.object_level:
        return days
    chosen = f"stored.{_ID_OF[kept.object_level]} = ANY(%(ids{n})s)"
    return f"{days} AND {'NOT ' if kept.excluded else ''}{chosen}"


def _filled(kept: Kept) -> str:
    metrics = [metric for metric in METRICS if metric in kept.metrics]
    columns = metrics + [WINDOWED[metric] for metric in metrics if metric in WINDOWED]
    return ", ".join(f"{column} = stored.{column}" for column in columns)
