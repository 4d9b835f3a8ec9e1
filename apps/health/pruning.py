"""What grows has an end: each table's oldest rows go, a few thousand at a time, so that nobody waits for it."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.utils import timezone

# Rows that go in one bite, each a transaction of its own.
BITE = 5000


@dataclass(frozen=True)
class Retention:
    """Rows of a table that are older by this column go. `only`: a condition, in our own words."""

    table: str
    kept: timedelta
    only: str = "true"
    by: str = "at"


RETENTIONS = (
    Retention("health_call", timedelta(days=30)),
    Retention("health_callslot", timedelta(days=2), "grain = 'm'"),
    Retention("health_callslot", timedelta(days=400), "grain = 'h'"),
    Retention("health_accounthour", timedelta(days=35)),
    Retention("health_usageslot", timedelta(days=8)),
    Retention("health_erroroccurrence", timedelta(days=90)),
    # What was told of an alert goes before the alert.
    Retention(
        "health_delivery",
        timedelta(days=399),
        "alert_id IS NULL OR alert_id IN (SELECT id FROM health_alert "
        "WHERE closed_at < now() - interval '399 days')",
        by="created_at",
    ),
    Retention(
        "health_alert",
        timedelta(days=400),
        "NOT EXISTS (SELECT 1 FROM health_delivery AS told WHERE told.alert_id = health_alert.id)",
        by="closed_at",
    ),
)


def prune(*, bite: int = BITE) -> dict[str, int]:
    """Let go of what is too old. Says how many rows of each table that were."""
    gone: dict[str, int] = {}
    for retention in RETENTIONS:
        gone[retention.table] = gone.get(retention.table, 0) + _prune(retention, bite)
    return gone


def _prune(retention: Retention, bite: int) -> int:
    statement = f"""
        DELETE FROM {retention.table} WHERE id IN (
          SELECT id FROM {retention.table} WHERE {retention.by} < %s AND ({retention.only})
          ORDER BY {retention.by} LIMIT %s
        )
    """  # noqa: S608 - names from the list above
    before, total = timezone.now() - retention.kept, 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, [before, bite])
            gone = int(cursor.rowcount)
        total += gone
        if gone < bite:
            return total
