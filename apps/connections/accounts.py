"""The ad accounts that a token reaches: asked from Meta, then kept."""

import re
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from apps.graphapi import BadAnswer, Client, InvalidRequest, PermissionMissing

from .models import AdAccount, Connection, Reach
from .values import clean, whole

ESSENTIAL = ["id", "account_id", "name", "account_status", "currency", "timezone_name"]
# Nice to have; some of them fail the whole call where a permission is missing.
DETAIL = ["disable_reason", "amount_spent", "spend_cap", "business", "user_tasks"]
PAGE = 100
_ID = re.compile(r"[0-9]{1,32}")


def fetch(client: Client) -> list[dict[str, Any]]:
    """Every ad account the client's token reaches, with as much detail as it may read."""
    try:
        rows = list(client.each("me/adaccounts", limit=PAGE, fields=ESSENTIAL + DETAIL))
    except (InvalidRequest, PermissionMissing):
        rows = list(client.each("me/adaccounts", limit=PAGE, fields=ESSENTIAL))
    if not all(_ID.fullmatch(_bare_id(row)) for row in rows):
        raise BadAnswer("Meta listed an ad account without an id", method="GET", path="me/adaccounts")
    return rows


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
    tasks = {_bare_id(row): _tasks(row) for row in rows}
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
    return str(row.get("account_id") or row.get("id")).removeprefix("act_")


def _tasks(row: dict[str, Any]) -> list[str]:
    told = row.get("user_tasks")
    return [clean(task) for task in told] if isinstance(told, list) else []


def _from_graph(row: dict[str, Any]) -> AdAccount:
    told = row.get("business")
    business = told if isinstance(told, dict) else {}
    return AdAccount(
        meta_id=_bare_id(row),
        name=clean(row.get("name"))[:400],
        currency=clean(row.get("currency") or "USD")[:3],
        timezone_name=_known_zone(row.get("timezone_name")),
        account_status=_code(row.get("account_status")) or 1,
        disable_reason=_code(row.get("disable_reason")),
        business_id=clean(business.get("id"))[:32],
        business_name=clean(business.get("name"))[:400],
        amount_spent=whole(row.get("amount_spent")),
        spend_cap=whole(row.get("spend_cap")) or None,
        described_at=timezone.now(),
    )


def _known_zone(name: Any) -> str:
    """Meta's zone name, or UTC where this machine's tables do not know it."""
    try:
        return ZoneInfo(str(name)).key
    except (KeyError, ValueError, OSError):
        return "UTC"


def _code(value: Any) -> int:
    """One of Meta's numbered words; 0 when it is none."""
    number = whole(value) or 0
    return number if 0 <= number < 2**31 else 0


__all__ = ["fetch", "store"]
