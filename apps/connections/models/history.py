from django.conf import settings
from django.db import models
from django.utils import timezone

from ..querysets import TokenOpeningQuerySet
from .connection import Connection


class ConnectionCheck(models.Model):
    """One look at a connection at Meta: what came of it, and what had changed since the one before."""

    class Outcome(models.TextChoices):
        SAME = "same", "As before"
        CHANGED = "changed", "Changed"
        REFUSED = "refused", "Refused"
        # Says nothing about the token: Meta could not be asked.
        UNCHECKED = "unchecked", "Not checked"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="checks")
    at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=10, choices=Outcome)
    milliseconds = models.IntegerField(default=0)
    # Sentences: scopes and ad accounts gained and lost, clocks moved.
    changes = models.JSONField(default=list)
    reason = models.TextField(blank=True)
    error_code = models.BigIntegerField(null=True)
    error_subcode = models.BigIntegerField(null=True)
    fbtrace_id = models.CharField(max_length=80, blank=True)
    # Empty: the daily check.
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["connection", "-at"], name="checks_of_a_connection")]

    def __str__(self) -> str:
        return f"{self.connection}, {self.at:%Y-%m-%d %H:%M}: {self.outcome}"


class TokenOpening(models.Model):
    """How often a sealed token was opened on a day, and for what. Written by `connections.clients`."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="openings")
    day = models.DateField()
    purpose = models.CharField(max_length=40)
    count = models.PositiveIntegerField(default=0)

    objects = TokenOpeningQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "day", "purpose"], name="one_count_per_day_and_purpose"
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection}, {self.day}: {self.count} x {self.purpose}"


class ExpiryAlert(models.Model):
    """That a clock of a connection is about to run out: raised once per threshold, cleared when the clock moved."""

    class Clock(models.TextChoices):
        TOKEN = "token", "Token"
        DATA_ACCESS = "data_access", "Data access"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="expiry_alerts")
    clock = models.CharField(max_length=12, choices=Clock)
    days = models.PositiveSmallIntegerField()  # 15, 7, 3 or 1
    ends_at = models.DateTimeField()  # the end that it is about
    raised_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True)  # when the mail left
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "clock", "days", "ends_at"], name="one_alert_per_threshold"
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.clock} ends in {self.days} days"
