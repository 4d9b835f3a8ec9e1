import uuid
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.graphapi.accounts import AccountStatus, account_status, disable_reason

from .querysets import AdAccountQuerySet, ConnectionQuerySet

# Days before the end of a token from which on a person should act.
SOON = 15


class Connection(models.Model):
    """One identity at Meta with its sealed token: who we are when we ask."""

    class Kind(models.TextChoices):
        SYSTEM_USER = "system_user", "System user"
        USER = "user", "Person"

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        REFUSED = "refused", "Refused"

    # Made here and not by the database, because the token is sealed to it before the row exists.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    state = models.CharField(max_length=20, choices=State, default=State.ACTIVE)
    state_reason = models.TextField(blank=True)
    app_id = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=32)
    subject_name = models.CharField(max_length=255, blank=True)
    sealed_token = models.TextField()
    # sha256 of the token, shortened: enough to tell two tokens apart, of no use to anyone else.
    fingerprint = models.CharField(max_length=16)
    scopes = models.JSONField(default=list)
    granular_scopes = models.JSONField(default=list)
    issued_at = models.DateTimeField(null=True)
    # Null with `never_expires` unset means that Meta did not say.
    expires_at = models.DateTimeField(null=True)
    never_expires = models.BooleanField(default=False)
    data_access_expires_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["app_id", "subject_id"], name="one_connection_per_identity")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def token_place(self) -> str:
        """Where the token is sealed to."""
        return f"connections_connection|{self.pk}|token"

    def refuse(self, error: Exception) -> None:
        """Meta turned this token down: rest until someone connects again. One stored meanwhile is not meant."""
        self.state, self.state_reason, self.checked_at = self.State.REFUSED, str(error), timezone.now()
        Connection.objects.filter(pk=self.pk, fingerprint=self.fingerprint).update(
            state=self.state, state_reason=self.state_reason, checked_at=self.checked_at
        )

    @property
    def days_left(self) -> int | None:
        """Whole days until the token or the access to its owner's data ends; None when neither is known to."""
        ends = [moment for moment in (self.expires_at, self.data_access_expires_at) if moment]
        return (min(ends) - timezone.now()).days if ends else None

    @property
    def left(self) -> str:
        """`3 days left` or `expired`; empty while there is no hurry."""
        days = self.days_left
        if days is None or days > SOON:
            return ""
        if days < 1:
            return "expired" if days < 0 else "less than a day left"
        return "1 day left" if days == 1 else f"{days} days left"


class AdAccount(models.Model):
    """An ad account at Meta, as Meta last described it."""

    meta_id = models.CharField(max_length=32, unique=True)  # bare digits, without act_
    name = models.CharField(max_length=400, blank=True)
    currency = models.CharField(max_length=3)
    timezone_name = models.CharField(max_length=64)
    account_status = models.IntegerField(default=1)
    disable_reason = models.IntegerField(default=0)
    business_id = models.CharField(max_length=32, blank=True)
    business_name = models.CharField(max_length=400, blank=True)
    # Minor units of the currency, as Meta gives them.
    amount_spent = models.BigIntegerField(null=True)
    spend_cap = models.BigIntegerField(null=True)
    found_at = models.DateTimeField(default=timezone.now, editable=False)
    described_at = models.DateTimeField(default=timezone.now)

    objects = AdAccountQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name or self.act_id

    @property
    def act_id(self) -> str:
        return f"act_{self.meta_id}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone_name)

    def today(self, now: datetime | None = None) -> date:
        """The ad account's own calendar day."""
        return (now or timezone.now()).astimezone(self.zone).date()

    @property
    def status(self) -> AccountStatus:
        return account_status(self.account_status)

    @property
    def status_word(self) -> str:
        return self.status.name.replace("_", " ").capitalize()

    @property
    def status_sentence(self) -> str:
        """What the status means, with Meta's reason where it gives one."""
        reason = f" {disable_reason(self.disable_reason)[1]}" if self.disable_reason else ""
        return f"{self.status.meaning}{reason}"


class Reach(models.Model):
    """That a connection reaches an ad account, since when and until when."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="reach")
    account = models.ForeignKey(AdAccount, models.CASCADE, related_name="reach")
    tasks = models.JSONField(default=list)
    since = models.DateTimeField(default=timezone.now)
    lost_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["connection", "account"], name="one_reach_per_pair")]

    def __str__(self) -> str:
        return f"{self.connection} reaches {self.account}"


class AccountGrant(models.Model):
    """That a person may see an ad account."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="account_grants")
    account = models.ForeignKey(AdAccount, models.CASCADE, related_name="grants")
    granted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "account"], name="one_grant_per_pair")]

    def __str__(self) -> str:
        return f"{self.user} sees {self.account}"


class Allowance(models.Model):
    """What all workers know of one of Meta's allowances: a page of the pace book. Written by `connections.pacing`."""

    key = models.CharField(max_length=120, primary_key=True)
    gauge = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key


class Price(models.Model):
    """What a shape of question costs of an allowance, in percent, as learned from Meta's headers."""

    name = models.CharField(max_length=400, primary_key=True)
    percent = models.FloatField()
    learned_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.percent:.2f} %"
