"""The ad accounts that a token reaches: asked from Meta, then kept."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from apps.graphapi import Client, InvalidRequest, PermissionMissing

from .models import AdAccount, Connection, Reach

ESSENTIAL = ["id", "account_id", "name", "account_status", "currency", "timezone_name"]
# Nice to have; some of them fail the whole call where a permission is missing.
DETAIL = ["disable_reason", "amount_spent", "spend_cap", "business", "user_tasks"]
PAGE = 100


def fetch(client: Client) -> Iterator[dict[str, Any]]:
    """Every ad account the client's token reaches, with as much detail as it may read."""
    try:
        yield from list(client.each("me/adaccounts", limit=PAGE, fields=ESSENTIAL + DETAIL))
    except (InvalidRequest, PermissionMissing):
        yield from client.each("me/adaccounts", limit=PAGE, fields=ESSENTIAL)


def store(connection: Connection, rows: list[dict[str, Any]]) -> int:
    """Keep what Meta said of the ad accounts; those it no longer lists count as lost. Returns how many it reaches.

    Call it inside the transaction that stores the connection.
    """
    now = timezone.now()
    described = {account.meta_id: account for account in map(_from_graph, rows)}
    AdAccount.objects.bulk_create(
        [described[key] for key in sorted(described)],
        update_conflicts=True,
        unique_fields=["meta_id"],
        update_fields=[
            "name", "currency", "timezone_name", "account_status", "disable_reason", "business_id",
            "business_name", "amount_spent", "spend_cap", "described_at",
        ],
    )  # fmt: skip
    ids = dict(AdAccount.objects.filter(meta_id__in=described).values_list("meta_id", "pk"))
    tasks = {_bare_id(row): row.get("user_tasks") or [] for row in rows}
    Reach.objects.bulk_create(
        [
            Reach(connection=connection, account_id=ids[key], tasks=tasks[key], since=now)
            for key in sorted(ids)
        ],
        update_conflicts=True,
        unique_fields=["connection", "account"],
        update_fields=["tasks"],
    )
    reach = Reach.objects.filter(connection=connection)
    reach.filter(account_id__in=ids.values(), lost_at__isnull=False).update(lost_at=None, since=now)
    reach.exclude(account_id__in=ids.values()).filter(lost_at=None).update(lost_at=now)
    return len(ids)


def _bare_id(row: dict[str, Any]) -> str:
    return str(row.get("account_id") or row["id"]).removeprefix("act_")


def _from_graph(row: dict[str, Any]) -> AdAccount:
    business = row.get("business") or {}
    return AdAccount(
        meta_id=_bare_id(row),
        name=str(row.get("name") or "")[:400],
        currency=str(row.get("currency") or "USD")[:3],
        timezone_name=_known_zone(row.get("timezone_name")),
        account_status=int(row.get("account_status") or 1),
        disable_reason=int(row.get("disable_reason") or 0),
        business_id=str(business.get("id") or "")[:32],
        business_name=str(business.get("name") or "")[:400],
        amount_spent=_whole(row.get("amount_spent")),
        spend_cap=_whole(row.get("spend_cap")) or None,
        described_at=timezone.now(),
    )


def _known_zone(name: Any) -> str:
    """Meta's zone name, or UTC where this machine's tables do not know it."""
    try:
        return ZoneInfo(str(name)).key
    except (KeyError, ValueError, OSError):
        return "UTC"


def _whole(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


__all__ = ["fetch", "store"]
