"""What Meta's headers say of allowances: now, and by half hours. Written by `health.usage`."""

from django.db import models


class UsageNow(models.Model):
    """The last that was told of one allowance. Percentages; null: not in the header. `object_id`: empty for the app."""

    scope = models.CharField(max_length=32)
    object_id = models.CharField(max_length=32, default="")
    type = models.CharField(max_length=40, default="")
    call_count = models.FloatField(null=True)
    total_cputime = models.FloatField(null=True)
    total_time = models.FloatField(null=True)
    percent = models.FloatField(null=True)
    peak = models.FloatField(default=0)
    # When access comes back; null where it is open.
    regain_at = models.DateTimeField(null=True)
    tier = models.CharField(max_length=40, default="")
    told_at = models.DateTimeField()
    # Where the present climb began, for the forecast: moved when the figure falls, or when it stood for an hour.
    climb_at = models.DateTimeField()
    climb_from = models.FloatField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["scope", "object_id", "type"], name="one_usage_per_allowance")
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.object_id} {self.type}: {self.peak:.0f} %"


class UsageSlot(models.Model):
    """The highest percentages of one allowance in half an hour."""

    at = models.DateTimeField()
    scope = models.CharField(max_length=32)
    object_id = models.CharField(max_length=32, default="")
    type = models.CharField(max_length=40, default="")
    peak = models.FloatField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["at", "scope", "object_id", "type"], name="one_usage_per_allowance_and_half_hour"
            )
        ]
        indexes = [models.Index(fields=["object_id", "scope", "type", "at"], name="days_of_an_allowance")]

    def __str__(self) -> str:
        return f"{self.scope} {self.object_id} {self.type} at {self.at}: {self.peak:.0f} %"
