"""System users from here: listed, created, given the app, ad accounts and tokens, by a connection that may."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.conf import settings

from apps.graphapi import (
    Client,
    GraphError,
    Pauses,
    PermissionMissing,
    Throttled,
    TokenRefused,
    Unreachable,
    businesses,
)
from apps.graphapi.businesses import Business, SystemUser
from apps.vault import KeysAway, SealBroken

from . import clients, tokens
from .models import Connection
from .purposes import Purpose
from .tokens import Connected, Refusal

NEEDED_SCOPE = "business_management"
READ_SCOPES = ["ads_read"]
WRITE_SCOPES = ["ads_read", "ads_management"]
T = TypeVar("T")
# After these the next call would fare no better.
_POINTLESS = (Unreachable, TokenRefused, Throttled)
_PATIENCE = Pauses(tries=1, first=0.5, longest=0.5)


class Trouble(Exception):
    """Meta would not. The text says why, and the way out."""


@dataclass(frozen=True)
class Holding:
    """What a system user has: itself, the ad accounts assigned to it, and those that could be."""

    user: SystemUser
    assigned: list[dict[str, Any]]
    free: list[dict[str, Any]]


@dataclass
class Assignment:
    """Which ad accounts were assigned, which were not and why, and which were not tried after that."""

    assigned: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    untried: list[str] = field(default_factory=list)


class Office:
    """A connection that manages businesses, at work. Every refusal of Meta's is a Trouble."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        try:
            self.client: Client = clients.for_connection(
                connection, purpose=Purpose.SYSTEM_USERS, retries=_PATIENCE
            )
        except (SealBroken, KeysAway) as closed:
            raise Trouble(str(closed)) from closed

    def businesses(self) -> list[Business]:
        return self._ask(lambda: businesses.businesses(self.client))

    def business(self, business_id: str) -> Business:
        found = next((one for one in self.businesses() if one.id == business_id), None)
        if found is None:
            raise Trouble(
                f"{self.connection} does not belong to the business {business_id}. Choose another connection."
            )
        return found

    def users(self, business_id: str) -> list[SystemUser]:
        return self._ask(lambda: businesses.system_users(self.client, business_id))

    def user(self, business_id: str, user_id: str) -> SystemUser:
        found = next((one for one in self.users(business_id) if one.id == user_id), None)
        if found is None:
            raise Trouble(
                f"The business has no system user {user_id} any more. Go back to the list to see who is there."
            )
        return found

    def holding(self, business_id: str, user_id: str) -> Holding:
        user = self.user(business_id, user_id)
        assigned = self._ask(lambda: list(businesses.assigned_accounts(self.client, user_id)))
        owned = self._ask(lambda: list(businesses.owned_accounts(self.client, business_id)))
        taken = {row.get("account_id") for row in assigned}
        return Holding(user, assigned, [row for row in owned if row.get("account_id") not in taken])

    def create(self, business_id: str, name: str, role: str) -> str:
        return self._ask(lambda: businesses.create(self.client, business_id, name, role), creating=True)

    def install(self, user: SystemUser) -> None:
        self._ask(lambda: businesses.install(self.client, user.id, settings.META_APP_ID))

    def assign(self, user: SystemUser, account_ids: list[str], *, writing: bool) -> Assignment:
        """One after the other. One that Meta refuses does not keep the others back; no answer at all does."""
        tasks, done = businesses.WRITING if writing else businesses.READING, Assignment()
        for number, account_id in enumerate(account_ids):
            try:
                businesses.assign(self.client, account_id, user.id, tasks)
            except GraphError as error:
                done.failed[account_id] = _sentence(error, self.connection)
                if isinstance(error, _POINTLESS):
                    done.untried += account_ids[number + 1 :]
                    break
            else:
                done.assigned.append(account_id)
        return done

    def unassign(self, user: SystemUser, account_id: str) -> None:
        self._ask(lambda: businesses.unassign(self.client, account_id, user.id))

    def generate(
        self, user: SystemUser, name: str, *, writing: bool, sixty_days: bool, by: Any = None
    ) -> Connected:
        """A token, checked, sealed and stored at once; nobody sees it. One that can not be kept is revoked again."""
        scopes = WRITE_SCOPES if writing else READ_SCOPES
        token = self.new_token(user.id, scopes, sixty_days=sixty_days)
        try:
            return tokens.connect(name, token, by=by, via=Connection.Via.GENERATED, wanted_scopes=scopes)
        except Refusal as refusal:
            raise Trouble(f"{refusal} {self.withdraw(token)}") from refusal

    def new_token(self, user_id: str, scopes: list[str], *, sixty_days: bool) -> str:
        return self._ask(
            lambda: businesses.generate_token(
                self.client, user_id, settings.META_APP_ID, scopes, sixty_days=sixty_days
            ),
            installing=True,
        )

    def revoke(self, user: SystemUser) -> int:
        """End every token of the system user; says how many connections of ours ended with them."""
        self._ask(lambda: businesses.revoke_tokens(self.client, user.id))
        mine = connections_of(user.id)
        for connection in mine:
            connection.refuse(Trouble(f"All tokens of {user.name} were revoked here. Generate a new one."))
        return len(mine)

    def withdraw(self, token: str) -> str:
        """Revoke a token that could not be kept. A sentence that tells what came of it."""
        try:
            clients.revoke(self.client, token)
        except GraphError as error:
            return f"The token that was generated could not be revoked; end it at Meta. ({error})"
        return "The token that was generated has been revoked again."

    def _ask(self, question: Callable[[], T], *, creating: bool = False, installing: bool = False) -> T:
        try:
            return question()
        except GraphError as error:
            raise Trouble(_sentence(error, self.connection, creating, installing)) from error


def connections_of(user_id: str) -> list[Connection]:
    """What dies with this system user's tokens."""
    return list(
        Connection.objects.usable().filter(
            app_id=settings.META_APP_ID, subject_id=user_id, kind=Connection.Kind.SYSTEM_USER
        )
    )


def offices() -> list[Connection]:
    """The connections that may manage businesses."""
    return [one for one in Connection.objects.usable() if NEEDED_SCOPE in one.scopes]


def _sentence(
    error: GraphError, connection: Connection, creating: bool = False, installing: bool = False
) -> str:
    trace = f" (Meta answered {_code(error)}, fbtrace_id {error.fbtrace_id or 'none'})"
    if isinstance(error, Unreachable):
        return f"Meta could not be reached, so nothing is known to have changed. Try again. ({error})"
    if error.subcode == 458 or "has not authorized application" in error.message:
        if installing:
            return f"The app is not installed for this system user. Press “Install the app” first.{trace}"
        return f"{connection}'s own token has lost the app. Connect it again.{trace}"
    if isinstance(error, TokenRefused):
        return f"Meta refuses the token of {connection}. Connect it again, then come back.{trace}"
    if error.code == 270:
        return (
            "The app has Limited access, which does not reach this. Ask for Full access under App Review, "
            f"Permissions and features, Marketing API Access Tier.{trace}"
        )
    if error.code == 3:
        return (
            "The app may not make this call. Add the Marketing API use case to it, and see its access tier "
            f"on the set-up page.{trace}"
        )
    if error.subcode == 1752129:
        return f"Meta does not take this combination of tasks. Choose reading or writing.{trace}"
    if error.code == 200:
        return (
            f"{connection} may not manage this: it needs {NEEDED_SCOPE} and an admin's role in the business. "
            f"Generate its token again with {NEEDED_SCOPE}, or choose another connection.{trace}"
        )
    if isinstance(error, PermissionMissing):
        return f"{connection} does not reach this, or it is gone. Choose what it owns, or another one.{trace}"
    if creating and error.code == 100:
        told = f"Meta says: {error.user_msg} " if error.user_msg else ""
        return (
            f"{told}A business may have 1 system user and 1 admin with Limited access, 10 and 1 with Full. "
            f"Use one that is there, remove one at Meta, or raise the access tier.{trace}"
        )
    return f"{error.user_msg + ' ' if error.user_msg else ''}{error}"


def _code(error: GraphError) -> str:
    return f"{error.code}/{error.subcode}" if error.subcode else str(error.code or error.status or "nothing")
