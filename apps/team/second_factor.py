"""The second factor: codes of an app, recovery codes and passkeys, by allauth.mfa with sealed secrets."""

import hmac
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.conf import settings
from django.db import transaction
from django.db.models import F, Func, JSONField, Value
from django.db.models.functions import Cast

from apps.vault import SealBroken, seal, unseal
from apps.vault.columns import SealedValue

from . import audit, lockout, roles, totp
from .models import User

logger = logging.getLogger(__name__)

KEYS_AWAY = (
    "Codes can not be checked just now: the keys of this installation are away. Use a passkey, or ask an admin "
    "to look into the log."
)
NOT_SEALED = (
    "This can not be set up just now: the keys of this installation are away. Nothing was changed. Try again later, "
    "or ask an admin to look into the log."
)
# What counts as a second factor; recovery codes only stand in for one.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_MUST_HAVE = (roles.SUPPORT, roles.ADMIN)
# Where the sealed part of each kind stands in its JSON.
_FIELDS = {"totp": "secret", "recovery_codes": "seed"}
_whose: ContextVar[int | None] = ContextVar("second_factor_of", default=None)


def lacks(person: User) -> bool:
    """Whether a second factor is required of this person and missing."""
    return (
        settings.REQUIRE_TWO_FACTOR
        and User.objects.filter(pk=person.pk, groups__name__in=_MUST_HAVE)
        .exclude(authenticator__type__in=FACTORS)
        .exists()
    )


def is_last_required(authenticator: Authenticator) -> bool:
    """Whether taking this one away would leave someone without who must have one."""
    person = authenticator.user
    return (
        settings.REQUIRE_TWO_FACTOR
        and person.role in _MUST_HAVE
        and not Authenticator.objects.filter(user=person, type__in=FACTORS)
        .exclude(pk=authenticator.pk)
        .exists()
    )


@transaction.atomic
def reset(person: User) -> int:
    """Forget every second factor and recovery code of a person. Returns how many factors there were."""
    factors = Authenticator.objects.filter(user=person)
    number: int = factors.filter(type__in=FACTORS).count()
    factors.delete()
    lockout.forget(lockout.CODE, str(person.pk))
    return number


# --- sealing -------------------------------------------------------------------------------------


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets are sealed to their person, so that a sealed one moved to another row does not open."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": "Your role needs a second factor. Add another one first, then remove this.",
        "incorrect_code": "That is not the right code.",
    }

    def encrypt(self, text: str) -> str:
        return seal(text, _place())

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, _place())

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not is_last_required(authenticator)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        return f"Passkey {Authenticator.objects.filter(user=user, type=type).count() + 1}"


def _place() -> str:
    pk = _whose.get() or context.request.user.pk
    if pk is None:
        raise RuntimeError("A secret is sealed to a person, and nobody is signed in.")
    return _place_of(pk)


def _place_of(pk: int) -> str:
    return f"mfa_authenticator|{pk}|secret"


@contextmanager
def _of(person: User) -> Iterator[None]:
    """Somebody whose secrets are opened before they are signed in."""
    token = _whose.set(person.pk)
    try:
        yield
    finally:
        _whose.reset(token)


def sealed_values() -> Iterator[SealedValue]:
    """Every sealed secret, for whoever moves them to another key."""
    for kind, name in _FIELDS.items():
        pks = Authenticator.objects.filter(type=kind).order_by("pk").values_list("pk", flat=True)
        for pk in list(pks):
            # Read now and not with the list: it may have changed since.
            if row := Authenticator.objects.filter(pk=pk).first():
                yield _sealed_value(row, name)


def _sealed_value(row: Authenticator, name: str) -> SealedValue:
    sealed = row.data[name]

    def swap(fresh: str) -> bool:
        """Only this key of the JSON: a code that is used up meanwhile stays used up."""
        path, value = Value(f"{{{name}}}"), Cast(Value(json.dumps(fresh)), JSONField())
        changed = Func(F("data"), path, value, function="jsonb_set", output_field=JSONField())
        same = Authenticator.objects.filter(pk=row.pk, **{f"data__{name}": sealed})
        return bool(same.update(data=changed) == 1)

    return SealedValue(f"second factor {row.pk}", _place_of(row.user_id), sealed, swap)


# --- codes ---------------------------------------------------------------------------------------


_WRONG = "That is not the right code."


@transaction.atomic
def _use_step(row: Authenticator, step: int) -> bool:
    """Use up a step of the clock and all before it. The row's lock keeps two from sharing one."""
    fresh = Authenticator.objects.select_for_update().filter(pk=row.pk).first()
    if fresh is None or step <= fresh.data.get("used_step", -1):
        return False
    fresh.data["used_step"] = step
    fresh.save(update_fields=["data"])
    return True


@transaction.atomic
def _use_recovery(row: Authenticator, number: int) -> bool:
    fresh = Authenticator.objects.select_for_update().filter(pk=row.pk).first()
    if fresh is None or fresh.data["used_mask"] >> number & 1:
        return False
    fresh.data["used_mask"] |= 1 << number
    fresh.save(update_fields=["data"])
    return True


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    """A code of the app, or one of the recovery codes. Five tries, and no code twice."""

    def _uses_app(self, code: str) -> str:
        """Take a code of the app. Returns why not, or an empty string."""
        row = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.TOTP).first()
        if row is None:
            return _WRONG
        now = time.time()
        # Opened with no row locked: the keys may be a network away.
        step = totp.step_of(unseal(row.data["secret"], _place_of(self.user.pk)), code, now)
        if step is None:
            return _WRONG
        if not totp.in_time(step, now):
            return _why_not_in_time(step < totp.step_at(now))
        if not _use_step(row, step):
            return "That code was used already. Wait for the next one."
        self.authenticator = row
        return ""

    def _uses_recovery(self, code: str) -> str:
        row = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.RECOVERY_CODES).first()
        if row is None:
            return _WRONG
        with _of(self.user):
            codes = row.wrap().generate_codes()
        found = [n for n, one in enumerate(codes) if hmac.compare_digest(one.encode(), code.encode())]
        if not found or not _use_recovery(row, found[0]):
            return _WRONG
        self.authenticator = row
        return ""

    def clean_code(self) -> str:
        code = "".join(self.cleaned_data["code"].split()).replace("-", "")
        try:
            counted = lockout.count(lockout.CODE, str(self.user.pk))
        except lockout.LockedOut as locked:
            raise forms.ValidationError(str(locked), code="locked_out") from locked
        try:
            wrong = self._uses_app(code) if len(code) == totp.DIGITS else self._uses_recovery(code)
        except SealBroken as broken:
            counted.went_well()
            logger.exception("The second factor of person %s does not open.", self.user.pk)
            raise forms.ValidationError(KEYS_AWAY, code="sealed") from broken
        if not wrong:
            counted.went_well()
            self.authenticator.user = self.user
            return code
        self._tell_of_failure(last=not counted.left)
        raise forms.ValidationError(f"{wrong} {_tries(counted.left)}", code="incorrect_code")

    def _tell_of_failure(self, *, last: bool) -> None:
        for action in ["sign_in.refused"] + ["sign_in.locked"] * last:
            audit.record(action, by=None, thing=self.user.email, detail="code", request=context.request)


class ConfirmForm(CodeForm, ReauthenticateForm):  # type: ignore[misc]
    """The same, of somebody who is signed in."""

    def save(self) -> None:
        ReauthenticateForm.save(self)


class PairForm(ActivateTOTPForm):  # type: ignore[misc]
    """The first code of a new app. It is used up by that, like any other."""

    step: int

    def clean_code(self) -> str:
        code = "".join(self.cleaned_data["code"].split())
        try:
            counted = lockout.count(lockout.CODE, f"pairing {self.user.pk}")
        except lockout.LockedOut as locked:
            raise forms.ValidationError(str(locked), code="locked_out") from locked
        now = time.time()
        step = totp.step_of(self.secret, code, now)
        if step is None or not totp.in_time(step, now):
            why = _why_not_in_time(step < totp.step_at(now)) if step is not None else _WRONG
            raise forms.ValidationError(f"{why} {_tries(counted.left)}", code="incorrect_code")
        counted.went_well()
        self.step = step
        return code


def used_up(person: Any, step: int) -> None:
    """The code that paired the app does not sign in as well."""
    _use_step(Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP), step)


def _why_not_in_time(late: bool) -> str:
    if late:
        return (
            "That code has expired. Wait for the next one, and if that happens again, see that the phone sets "
            "its clock by itself."
        )
    return "That code is of a time to come: see that the phone sets its clock by itself."


def _tries(left: int) -> str:
    if not left:
        return "That was the last try for now."
    return "1 try left." if left == 1 else f"{left} tries left."
