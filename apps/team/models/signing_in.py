import hashlib
import secrets
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

INVITED_FOR = timedelta(days=7)


class Attempt(models.Model):
    """A failed try at a password or a code. Written by `team.lockout`; whose it was is only a hash."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["key", "-at"], name="tries_at_a_door")]

    def __str__(self) -> str:
        return f"{self.key[:8]} {self.at:%H:%M}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> Self:
        return self.filter(accepted_at=None, expires_at__gt=timezone.now())

    def by_token(self, token: str) -> Self:
        return self.filter(token_hash=_hash(token))


class Invitation(models.Model):
    """A link that lets one person choose a name and a password, once, for seven days. The link itself is not kept."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="invitation")
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = InvitationQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user}, until {self.expires_at:%Y-%m-%d}"

    def renew(self, by: Any) -> str:
        """Make a link and end the one before it. Returns the token, which exists nowhere else."""
        token = secrets.token_urlsafe(32)
        self.token_hash = _hash(token)
        self.invited_by, self.invited_at, self.accepted_at = by, timezone.now(), None
        self.expires_at = self.invited_at + INVITED_FOR
        self.save()
        return token

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.expires_at > timezone.now()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
