"""What Meta's headers say of allowances: the last of each, and the highest of each half hour. Writes both."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg2.extras import execute_values

from apps.graphapi import Reading

from .heard import Heard
from .slots import half_hour_of

# A figure that stood for so long has no pace any more.
STILL = timedelta(hours=1)


@dataclass(frozen=True)
class Told:
    reading: Reading
    at: datetime

    @property
    def key(self) -> tuple[str, str, str]:
        return self.reading.scope.value, self.reading.object_id[:32], self.reading.type[:40]

    @property
    def regain_at(self) -> datetime | None:
        wait = self.reading.blocked_for / settings.META_CLOCK_SPEED
        return self.at + timedelta(seconds=wait) if wait else None


def hear(batch: Iterable[Heard]) -> None:
    """Keep what the headers of these answers told. Call it inside a transaction."""
    latest: dict[tuple[str, str, str], Told] = {}
    highest: dict[tuple[Any, ...], float] = {}
    for heard in batch:
        for reading in heard.call.usage.readings if heard.call.usage else ():
            told = Told(reading, heard.at)
            if told.key not in latest or latest[told.key].at <= told.at:
                latest[told.key] = told
            slot = (half_hour_of(told.at), *told.key)
            highest[slot] = max(highest.get(slot, 0.0), reading.peak)
    with connection.cursor() as cursor:
        if latest:
            execute_values(
                cursor.cursor, _NOW, [_values(latest[key]) for key in sorted(latest)], page_size=1000
            )
        if highest:
            rows = [(*slot, highest[slot]) for slot in sorted(highest)]
            execute_values(cursor.cursor, _SLOT, rows, page_size=1000)


def _values(told: Told) -> tuple[Any, ...]:
    reading = told.reading
    return (
        *told.key, reading.call_count, reading.total_cputime, reading.total_time, reading.percent, reading.peak,
        told.regain_at, reading.tier[:40], told.at, told.at, reading.peak,
    )  # fmt: skip


# The climb begins anew where the figure fell, and where nothing was told for an hour.
_NOW = f"""
INSERT INTO health_usagenow AS stored
  (scope, object_id, type, call_count, total_cputime, total_time, percent, peak, regain_at, tier, told_at, climb_at,
   climb_from) VALUES %s
ON CONFLICT (scope, object_id, type) DO UPDATE SET
  call_count = excluded.call_count, total_cputime = excluded.total_cputime, total_time = excluded.total_time,
  percent = excluded.percent, peak = excluded.peak, regain_at = excluded.regain_at,
  tier = CASE WHEN excluded.tier = '' THEN stored.tier ELSE excluded.tier END, told_at = excluded.told_at,
  climb_at = CASE WHEN excluded.peak < stored.peak OR excluded.told_at - stored.told_at > interval '{STILL}'
    THEN excluded.climb_at ELSE stored.climb_at END,
  climb_from = CASE WHEN excluded.peak < stored.peak OR excluded.told_at - stored.told_at > interval '{STILL}'
    THEN excluded.climb_from ELSE stored.climb_from END
WHERE stored.told_at <= excluded.told_at
"""  # noqa: S608 - our own words
_SLOT = """
INSERT INTO health_usageslot AS stored (at, scope, object_id, type, peak) VALUES %s
ON CONFLICT (at, scope, object_id, type) DO UPDATE SET peak = greatest(stored.peak, excluded.peak)
"""
