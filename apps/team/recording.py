"""What allauth does for us goes into the audit trail too."""

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.dispatch import receiver

from . import audit, lockout

_KINDS = {"totp": "authenticator app", "webauthn": "passkey", "recovery_codes": "recovery codes"}


@receiver(account.user_logged_in)
def _signed_in(request: Any, user: Any, **kwargs: Any) -> None:
    audit.record("sign_in.done", by=user, request=request)


@receiver(account.user_logged_out)
def _signed_out(request: Any, user: Any, **kwargs: Any) -> None:
    if user and user.pk:
        audit.record("sign_in.ended", by=user, request=request)


@receiver([account.password_changed, account.password_set, account.password_reset])
def _password(request: Any, user: Any, **kwargs: Any) -> None:
    lockout.forget(lockout.PASSWORD, user.email)
    by_mail = kwargs.get("signal") is account.password_reset
    audit.record("password.changed", by=user, detail="by mail" if by_mail else "", request=request)


@receiver(mfa.authenticator_added)
def _added(request: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    audit.record("second_factor.added", by=user, thing=_KINDS[authenticator.type], request=request)


@receiver(mfa.authenticator_removed)
def _removed(request: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    audit.record("second_factor.removed", by=user, thing=_KINDS[authenticator.type], request=request)


@receiver(mfa.authenticator_reset)
def _renewed(request: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    audit.record("second_factor.renewed", by=user, thing=_KINDS[authenticator.type], request=request)


@receiver(mfa.authenticator_used)
def _used(request: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    """Only a recovery code is news: it means that the factor itself was not at hand."""
    if authenticator.type == "recovery_codes":
        audit.record("second_factor.recovery_code_used", by=user, request=request)
