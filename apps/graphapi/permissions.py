"""What a person said to each permission, and how far the app may use it.

Sources: the Graph API reference pages "User Permissions" and "Application Permissions".
"""

from typing import Any

from apps.graphapi.client import Client
from apps.graphapi.scrub import tidy

GRANTED, DECLINED, EXPIRED = "granted", "declined", "expired"
ADVANCED = frozenset({"live", "approved"})
"""Access levels that reach the ad accounts of others; with any other only people with a role in the app answer."""


def of_person(client: Client) -> dict[str, str]:
    """Status by permission, for the token of a person."""
    return _read(client, "me/permissions")


def of_app(client: Client, app_id: str) -> dict[str, str]:
    """Access level by permission, for a client that speaks as the app."""
    return _read(client, f"{app_id}/permissions")


def _read(client: Client, path: str) -> dict[str, str]:
    rows: list[dict[str, Any]] = list(client.each(path))
    told = {tidy(row.get("permission"), longest=100): tidy(row.get("status"), longest=40) for row in rows}
    return {name: status for name, status in told.items() if name and status}
