"""The pace book of all workers, kept in the database: it outlives every worker, a flushed cache and a restart."""

import time
from collections.abc import Callable, Mapping, Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.graphapi import gauges
from apps.graphapi.gauges import Gauge
from apps.graphapi.pace import Ceilings, PaceBook

from .models import AdAccount, Allowance, Price


class DatabaseShelf:
    """Gauges as rows. A change locks its rows in the order of their keys, so that two workers take turns."""

    def change(self, keys: Sequence[str], do: Callable[[dict[str, Gauge]], None]) -> None:
        with transaction.atomic():
            rows = self._locked(keys)
            held = {key: Gauge.from_json(rows[key].gauge) if rows[key].gauge else Gauge() for key in keys}
            do(held)
            for key in keys:
                rows[key].gauge = held[key].as_json()
            Allowance.objects.bulk_update(rows.values(), ["gauge"])

    def _locked(self, keys: Sequence[str]) -> dict[str, Allowance]:
        rows = Allowance.objects.select_for_update().order_by("key").in_bulk(list(keys))
        if len(rows) < len(set(keys)):
            new = [Allowance(key=key, gauge={}) for key in sorted(set(keys) - rows.keys())]
            Allowance.objects.bulk_create(new, ignore_conflicts=True)
            rows = Allowance.objects.select_for_update().order_by("key").in_bulk(list(keys))
        return rows

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
