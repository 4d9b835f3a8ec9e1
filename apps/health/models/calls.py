"""Every attempt at Meta, raw for 30 days and added up for longer. Written by `health.recording`."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

# Upper ends of the latency histogram, in milliseconds; one more bucket is open.
LATENCY_ENDS = (50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000)


class Call(models.Model):
    """One attempt. `account_id`: bare digits or empty. `status`: HTTP, null without an answer.

    `outcome`: "ok" or the category of the error. `envelope`: the round trip of a batch, whose members are calls too.
    """

    at = models.DateTimeField()
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=120)
    account_id = models.CharField(max_length=32, default="")
    connection_id = models.UUIDField(null=True)
    purpose = models.CharField(max_length=16, default="")
    status = models.SmallIntegerField(null=True)
    outcome = models.CharField(max_length=16)
    code = models.BigIntegerField(null=True)
    subcode = models.BigIntegerField(null=True)
    milliseconds = models.IntegerField()
    attempt = models.SmallIntegerField(default=1)
    batch_size = models.SmallIntegerField(default=0)
    envelope = models.BooleanField(default=False)
    usage_peak = models.FloatField(null=True)
    fbtrace_id = models.CharField(max_length=64, default="")

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["at"], name="calls_by_time"),
            models.Index(fields=["account_id", "at"], name="calls_of_an_account"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} at {self.at}"


class CallSlot(models.Model):
    """Calls of one minute, or of one hour, added up. Round trips (no members of batches) have the latency."""

    class Grain(models.TextChoices):
        MINUTE = "m", "Minute"
        HOUR = "h", "Hour"

    grain = models.CharField(max_length=1, choices=Grain)
    at = models.DateTimeField()
    path = models.CharField(max_length=120)
    status = models.SmallIntegerField()  # 0 without an answer
    outcome = models.CharField(max_length=16)
    calls = models.IntegerField(default=0)  # as Meta counts them: single ones and members, no envelopes
    trips = models.IntegerField(default=0)  # HTTP requests
    members = models.IntegerField(default=0)  # in the envelopes among them
    milliseconds = models.BigIntegerField(default=0)  # of the trips
    latency = ArrayField(models.IntegerField(), default=list)  # trips by LATENCY_ENDS

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["grain", "at", "path", "status", "outcome"], name="one_slot_per_kind_of_call"
            )
        ]

    def __str__(self) -> str:
        return f"{self.calls} × {self.path} {self.status} at {self.at}"


class CallTotal(models.Model):
    """All calls there ever were, which only grow: what `/metrics` counts, whoever asks and however often we restart."""

    path = models.CharField(max_length=120)
    status = models.SmallIntegerField()
    calls = models.BigIntegerField(default=0)
    trips = models.BigIntegerField(default=0)
    members = models.BigIntegerField(default=0)
    milliseconds = models.BigIntegerField(default=0)
    latency = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["path", "status"], name="one_total_per_endpoint")]

    def __str__(self) -> str:
        return f"{self.calls} × {self.path} {self.status}"


class AccountHour(models.Model):
    """Calls of one ad account in one hour, by what they were made for."""

    at = models.DateTimeField()
    account_id = models.CharField(max_length=32)
    path = models.CharField(max_length=120)
    purpose = models.CharField(max_length=16)
    outcome = models.CharField(max_length=16)
    calls = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "at", "path", "purpose", "outcome"],
                name="one_hour_per_account_and_work",
            )
        ]
        indexes = [models.Index(fields=["at"], name="hours_of_accounts")]

    def __str__(self) -> str:
        return f"{self.calls} × {self.path} of {self.account_id} at {self.at}"
