"""Making people, for the commands."""

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction

from . import audit
from .models import User


def create(email: str, password: str, *, role: str, name: str = "") -> tuple[User, str]:
    """A new person and the password, which is made when none is given. CommandError says what to mend."""
    email = email.strip().lower()
    try:
        User(email=email, name=name).clean_fields(exclude=["password"])
    except ValidationError as error:
        if "email" in error.error_dict:
            raise CommandError(f"{email!r} is no e-mail address.") from error
        raise CommandError(f"The name will not do. {' '.join(error.messages)}") from error
    password = password or secrets.token_urlsafe(15)
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    try:
        with transaction.atomic():
            person = User.objects.with_password(email, password, role=role, name=name)
            audit.record("person.created", by=None, thing=email, detail=f"as {role}, by command")
            return person, password
    except IntegrityError as error:
        raise CommandError(f"{email} is already a member. Nothing was changed.") from error
