from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.graphapi.accounts import AccountStatus, account_status, disable_reason

from ..querysets import AdAccountQuerySet
from .connection import Connection


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
    # The likely cause, in a sentence.
    lost_reason = models.TextField(blank=True)

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
