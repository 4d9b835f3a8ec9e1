"""What fires, who takes care of it, and whom it was told."""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone


class Severity(models.TextChoices):
    WARN = "warn", "Warning"
    CRIT = "crit", "Critical"

    @classmethod
    def rose(cls, before: str, now: str) -> bool:
        return before == cls.WARN and now == cls.CRIT


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def firing(self) -> Self:
        """Open, and nobody has said that they know."""
        now = timezone.now()
        rested = models.Q(snoozed_until__gt=now) | models.Q(acknowledged_at__isnull=False)
        return self.open().exclude(rested)

    def at_rest(self) -> Self:
        """Open, and acknowledged or snoozed."""
        now = timezone.now()
        return self.open().filter(models.Q(snoozed_until__gt=now) | models.Q(acknowledged_at__isnull=False))


class Alert(models.Model):
    """One thing that needs a person, from when a rule found it until it is gone. Opened, updated and closed by
    `health.alerts`; what people do with it by `health.caring`.

    `parts`: what it is about, one word each, so that it shows when more join. `accounts`: keys of `AdAccount`.
    """

    class Ending(models.TextChoices):
        GONE = "gone", "Over"
        # Something else that fires is its cause.
        ABSORBED = "absorbed", "Part of another alert"
        RULE_OFF = "off", "Rule switched off"

    rule = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    severity = models.CharField(max_length=4, choices=Severity)
    title = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    parts = models.JSONField(default=list)
    accounts = models.JSONField(default=list)
    action = models.CharField(max_length=60, blank=True)
    url = models.CharField(max_length=300, blank=True)
    # When time runs out: a token ends, access comes back.
    due_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    found_at = models.DateTimeField()
    # Since when it is gone; it closes when it stays away.
    gone_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=8, choices=Ending, blank=True)
    # When people were last sent word, and of which parts they ever were.
    told_at = models.DateTimeField(null=True)
    told_parts = models.JSONField(default=list)
    told_severity = models.CharField(max_length=4, choices=Severity, blank=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    snoozed_until = models.DateTimeField(null=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects: ClassVar[Any] = AlertQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(closed_at=None), name="one_open_alert_per_key"
            )
        ]
        indexes = [
            models.Index(fields=["-closed_at"], name="alerts_by_end"),
            models.Index(fields=["rule", "-opened_at"], name="alerts_of_a_rule"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_snoozed(self) -> bool:
        return self.snoozed_until is not None and self.snoozed_until > timezone.now()

    @property
    def is_at_rest(self) -> bool:
        return self.acknowledged_at is not None or self.is_snoozed

    @property
    def is_over(self) -> bool:
        return self.closed_at is not None


class RuleSetting(models.Model):
    """What people have changed of a rule, and what came of its last look. No row: as it comes."""

    name = models.CharField(max_length=40, unique=True)
    on = models.BooleanField(default=True)
    # Null: the rule's own.
    threshold = models.IntegerField(null=True)
    # It goes on firing until then, and nobody is sent word.
    muted_until = models.DateTimeField(null=True)
    # Why its last look failed.
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    def is_muted(self, now: datetime) -> bool:
        return self.muted_until is not None and self.muted_until > now


class Channel(models.Model):
    """A way to reach people, made by `health.channels`; how it fares is noted by `health.outbox`.

    Its address is a secret: sealed, and never shown again.
    Those from the environment have no sealed address here: `fingerprint` finds theirs in the settings.
    """

    class Source(models.TextChoices):
        PAGE = "page", "Made here"
        ENVIRONMENT = "env", "From ALERT_URLS"
        MAIL = "mail", "Mail"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=60, unique=True)
    source = models.CharField(max_length=4, choices=Source, default=Source.PAGE)
    # Apprise's word: Slack, JSON.
    service = models.CharField(max_length=60, blank=True)
    sealed_url = models.TextField(blank=True)
    fingerprint = models.CharField(max_length=12, blank=True)
    least = models.CharField(max_length=4, choices=Severity, default=Severity.WARN)
    on = models.BooleanField(default=True)
    # Tries that failed since the last that went well.
    failures = models.IntegerField(default=0)
    failed_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @property
    def url_place(self) -> str:
        """Where the address is sealed to."""
        return f"health_channel|{self.pk}|url"

    def takes(self, severity: str) -> bool:
        return self.on and (severity == Severity.CRIT or self.least == Severity.WARN)


class Delivery(models.Model):
    """One message to one channel: the outbox. Written by `health.outbox` in the transaction of what it tells of."""

    class Kind(models.TextChoices):
        OPENED = "opened", "Opened"
        GREW = "grew", "Got worse"
        REMINDER = "reminder", "Reminder"
        CLOSED = "closed", "Over"
        TEST = "test", "Test"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Delivered"
        FAILED = "failed", "Given up"
        DROPPED = "dropped", "Not sent"

    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="deliveries")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="deliveries")
    kind = models.CharField(max_length=8, choices=Kind)
    severity = models.CharField(max_length=4, choices=Severity, default=Severity.WARN)
    title = models.CharField(max_length=400)
    text = models.TextField(blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    tries = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    # Not before then. Whoever sends it moves this on first, so that a dead worker's message is sent by the next.
    next_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["next_at"], condition=models.Q(state="waiting"), name="messages_to_be_sent"),
            models.Index(fields=["-created_at"], name="messages_by_time"),
            models.Index(fields=["channel", "-created_at"], name="messages_of_a_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.title}"
