from datetime import date, timedelta
from typing import Any, Self

from django.db import models
from django.utils import timezone


class InsightQuerySet(models.QuerySet[Any]):
    def at(self, level: str, breakdown: str = "") -> Self:
        """One level, unbroken or by one breakdown. Rows of different levels or breakdowns are never mixed."""
        return self.filter(level=level, breakdown=breakdown)

    def between(self, since: date, until: date) -> Self:
        return self.filter(day__range=(since, until))

    def of(self, accounts: Any) -> Self:
        return self.filter(account__in=accounts)


class SyncRunQuerySet(models.QuerySet[Any]):
    def due(self) -> Self:
        """Queued, or waiting with the wait over; oldest first."""
        return self.filter(
            models.Q(state="queued") | models.Q(state="waiting", not_before__lte=timezone.now())
        ).order_by("queued_at", "pk")

    def forgotten(self, after: timedelta) -> Self:
        """Due for a while, yet no worker has come: the nudge was lost, or there was no worker."""
        return self.due().filter(nudged_at__lte=timezone.now() - after)

    def running(self) -> Self:
        return self.filter(state="running")

    def open(self) -> Self:
        return self.filter(state__in=["queued", "running", "waiting"])
