"""Businesses and their system users, as Meta's API has them.

Source: the Marketing API pages "System Users" and "Install Apps, Generate Tokens".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apps.graphapi.accounts import node_id
from apps.graphapi.client import Client
from apps.graphapi.errors import BadAnswer
from apps.graphapi.scrub import tidy

READING = ("ANALYZE",)
WRITING = ("ADVERTISE", "ANALYZE")
ADMIN, EMPLOYEE = "ADMIN", "EMPLOYEE"
CAPACITY = {"development_access": {ADMIN: 1, EMPLOYEE: 1}, "standard_access": {ADMIN: 1, EMPLOYEE: 10}}
"""System users that a business may have, by access tier and role."""


@dataclass(frozen=True)
class Business:
    id: str
    name: str
    verification_status: str = ""


@dataclass(frozen=True)
class SystemUser:
    id: str
    name: str
    role: str


def businesses(client: Client) -> list[Business]:
    """Those that the token's owner belongs to; needs business_management."""
    rows = client.each("me/businesses", fields=["id", "name", "verification_status"])
    return [Business(_id(row), _word(row, "name"), _word(row, "verification_status")) for row in rows]


def system_users(client: Client, business_id: str) -> list[SystemUser]:
    rows = client.each(f"{business_id}/system_users", fields=["id", "name", "role"])
    return [SystemUser(_id(row), _word(row, "name"), _word(row, "role")) for row in rows]


def create(client: Client, business_id: str, name: str, role: str) -> str:
    """The new system user's id."""
    return _id(client.post(f"{business_id}/system_users", name=name, role=role))


def install(client: Client, user_id: str, app_id: str) -> None:
    client.post(f"{user_id}/applications", idempotent=True, business_app=app_id)


def owned_accounts(client: Client, business_id: str) -> Iterator[dict[str, Any]]:
    return client.each(f"{business_id}/owned_ad_accounts", fields=["account_id", "name", "currency"])


def assigned_accounts(client: Client, user_id: str) -> Iterator[dict[str, Any]]:
    return client.each(f"{user_id}/assigned_ad_accounts", fields=["account_id", "name", "currency"])


def assign(client: Client, account_id: str, user_id: str, tasks: tuple[str, ...]) -> None:
    """Meta takes READING, WRITING, or WRITING with MANAGE; anything else is 100/1752129."""
    client.post(f"{node_id(account_id)}/assigned_users", idempotent=True, user=user_id, tasks=list(tasks))


def unassign(client: Client, account_id: str, user_id: str) -> None:
    client.delete(f"{node_id(account_id)}/assigned_users", idempotent=True, user=user_id)


def generate_token(client: Client, user_id: str, app_id: str, scopes: list[str], *, sixty_days: bool) -> str:
    """A token of the system user. The proof that Meta demands is of the calling token: the client sends it."""
    life = {"set_token_expires_in_60_days": True} if sixty_days else {}
    told = client.post(f"{user_id}/access_tokens", business_app=app_id, scope=",".join(scopes), **life)
    token = told.get("access_token")
    if not isinstance(token, str) or not token:
        raise BadAnswer("Meta generated no token", method="POST", path="{id}/access_tokens")
    return token


def revoke_tokens(client: Client, user_id: str) -> None:
    """Every token of the system user ends, those that others hold too."""
    client.delete(f"{user_id}/access_tokens", idempotent=True)


def _id(row: dict[str, Any]) -> str:
    found = str(row.get("id", ""))
    if not (found.isascii() and found.isdigit() and len(found) <= 32):
        raise BadAnswer("Meta named a thing without an id", method="GET", path="{id}")
    return found


def _word(row: dict[str, Any], name: str) -> str:
    return tidy(row.get(name), longest=255)
