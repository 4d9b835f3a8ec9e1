"""The pace book of all workers, kept in the database: it outlives every worker, a flushed cache and a restart."""

import json
import time
from collections.abc import Callable, Mapping, Sequence

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from apps.graphapi import gauges
from apps.graphapi.gauges import Gauge
from apps.graphapi.pace import Ceilings, PaceBook

from .models import AdAccount, Allowance, Price

# By hand: this happens twice with every call, and Django thinks longer about it than the database.
_READ = "SELECT key, gauge::text FROM connections_allowance WHERE key = ANY(%s) ORDER BY key FOR UPDATE"
_WRITE = """
    UPDATE connections_allowance SET gauge = given.gauge
    FROM unnest(%s::text[], %s::jsonb[]) AS given (key, gauge) WHERE connections_allowance.key = given.key
"""


class DatabaseShelf:
    """Gauges as rows. A change locks its rows in the order of their keys, so that two workers take turns."""

    def change(self, keys: Sequence[str], do: Callable[[dict[str, Gauge]], None]) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            held = self._locked(cursor, keys)
            do(held)
            gauges_as_json = [json.dumps(gauge.as_json()) for gauge in held.values()]
            cursor.execute(_WRITE, [list(held), gauges_as_json])

    def _locked(self, cursor: CursorWrapper, keys: Sequence[str]) -> dict[str, Gauge]:
        cursor.execute(_READ, [list(keys)])
        stored = dict(cursor.fetchall())
        if len(stored) < len(set(keys)):
            new = [Allowance(key=key, gauge={}) for key in sorted(set(keys) - stored.keys())]
            Allowance.objects.bulk_create(new, ignore_conflicts=True)
            cursor.execute(_READ, [list(keys)])
            stored = dict(cursor.fetchall())
        return {key: Gauge.from_json(json.loads(gauge)) for key, gauge in stored.items()}

    def prices(self, names: Sequence[str]) -> dict[str, float]:
        return dict(Price.objects.filter(name__in=names).values_list("name", "percent"))

    def learn(self, prices: Mapping[str, float]) -> None:
        now = timezone.now()
        Price.objects.bulk_create(
            [Price(name=name, percent=prices[name], learned_at=now) for name in sorted(prices)],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["percent", "learned_at"],
        )


def meta_clock() -> float:
    """Seconds of the clock at the other end, from an arbitrary start; faster than ours only for a sandbox."""
    return time.time() * settings.META_CLOCK_SPEED


def book(*, background: bool, clock: Callable[[], float] = meta_clock) -> PaceBook:
    ceilings = Ceilings(settings.META_PACE_TELL, settings.META_PACE_SLOW, settings.META_PACE_STOP)
    return PaceBook(DatabaseShelf(), clock=clock, background=background, ceilings=ceilings)


def level(account: AdAccount, *, clock: Callable[[], float] = meta_clock) -> float:
    """Percent used of the fullest allowance that reading this account's insights draws on; 100 while one is closed."""
    now = clock()
    keys = gauges.keys_for(f"{account.act_id}/insights", account.meta_id)
    stored = Allowance.objects.filter(key__in=keys).values_list("gauge", flat=True)
    held = [Gauge.from_json(gauge) for gauge in stored if gauge]
    return max((100.0 if one.closed_until > now else one.level(now) for one in held), default=0.0)
