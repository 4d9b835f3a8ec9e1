import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from ..deaths import cause
from ..querysets import WORKING, ConnectionQuerySet

REFERENCE = "connection "
# Days before the end of a token from which on a person should act.
SOON = 15
# How exactly it is known when a token last went well: not every call is worth a write.
_GOOD_ENOUGH = timedelta(minutes=5)


class Connection(models.Model):
    """One identity at Meta with its sealed token: who we are when we ask."""

    class Kind(models.TextChoices):
        SYSTEM_USER = "system_user", "System user"
        USER = "user", "Person"

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        # It works, and nothing but a person's login can keep it alive.
        NEEDS_OWNER = "needs_owner", "Needs its owner"
        REFUSED = "refused", "Refused"
        # Ended by a person or by Meta's callback: the token is gone, the history stays.
        DISCONNECTED = "disconnected", "Disconnected"

    class Via(models.TextChoices):
        """How the token came here."""

        PASTED = "pasted", "Pasted"
        LOGIN = "login", "Facebook login"
        GENERATED = "generated", "Generated here"

    # Made here and not by the database, because the token is sealed to it before the row exists.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    state = models.CharField(max_length=20, choices=State, default=State.ACTIVE)
    state_reason = models.TextField(blank=True)
    app_id = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=32)
    subject_name = models.CharField(max_length=255, blank=True)
    via = models.CharField(max_length=10, choices=Via, default=Via.PASTED)
    # Whom to ask when only a login helps: the person behind a user token.
    owner_email = models.EmailField(blank=True)
    sealed_token = models.TextField(blank=True)
    # sha256 of the token, shortened: enough to tell two tokens apart, of no use to anyone else.
    fingerprint = models.CharField(max_length=16)
    # Grows with every token that is stored: who exchanged an older one must not overwrite a newer.
    version = models.PositiveIntegerField(default=1)
    # What it is for, what Meta granted, and what was granted once and is no more.
    wanted_scopes = models.JSONField(default=list)
    scopes = models.JSONField(default=list)
    lost_scopes = models.JSONField(default=list)
    # What a person said to each: granted, declined or expired, in Meta's words. Empty for a system user.
    permissions = models.JSONField(default=dict)
    granular_scopes = models.JSONField(default=list)
    issued_at = models.DateTimeField(null=True)
    # Null with `never_expires` unset means that Meta did not say.
    expires_at = models.DateTimeField(null=True)
    never_expires = models.BooleanField(default=False)
    data_access_expires_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    # The third clock: when a call with this token last went well.
    last_good_at = models.DateTimeField(null=True)
    renewed_at = models.DateTimeField(null=True)
    renewal_tried_at = models.DateTimeField(null=True)
    renewal_error = models.TextField(blank=True)
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

    @property
    def reference(self) -> str:
        """How texts that can not be taken back speak of it: of a person's they have no name."""
        return f"{REFERENCE}{self.pk}" if self.kind == self.Kind.USER else self.name

    def refuse(self, error: Exception) -> None:
        """Meta turned this token down: rest until someone connects again. One stored meanwhile is not meant."""
        now = timezone.now()
        self.state, self.state_reason, self.checked_at = self.State.REFUSED, str(error), now
        with transaction.atomic():
            mine = Connection.objects.filter(pk=self.pk, fingerprint=self.fingerprint)
            mine = mine.exclude(state=self.State.DISCONNECTED)
            if mine.update(state=self.state, state_reason=self.state_reason, checked_at=now):
                lost = f"The token was refused: {cause(error)}."
                self.reach.filter(lost_at=None).update(lost_at=now, lost_reason=lost)

    def went_well(self) -> None:
        """Calls with its token have just gone well."""
        now = timezone.now()
        stale = Q(last_good_at=None) | Q(last_good_at__lt=now - _GOOD_ENOUGH)
        Connection.objects.filter(stale, pk=self.pk).update(last_good_at=now)

    @property
    def works(self) -> bool:
        """Whether Meta takes the token, as far as we know."""
        return self.state in WORKING

    @property
    def renews_itself(self) -> bool:
        """Whether the token lives on without a person: it never ends, or its renewal has not failed yet."""
        return self.never_expires or (self.works and not self.renewal_error)

    @property
    def data_access_ends_soon(self) -> bool:
        """Whether only its owner's login can keep their data readable; no exchange moves that clock."""
        end = self.data_access_expires_at
        return end is not None and end - timezone.now() <= timedelta(days=SOON)

    @property
    def missing_scopes(self) -> list[str]:
        """What it is meant for and may not do."""
        return [scope for scope in self.wanted_scopes if scope not in self.scopes]

    def scopes_said_to_be(self, status: str) -> list[str]:
        """Those that their owner has declined, or whose consent has expired."""
        return sorted(scope for scope, told in self.permissions.items() if told == status)

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
