from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from apps.connections.models import AdAccount
from apps.graphapi import GraphError

from .fields import ExactDecimalField
from .querysets import InsightQuerySet, SyncRunQuerySet

# Meta reports the same sales under several action types, each containing the next. One is chosen, never summed.
PURCHASE_TYPES = ["omni_purchase", "purchase", "offsite_conversion.fb_pixel_purchase"]


class Level(models.TextChoices):
    ACCOUNT = "account", "Account"
    CAMPAIGN = "campaign", "Campaign"
    ADSET = "adset", "Ad set"
    AD = "ad", "Ad"


class AdObject(models.Model):
    """What campaigns, ad sets and ads have in common. Meta's words are kept as text: their lists grow."""

    meta_id = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=1000, blank=True)
    status = models.CharField(max_length=40, blank=True)
    effective_status = models.CharField(max_length=40, blank=True)
    created_time = models.DateTimeField(null=True)
    updated_time = models.DateTimeField(null=True)
    # When Meta last listed it. Deleted and archived objects drop out of Meta's lists; their numbers stay.
    listed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self) -> str:
        return self.name or self.meta_id


class Budgeted(models.Model):
    """Budgets in minor units of the account's currency, as Meta gives them; null where the parent or child has them."""

    daily_budget = models.BigIntegerField(null=True)
    lifetime_budget = models.BigIntegerField(null=True)

    class Meta:
        abstract = True


class Campaign(AdObject, Budgeted):
    account = models.ForeignKey(AdAccount, models.CASCADE, related_name="campaigns")
    objective = models.CharField(max_length=60, blank=True)
    bid_strategy = models.CharField(max_length=60, blank=True)
    buying_type = models.CharField(max_length=40, blank=True)


class AdSet(AdObject, Budgeted):
    account = models.ForeignKey(AdAccount, models.CASCADE, related_name="adsets")
    campaign_id = models.CharField(max_length=32, db_index=True)  # Meta's id
    optimization_goal = models.CharField(max_length=60, blank=True)


class Ad(AdObject):
    account = models.ForeignKey(AdAccount, models.CASCADE, related_name="ads")
    campaign_id = models.CharField(max_length=32)
    adset_id = models.CharField(max_length=32, db_index=True)


def _first_of(column: str) -> Any:
    return Cast(Coalesce(*[KeyTextTransform(kind, column) for kind in PURCHASE_TYPES]), ExactDecimalField())


# What `figures.sums` adds up where conversions are counted as set on each ad set.
_SUMMED = ["spend", "impressions", "clicks", "purchases", "purchase_value"]


class Insight(models.Model):
    """What Meta reported for one object on one of the account's own days, at one level, whole or broken down.

    Rows are only ever written by `reporting.store`. Additive: impressions, clicks, spend, one action type. Not
    additive: reach, frequency.
    """

    # Without an index of its own: the one that keeps rows unique begins with the account.
    account = models.ForeignKey(AdAccount, models.CASCADE, related_name="insights", db_index=False)
    day = models.DateField()
    level = models.CharField(max_length=10, choices=Level)
    object_id = models.CharField(max_length=32)
    # The breakdown asked for ("age,gender") and this row's part of it ("25-34,female"); empty when not broken down.
    breakdown = models.CharField(max_length=120, default="")
    segment = models.CharField(max_length=400, default="")
    campaign_id = models.CharField(max_length=32, default="")
    adset_id = models.CharField(max_length=32, default="")
    ad_id = models.CharField(max_length=32, default="")
    # As the object was called in the report: the only name that a deleted object has.
    name = models.CharField(max_length=1000, default="")
    currency = models.CharField(max_length=3)
    impressions = models.BigIntegerField(default=0)
    clicks = models.BigIntegerField(default=0)
    inline_link_clicks = models.BigIntegerField(default=0)
    spend = ExactDecimalField(default=0)
    reach = models.BigIntegerField(null=True)
    frequency = ExactDecimalField(null=True)
    # Action type to number. Types overlap: never add up different ones.
    actions = models.JSONField(default=dict)
    action_values = models.JSONField(default=dict)
    # How the ad sets behind it count conversions, in Meta's word: `7d_click_1d_view`, or `mixed` where they differ.
    attribution_setting = models.CharField(max_length=100, default="")
    # The same by attribution window: action type to window to number, zeros left out. Null: windows were not asked for.
    action_windows = models.JSONField(null=True)
    action_value_windows = models.JSONField(null=True)
    purchases = models.GeneratedField(
        expression=_first_of("actions"), output_field=ExactDecimalField(null=True), db_persist=True
    )
    purchase_value = models.GeneratedField(
        expression=_first_of("action_values"), output_field=ExactDecimalField(null=True), db_persist=True
    )
    # As the day was first reported, so that a page can say how much a day usually still grows.
    first_spend = ExactDecimalField(null=True)
    first_impressions = models.BigIntegerField(null=True)
    first_purchases = ExactDecimalField(null=True)
    first_at = models.DateTimeField(null=True)
    # When the row took the values it has now.
    changed_at = models.DateTimeField(default=timezone.now)

    objects = InsightQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            # In this order the index also serves one account's range of days.
            models.UniqueConstraint(
                fields=["account", "day", "level", "object_id", "breakdown", "segment"],
                name="one_insight_per_object_and_day",
            )
        ]
        # What the pages add up is read from these alone. Rows of other levels and of breakdowns stand in neither.
        indexes = [
            models.Index(
                fields=["account", "day"],
                include=_SUMMED,
                condition=models.Q(level=Level.ACCOUNT.value, breakdown=""),
                name="account_days_to_add_up",
            ),
            models.Index(
                fields=["account", "day", "object_id"],
                include=_SUMMED,
                condition=models.Q(level=Level.CAMPAIGN.value, breakdown=""),
                name="campaign_days_to_add_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.object_id} on {self.day}"


class SyncRun(models.Model):
    """One sync of one ad account: first what is due, then the record of what came of it.

    A task carries only this row's id. `attempt` grows with every claim, so that a worker which was given up for dead
    can not finish a run that another has taken over.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting for Meta"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    class Reason(models.TextChoices):
        FIRST = "first", "First sync"
        HOURLY = "hourly", "Hourly"
        NIGHTLY = "nightly", "Nightly, 28 days"
        PAGE = "page", "Asked for on a page"
        COMMAND = "command", "Asked for by command"
        BACKFILL = "backfill", "Backfill"

    account = models.ForeignKey(AdAccount, models.CASCADE, related_name="sync_runs")
    reason = models.CharField(max_length=10, choices=Reason)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    since = models.DateField()
    until = models.DateField()
    levels = models.JSONField(default=list)
    breakdowns = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempt = models.IntegerField(default=0)
    # How many of the attempts ended in trouble that passes by itself, and how many with a dead worker.
    failures = models.IntegerField(default=0)
    deaths = models.IntegerField(default=0)
    queued_at = models.DateTimeField(default=timezone.now)
    nudged_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    calls = models.IntegerField(default=0)
    rows = models.IntegerField(default=0)
    added = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    removed = models.IntegerField(default=0)
    # Why it failed or waits: a sentence, and what Meta's support asks for.
    error = models.TextField(blank=True)
    error_code = models.BigIntegerField(null=True)
    error_subcode = models.BigIntegerField(null=True)
    fbtrace_id = models.CharField(max_length=80, blank=True)

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["account", "reason", "since", "until", "levels", "breakdowns"],
                condition=models.Q(state="queued"),
                name="one_queued_run_per_window",
            )
        ]
        indexes = [
            models.Index(fields=["account", "-queued_at"], name="latest_runs_of_an_account"),
            models.Index(fields=["state", "nudged_at"], name="runs_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.account}, {self.since} to {self.until}: {self.get_state_display().lower()}"

    @property
    def took(self) -> timedelta | None:
        return self.finished_at - self.started_at if self.started_at and self.finished_at else None

    @property
    def has_ended(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED}

    def start(self) -> None:
        self.state, self.attempt = self.State.RUNNING, self.attempt + 1
        self.started_at, self.finished_at, self.not_before = timezone.now(), None, None
        self._forget_error()
        self.save(
            update_fields=["state", "attempt", "started_at", "finished_at", "not_before", *self._ERROR_FIELDS]
        )

    def requeue(self) -> None:
        """Due again: its worker died, or another connection takes over."""
        self.state, self.nudged_at = self.State.QUEUED, timezone.now()
        self.save(update_fields=["state", "nudged_at", "calls", "deaths"])

    def try_again(self, at: datetime, error: Exception) -> None:
        """It failed in a way that may pass."""
        self.state, self.not_before, self.nudged_at = self.State.WAITING, at, at
        self.failures += 1
        self._remember(error)
        self.save(
            update_fields=["state", "not_before", "nudged_at", "calls", "failures", *self._ERROR_FIELDS]
        )

    def wait(self, until: datetime, error: Exception) -> None:
        """Meta asks for patience or is still at work for us, or its workers die."""
        self.state, self.not_before, self.nudged_at = self.State.WAITING, until, until
        self._remember(error)
        self.save(update_fields=["state", "not_before", "nudged_at", "calls", "deaths", *self._ERROR_FIELDS])

    def fail(self, error: Exception) -> None:
        self.state, self.finished_at = self.State.FAILED, timezone.now()
        self._remember(error)
        self.save(update_fields=["state", "finished_at", "calls", "deaths", *self._ERROR_FIELDS])

    def done(self) -> None:
        self.state, self.finished_at = self.State.DONE, timezone.now()
        self.save(update_fields=["state", "finished_at", "calls", "rows", "added", "changed", "removed"])

    _ERROR_FIELDS = ("error", "error_code", "error_subcode", "fbtrace_id")

    def _forget_error(self) -> None:
        self.error, self.error_code, self.error_subcode, self.fbtrace_id = "", None, None, ""

    def _remember(self, error: Exception) -> None:
        self._forget_error()
        self.error = str(error) or type(error).__name__
        if isinstance(error, GraphError):
            self.error_code, self.error_subcode = error.code, error.subcode
            self.fbtrace_id = (error.fbtrace_id or "")[:80]


class Coverage(models.Model):
    """The gap ledger: whether the numbers of one day are there, per account, level and breakdown.

    Written by `reporting.ledger` in the transaction that stores the rows. No row: never fetched.
    """

    class State(models.TextChoices):
        COMPLETE = "complete", "Complete"
        PARTIAL = "partial", "Partial"
        MISSING = "missing", "Missing"

    account = models.ForeignKey(AdAccount, models.CASCADE, related_name="coverage")
    level = models.CharField(max_length=10, choices=Level)
    breakdown = models.CharField(max_length=120, default="")
    day = models.DateField()
    state = models.CharField(max_length=10, choices=State)
    # Which field or object is not there and why, or why nothing is.
    reason = models.TextField(blank=True)
    error_code = models.BigIntegerField(null=True)
    error_subcode = models.BigIntegerField(null=True)
    # Until when Meta's allowance makes it wait.
    not_before = models.DateTimeField(null=True)
    # What the daily check found: the parts and the whole differ.
    note = models.TextField(default="", blank=True)
    # Whether attribution windows were asked for with the numbers that are stored.
    windows = models.BooleanField(default=False)
    # When complete numbers were last stored. Kept when a later fetch fails: what is stored is still there.
    fetched_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["account", "level", "breakdown", "day"], name="one_coverage_per_cell"
            )
        ]
        indexes = [
            models.Index(
                fields=["error_code", "error_subcode"],
                condition=models.Q(error_code__isnull=False) & ~models.Q(state="complete"),
                name="cells_lacking_by_error",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account}, {self.level} {self.breakdown} on {self.day}: {self.state}"


class ReportRun(models.Model):
    """An asynchronous report at Meta, from before it is ordered until its rows are stored.

    Parts of a split report are rows of their own that name their parent.
    """

    class State(models.TextChoices):
        NEW = "new", "To be ordered"
        ORDERED = "ordered", "Running at Meta"
        BROKEN = "broken", "Failed at Meta"
        READY = "ready", "Ready to be read"
        READ = "read", "Read"
        SPLIT = "split", "Split"
        FAILED = "failed", "Given up"

    sync_run = models.ForeignKey(SyncRun, models.CASCADE, related_name="reports")
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="parts")
    level = models.CharField(max_length=10, choices=Level)
    breakdown = models.CharField(max_length=120, default="")
    since = models.DateField()
    until = models.DateField()
    # Objects it is limited to (ids of the level above or of the level itself); empty: all of the account.
    object_level = models.CharField(max_length=10, blank=True)
    object_ids = models.JSONField(default=list)
    # The other way round: all objects but these.
    excluded = models.BooleanField(default=False)
    fields = models.JSONField(default=list)
    report_run_id = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    percent = models.IntegerField(default=0)
    orders = models.IntegerField(default=0)  # how often it was ordered
    ordered_at = models.DateTimeField(null=True)
    deadline = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True)
    # Whether it was still running at its deadline.
    late = models.BooleanField(default=False)
    rows = models.IntegerField(default=0)
    error = models.TextField(blank=True)
    error_code = models.BigIntegerField(null=True)
    error_subcode = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["sync_run"], condition=models.Q(state="ordered"), name="reports_running_at_meta"
            )
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.breakdown}, {self.since} to {self.until}: {self.state}"


class KnownSplit(models.Model):
    """How small a report of one shape must be for one account, learned from the last one that was too large."""

    account = models.ForeignKey(AdAccount, models.CASCADE, related_name="known_splits")
    level = models.CharField(max_length=10, choices=Level)
    breakdown = models.CharField(max_length=120, default="")
    days = models.IntegerField()
    objects_per_report = models.IntegerField(null=True)
    learned_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["account", "level", "breakdown"], name="one_split_per_shape")
        ]

    def __str__(self) -> str:
        return f"{self.account}, {self.level} {self.breakdown}: {self.days} days"


class SyncPlan(models.Model):
    """The sets an ad account keeps, where they differ from the default of `reporting.sets`, and its backfill."""

    account = models.OneToOneField(AdAccount, models.CASCADE, related_name="sync_plan")
    # Names of sets; empty: the default.
    sets = models.JSONField(default=list)
    # The first day a backfill goes back to; null: none is asked for. What is done stands in the ledger.
    backfill_since = models.DateField(null=True)
    backfill_asked_at = models.DateTimeField(null=True)
    backfill_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.account} keeps {', '.join(self.sets)}"


class RoundTrips(models.Model):
    """What batches saved in one hour: how many HTTP requests carried how many reads.

    Written by `reporting.together`.
    """

    hour = models.DateTimeField(unique=True)
    requests = models.IntegerField(default=0)
    reads = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} UTC: {self.reads} reads in {self.requests} requests"
