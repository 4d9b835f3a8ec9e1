"""What allauth does for us goes into the audit trail too."""

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
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


def factors_of(person: Any) -> dict[int, str]:
    """The kind of each factor that a person has, by its number."""
    return dict(Authenticator.objects.filter(user=person).order_by("pk").values_list("pk", "type"))


def factors_changed(before: dict[int, str], *, by: Any, request: Any) -> None:
    """Say what became of a person's factors since. allauth's own signals come after the commit, and may never come."""
    after = factors_of(by)
    gone = [kind for pk, kind in before.items() if pk not in after]
    for kind in [kind for pk, kind in after.items() if pk not in before]:
        renewed = kind in gone
        if renewed:
            gone.remove(kind)
        action = "second_factor.renewed" if renewed else "second_factor.added"
        audit.record(action, by=by, thing=_KINDS[kind], request=request)
    for kind in gone:
        audit.record("second_factor.removed", by=by, thing=_KINDS[kind], request=request)


@receiver(mfa.authenticator_used)
def _used(request: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    """Only a recovery code is news: it means that the factor itself was not at hand."""
    if authenticator.type == "recovery_codes":
        audit.record("second_factor.recovery_code_used", by=user, request=request)
