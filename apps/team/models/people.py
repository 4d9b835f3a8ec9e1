from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, PermissionsMixin
from django.db import models, transaction
from django.db.models import Value
from django.db.models.functions import Coalesce, Lower, NullIf
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.team import roles


class UserQuerySet(models.QuerySet["User"]):
    def with_role(self, role: str) -> Self:
        return self.filter(is_active=True, groups__name=role)

    def in_order(self) -> Self:
        """By what they are shown as, those switched off last."""
        shown = Coalesce(NullIf("name", Value("")), "email", output_field=models.CharField())
        return self.order_by("-is_active", Lower(shown))


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)

    @transaction.atomic
    def with_password(self, email: str, password: str, *, role: str, name: str = "") -> "User":
        """Make a person with one role."""
        person = self.model(email=email.strip().lower(), name=name.strip())
        person.set_password(password)
        person.save()
        person.take_role(role)
        return person

    def admins(self) -> UserQuerySet:
        """Whom to ask for access."""
        return self.get_queryset().with_role(roles.ADMIN).order_by("name", "email")


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address and has one of the three roles."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    # Part of what a session is checked against: one more, and every session has ended.
    session_round = models.PositiveIntegerField(default=0)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        permissions = list(roles.PERMISSIONS.items())
        default_permissions = ()
        constraints = [models.UniqueConstraint(Lower("email"), name="one_person_per_email")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def clean(self) -> None:
        self.email = self.email.strip().lower()

    @property
    def role(self) -> str:
        """The person's role, or an empty string. Costs a query unless groups were prefetched."""
        held = {group.name for group in self.groups.all()}
        return next((role for role in reversed(roles.ROLES) if role in held), "")

    def take_role(self, role: str) -> None:
        """Have this role and no other."""
        self.groups.set([Group.objects.get(name=role)])
        for cached in ("_perm_cache", "_user_perm_cache", "_group_perm_cache"):
            self.__dict__.pop(cached, None)

    def end_sessions(self) -> None:
        """Sign this person out everywhere, with the next request of each browser."""
        type(self).objects.filter(pk=self.pk).update(session_round=models.F("session_round") + 1)
        self.refresh_from_db(fields=["session_round"])

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """Django's own, with the round in it."""
        return salted_hmac(
            "apps.team.models.User.session",
            f"{self.session_round}|{self.password}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()

    @property
    def initials(self) -> str:
        words = (self.name or self.email.partition("@")[0].replace(".", " ")).split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    def natural_key(self) -> tuple[Any, ...]:
        return (self.email,)
