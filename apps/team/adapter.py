"""How people prove who they are, by password: allauth's adapter with our own lock-out and audit trail."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.http import HttpRequest

from . import audit, lockout
from .models import User

# allauth's own page for this would be a second question; ours stands on the page with the code.
_TRUST_STAGE = "allauth.mfa.stages.TrustStage"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by themselves: people are invited, the first admin is made by `create_admin`."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """There are no usernames here."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """A request that came past fewer proxies than TRUSTED_PROXIES is told by whoever brought it."""
        try:
            return str(super().get_client_ip(request))
        except ImproperlyConfigured:
            return str(request.META.get("REMOTE_ADDR", ""))

    def get_login_stages(self) -> list[str]:
        return [stage for stage in super().get_login_stages() if stage != _TRUST_STAGE]

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Count the try first, so that guesses at the same moment count too."""
        email = str(credentials.get("email", "")).strip().lower()
        try:
            counted = [
                lockout.count(lockout.PLACE, self.get_client_ip(request)),
                lockout.count(lockout.PASSWORD, email),
            ]
        except lockout.LockedOut as locked:
            raise ValidationError(str(locked), code="locked_out") from locked
        person: User | None = super().authenticate(request, **credentials)
        if person:
            for each in counted:
                each.went_well()
        else:
            _tell_of_failure(request, email, last_of_place=not counted[0].left, last=not counted[1].left)
        return person

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Who has just signed in is not asked for the password once more."""
        request = self.request
        records = get_authentication_records(request, request.user)
        fresh = records and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
        return not fresh and bool(super().is_reauthentication_required(app=app, **kwargs))


def _tell_of_failure(request: HttpRequest, email: str, *, last: bool, last_of_place: bool) -> None:
    """An address that is no member's is somebody's own affair: it is not written down."""
    member = User.objects.filter(email=email).first()
    if member:
        audit.record("sign_in.refused", by=None, thing=member.email, detail="password", request=request)
    if member and last:
        audit.record("sign_in.locked", by=None, thing=member.email, detail="password", request=request)
    if last_of_place:
        audit.record("sign_in.locked", by=None, thing="many addresses from one place", request=request)
