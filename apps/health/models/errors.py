"""The error log. Groups and occurrences are written by `health.errors`, states and notes by `health.triage`."""

from django.conf import settings
from django.db import models


class ErrorGroup(models.Model):
    """All errors of one kind: same code, subcode, path pattern and use case, whatever their messages say.

    `kind` tells apart what has no code: no answer, HTML, a body cut off.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        RESOLVED = "resolved", "Resolved"
        IGNORED = "ignored", "Ignored"

    key = models.CharField(max_length=300, unique=True)
    code = models.BigIntegerField(null=True)
    subcode = models.BigIntegerField(null=True)
    path = models.CharField(max_length=120)
    use_case = models.CharField(max_length=40, default="")
    kind = models.CharField(max_length=40, default="")
    category = models.CharField(max_length=16)
    # Not in the catalogue: its own queue.
    unknown = models.BooleanField(default=False)
    count = models.BigIntegerField(default=0)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    # Meta's own words of the last one, for kinds that the catalogue does not know.
    message = models.TextField(default="")

    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    state_at = models.DateTimeField(null=True)
    state_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    # Ignored until then, or until the count has passed this; neither: for good.
    ignored_until = models.DateTimeField(null=True)
    ignored_count = models.BigIntegerField(null=True)
    # It came back after it was resolved.
    regressed_at = models.DateTimeField(null=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["state", "-last_seen"], name="error_groups_by_state"),
            models.Index(fields=["-last_seen"], name="error_groups_by_time"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def pair(self) -> str:
        """`100/33`, `190`, or the kind where Meta gave no code."""
        if self.code is None:
            return self.kind or "no code"
        return f"{self.code}/{self.subcode}" if self.subcode is not None else str(self.code)

    @property
    def is_regressed(self) -> bool:
        return self.state == self.State.OPEN and self.regressed_at is not None


class ErrorOccurrence(models.Model):
    """One error with all that Meta said of it, kept for 90 days."""

    group = models.ForeignKey(ErrorGroup, models.CASCADE, related_name="occurrences", db_index=False)
    at = models.DateTimeField()
    account_id = models.CharField(max_length=32, default="")
    connection_id = models.UUIDField(null=True)
    purpose = models.CharField(max_length=16, default="")
    method = models.CharField(max_length=8)
    status = models.SmallIntegerField(null=True)
    attempt = models.SmallIntegerField(default=1)
    milliseconds = models.IntegerField(default=0)
    batch_size = models.SmallIntegerField(default=0)
    type = models.CharField(max_length=64, default="")
    message = models.TextField(default="")
    user_title = models.TextField(default="")
    user_msg = models.TextField(default="")
    is_transient = models.BooleanField(null=True)
    error_data = models.TextField(default="")
    blame_fields = models.JSONField(default=list)
    fbtrace_id = models.CharField(max_length=64, default="")
    request_id = models.CharField(max_length=64, default="")
    rev = models.CharField(max_length=64, default="")
    api_version = models.CharField(max_length=16, default="")
    retry_after = models.FloatField(default=0)
    # What the headers of this answer said of allowances: rows of (scope, object, type, percent).
    usage = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["group", "-at"], name="occurrences_of_a_group"),
            models.Index(fields=["at"], name="occurrences_by_time"),
            models.Index(
                fields=["fbtrace_id"], condition=~models.Q(fbtrace_id=""), name="occurrences_by_trace"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} at {self.at}"


class ErrorHour(models.Model):
    """Errors of one group in one hour by ad account and connection: counts stay when occurrences are pruned."""

    group = models.ForeignKey(ErrorGroup, models.CASCADE, related_name="hours", db_index=False)
    at = models.DateTimeField()
    account_id = models.CharField(max_length=32, default="")
    connection_id = models.CharField(max_length=36, default="")
    count = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["group", "at", "account_id", "connection_id"],
                name="one_hour_per_group_and_place",
            )
        ]
        indexes = [models.Index(fields=["at", "group"], name="error_hours_by_time")]

    def __str__(self) -> str:
        return f"{self.count} × {self.group} at {self.at}"


class ErrorNote(models.Model):
    """What people did with a group, and said of it. `by` null: by itself (regressed, ignore ended)."""

    group = models.ForeignKey(ErrorGroup, models.CASCADE, related_name="notes")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    did = models.CharField(max_length=40)
    text = models.TextField(default="", blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.did} at {self.at}"
