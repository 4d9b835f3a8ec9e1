"""What hangs on a person here, for the pages of `team`: ad accounts granted, connections owned."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from apps.team.models import User

from .models import AccountGrant, Connection
from .models.connection import REFERENCE


def accounts_of(people: Iterable[User]) -> dict[int, list[str]]:
    """The names of the ad accounts granted, by person."""
    named: dict[int, list[str]] = defaultdict(list)
    grants = AccountGrant.objects.filter(user__in=people).select_related("account").order_by("account__name")
    for grant in grants:
        named[grant.user_id].append(str(grant.account))
    return dict(named)


def owned_by(person: User) -> list[str]:
    """Connections whose login nobody but this person can repeat."""
    owned = Connection.objects.filter(owner_email__iexact=person.email).exclude(
        state=Connection.State.DISCONNECTED
    )
    return [f"connection {name}" for name in owned.order_by("name").values_list("name", flat=True)]


def named(things: Iterable[str]) -> dict[str, str]:
    """Today's names of what the audit trail holds by a reference."""
    found = Connection.objects.filter(pk__in=[pk for thing in things if (pk := _pk_of(thing))])
    return {f"{REFERENCE}{connection.pk}": connection.name for connection in found}


def references(words: str) -> list[str]:
    """What the audit trail holds by a reference and is called like this today."""
    found = Connection.objects.filter(kind=Connection.Kind.USER)
    found = found.filter(Q(name__icontains=words) | Q(subject_name__icontains=words))
    return [connection.reference for connection in found]


def _pk_of(thing: str) -> UUID | None:
    try:
        return UUID(thing.removeprefix(REFERENCE)) if thing.startswith(REFERENCE) else None
    except ValueError:
        return None


def hand_over(person: User, to: User) -> None:
    """Whom to ask for a login from now on. The token itself stays the old person's at Meta until then."""
    Connection.objects.filter(owner_email__iexact=person.email).update(owner_email=to.email)
