import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from .connection import Connection

PENDING_FOR = timedelta(minutes=15)
LINK_FOR = timedelta(hours=24)


def _soon() -> datetime:
    return timezone.now() + PENDING_FOR


def _tomorrow() -> datetime:
    return timezone.now() + LINK_FOR


class PendingConnection(models.Model):
    """A token that was checked and waits, sealed, for its name: the steps of connecting survive a reload."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sealed_token = models.TextField()
    fingerprint = models.CharField(max_length=16)
    via = models.CharField(max_length=10, choices=Connection.Via, default=Connection.Via.PASTED)
    wanted_scopes = models.JSONField(default=list)
    # What Meta said of it, for the page that asks for the name: see `pending.Found`.
    found = models.JSONField(default=dict)
    # The connection whose token it is to replace, and the link by which it came; empty: neither.
    connection = models.ForeignKey(Connection, models.CASCADE, null=True, related_name="+")
    link = models.ForeignKey("LoginLink", models.CASCADE, null=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    # Hash of the key of the browser's session: no other one gets to see it.
    session_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=_soon)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"A token that waits until {self.expires_at:%H:%M}"

    @property
    def token_place(self) -> str:
        """Where the token is sealed to."""
        return f"connections_pendingconnection|{self.pk}|token"


class LoginLink(models.Model):
    """A link that lets one named person log in at Meta for us: one use, 24 hours. Only the hash of its key is kept."""

    key_hash = models.CharField(max_length=64, unique=True)
    # The connection to be renewed; empty: a new one.
    connection = models.ForeignKey(Connection, models.CASCADE, null=True, related_name="login_links")
    # What a new one is to be called.
    name = models.CharField(max_length=80, blank=True)
    scopes = models.JSONField(default=list)
    email = models.EmailField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=_tomorrow)
    used_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"A login link for {self.email or 'someone'}"

    @property
    def is_open(self) -> bool:
        return self.used_at is None and self.expires_at > timezone.now()


class UserCallback(models.Model):
    """That Meta told us of a person who removed the app, or wants their data deleted, and what was done."""

    class Kind(models.TextChoices):
        DEAUTHORIZE = "deauthorize", "App removed"
        DELETION = "deletion", "Data deletion"

    kind = models.CharField(max_length=12, choices=Kind)
    # What the person reads on the status page; says nothing about who they are.
    code = models.CharField(max_length=40, unique=True)
    received_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)
    connections = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.code}"
