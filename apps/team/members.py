"""What an admin does with people: invite, give a role, switch off and on, reset, sign out. Each leaves an entry.

Refused is said in a sentence. Two admins at once take turns, so that one is always left.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from allauth.usersessions.models import UserSession
from django.db import connection, transaction
from django.http import HttpRequest

from . import audit, lockout, roles, second_factor
from .belongings import known
from .models import Invitation, User

# Any number, as long as it is the same one everywhere.
_LOCK = 7_305_112


class Refused(Exception):
    """What was asked for can not be done. The text says why."""


@contextmanager
def _alone(by: User) -> Iterator[None]:
    """One change at a time, by somebody who is still an admin when the turn comes."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if not User.objects.admins().filter(pk=by.pk).exists():
            raise Refused("You are no admin any more. Somebody has just changed that.")
        yield


def invite(email: str, role: str, *, by: User, request: HttpRequest) -> tuple[User, str]:
    """A person who may sign in once the link was used, and the link's token."""
    with _alone(by):
        if User.objects.filter(email=email).exists():
            raise Refused(f"{email} is a member already, or invited.")
        person = User(email=email, is_active=False)
        person.set_unusable_password()
        person.save()
        person.take_role(role)
        token = Invitation(user=person).renew(by)
        audit.record("person.invited", by=by, thing=email, detail=f"as {role}", request=request)
    return person, token


def invite_again(person: User, *, by: User, request: HttpRequest) -> str:
    """A new link; the one before ends."""
    with _alone(by):
        invitation = Invitation.objects.select_for_update().filter(user=person, accepted_at=None).first()
        if invitation is None:
            raise Refused(f"{person} has joined already.")
        token: str = invitation.renew(by)
        audit.record("person.invited", by=by, thing=person.email, detail="once more", request=request)
    return token


def take_back(person: User, *, by: User, request: HttpRequest) -> None:
    """End an invitation that was not used: nothing of the person stays but the entry."""
    with _alone(by):
        if not Invitation.objects.filter(user=person, accepted_at=None).exists():
            raise Refused(f"{person} has joined already. Switch the account off instead.")
        audit.record("person.uninvited", by=by, thing=person.email, request=request)
        person.delete()


@transaction.atomic
def accept(invitation: Invitation, *, name: str, password: str, request: HttpRequest) -> User | None:
    """Join. None when the link was used, renewed or taken back a moment ago."""
    fresh = Invitation.objects.open().select_for_update().filter(token_hash=invitation.token_hash).first()
    if fresh is None:
        return None
    person: User = fresh.user
    person.name, person.is_active = name, True
    person.set_password(password)
    person.save(update_fields=["name", "is_active", "password"])
    fresh.accepted_at = audit.record("person.joined", by=person, thing=person.email, request=request).at
    fresh.save(update_fields=["accepted_at"])
    return person


def give_role(person: User, role: str, *, by: User, request: HttpRequest) -> None:
    with _alone(by):
        before = _fresh(person).role
        if person == by:
            raise Refused("Nobody changes their own role. Ask another admin.")
        if role == before:
            return
        _leave_an_admin(person)
        person.take_role(role)
        audit.record("person.role", by=by, thing=person.email, detail=f"{before} to {role}", request=request)


def switch_off(person: User, *, by: User, request: HttpRequest, to: User | None = None) -> None:
    """Sign out and keep out. What the person owns goes to `to`, who must be named when there is anything."""
    with _alone(by):
        if person == by:
            raise Refused("Nobody switches off their own account. Ask another admin.")
        if not _fresh(person).is_active:
            raise Refused(f"{person} is switched off already.")
        _leave_an_admin(person)
        owned = known().owned_by(person)
        if owned and (to is None or to == person or not to.is_active):
            raise Refused(f"Say who takes over {', '.join(owned)}.")
        if owned and to:
            known().hand_over(person, to)
        person.is_active = False
        person.save(update_fields=["is_active"])
        _sign_out(person)
        detail = f"{', '.join(owned)} handed over to {to}" if owned else ""
        audit.record("person.switched_off", by=by, thing=person.email, detail=detail, request=request)


def switch_on(person: User, *, by: User, request: HttpRequest) -> None:
    with _alone(by):
        if _fresh(person).is_active or not person.has_usable_password():
            raise Refused(f"{person} is not switched off.")
        person.is_active = True
        person.save(update_fields=["is_active"])
        audit.record("person.switched_on", by=by, thing=person.email, request=request)


def reset_second_factor(person: User, *, by: User, request: HttpRequest) -> None:
    """The phone is gone: forget the factors and sign out. The next sign-in pairs a new one."""
    with _alone(by):
        if person == by:
            raise Refused("Change your own second factor on its own page.")
        number = second_factor.reset(person)
        _sign_out(person)
        audit.record(
            "second_factor.reset", by=by, thing=person.email, detail=f"{number} removed", request=request
        )


def unlock(person: User, *, by: User, request: HttpRequest) -> None:
    """Give the five tries back before the quarter of an hour is over."""
    with _alone(by):
        lockout.forget(lockout.PASSWORD, person.email)
        lockout.forget(lockout.CODE, str(person.pk))
        audit.record("sign_in.unlocked", by=by, thing=person.email, request=request)


def end_sessions(person: User, *, by: User, request: HttpRequest) -> None:
    with _alone(by):
        _sign_out(person)
        audit.record("session.ended", by=by, thing=person.email, detail="all", request=request)


@transaction.atomic
def end_session(session: UserSession, *, by: User, request: HttpRequest) -> None:
    """Sign out of one browser."""
    person = session.user
    session.end()
    audit.record(
        "session.ended", by=by, thing=person.email, detail=f"the one from {session.ip}", request=request
    )


def _sign_out(person: User) -> None:
    person.end_sessions()
    for session in UserSession.objects.filter(user=person):
        session.end()


def _fresh(person: User) -> User:
    """As it stands now that the turn has come."""
    person.refresh_from_db()
    return person


def _leave_an_admin(person: User) -> None:
    if person.role == roles.ADMIN and not User.objects.admins().exclude(pk=person.pk).exists():
        raise Refused(f"{person} is the last admin. Make somebody else an admin first.")
