"""The ad accounts that a token reaches: asked from Meta, then kept."""

import re
from dataclasses import dataclass, field
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
# Marks a row for which they could not be asked: what is known of them stays.
_BRIEF = "brief"
_DESCRIBED = ["name", "currency", "timezone_name", "account_status", "described_at"]
_IN_DETAIL = ["disable_reason", "business_id", "business_name", "amount_spent", "spend_cap"]
_ID = re.compile(r"[0-9]{1,32}")


@dataclass(frozen=True)
class Stored:
    """What a connection reaches now, and what is new and gone since the time before."""

    reached: int
    gained: list[AdAccount] = field(default_factory=list)
    lost: list[AdAccount] = field(default_factory=list)


def fetch(client: Client) -> list[dict[str, Any]]:
    """Every ad account the client's token reaches, with as much detail as it may read."""
    try:
        rows = list(client.each("me/adaccounts", limit=PAGE, fields=ESSENTIAL + DETAIL))
    except (InvalidRequest, PermissionMissing):
        brief = client.each("me/adaccounts", limit=PAGE, fields=ESSENTIAL)
        rows = [row | {_BRIEF: True} for row in brief]
    if not all(_ID.fullmatch(_bare_id(row)) for row in rows):
        raise BadAnswer("Meta listed an ad account without an id", method="GET", path="me/adaccounts")
    return rows


def store(connection: Connection, rows: list[dict[str, Any]]) -> Stored:
    """Keep what Meta said of the ad accounts; those it no longer lists count as lost.

    Call it inside the transaction that stores the connection.
    """
    now = timezone.now()
    listed = {_bare_id(row): row for row in rows}
    in_order = [listed[key] for key in sorted(listed)]
    _describe([row for row in in_order if _BRIEF in row], _DESCRIBED)
    _describe([row for row in in_order if _BRIEF not in row], _DESCRIBED + _IN_DETAIL)
    ids = dict(AdAccount.objects.filter(meta_id__in=listed).values_list("meta_id", "pk"))
    before = set(
        Reach.objects.filter(connection=connection, lost_at=None).values_list("account_id", flat=True)
    )
    reached = {
        key: Reach(connection=connection, account_id=ids[key], tasks=_tasks(listed[key]), since=now)
        for key in sorted(ids)
    }
    Reach.objects.bulk_create(
        [one for key, one in reached.items() if _BRIEF in listed[key]], ignore_conflicts=True
    )
    Reach.objects.bulk_create(
        [one for key, one in reached.items() if _BRIEF not in listed[key]],
        update_conflicts=True,
        unique_fields=["connection", "account"],
        update_fields=["tasks"],
    )
    reach = Reach.objects.filter(connection=connection)
    found_again = reach.filter(account_id__in=ids.values(), lost_at__isnull=False)
    found_again.update(lost_at=None, lost_reason="", since=now)
    gone = reach.exclude(account_id__in=ids.values()).filter(lost_at=None).select_related("account")
    lost = [one.account for one in gone]
    for one in gone:
        Reach.objects.filter(pk=one.pk).update(lost_at=now, lost_reason=_why_lost(connection, one.account))
    gained = AdAccount.objects.filter(pk__in=set(ids.values()) - before)
    return Stored(len(ids), list(gained.in_order()), lost)


def _describe(rows: list[dict[str, Any]], fields: list[str]) -> None:
    AdAccount.objects.bulk_create(
        [_from_graph(row) for row in rows],
        update_conflicts=True,
        unique_fields=["meta_id"],
        update_fields=fields,
    )


def described(rows: list[dict[str, Any]]) -> list[AdAccount]:
    """The ad accounts as Meta told of them, in order, not stored."""
    return sorted(map(_from_graph, rows), key=lambda account: (account.name, account.meta_id))


def _why_lost(connection: Connection, account: AdAccount) -> str:
    """The likely cause: the token works, and yet Meta lists the ad account no more."""
    limits = [
        granular["target_ids"]
        for granular in connection.granular_scopes
        if granular["scope"] in ("ads_read", "ads_management")
    ]
    if limits and all(ids is not None and account.meta_id not in ids for ids in limits):
        return "The permission of the token is limited to other ad accounts now."
    who = connection.subject_name or connection.name
    return f"It was taken away from {who} at Meta, or closed: the token works and Meta lists it no more."


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


__all__ = ["Stored", "described", "fetch", "store"]
