"""Lists of accounts, campaigns, ad sets and ads: filtered, sorted newest first, cut into pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .call import Call
from .errors import invalid, reduce_the_amount
from .fields import Field, parse_fields
from .filtering import Condition, read_filtering
from .nodes import KINDS, show
from .objects import Account, Ad, AdSet, Campaign
from .paging import DEFAULT_LIMIT, page_of
from .world import effective_status, hidden_by_default, updated

Listed = Campaign | AdSet | Ad
PREFIXES: dict[type, tuple[str, ...]] = {Campaign: ("campaign",), AdSet: ("adset",), Ad: ("ad", "adgroup")}
DELIVERY = {"ACTIVE": "active", "PAUSED": "inactive", "ARCHIVED": "archived", "DELETED": "deleted"}


def children(node: Account | Campaign | AdSet, edge: str) -> list[Listed] | None:
    """Everything that ever hangs on that edge; None when the object has no such edge."""
    if isinstance(node, Account) and edge == "campaigns":
        return list(node.campaigns)
    campaigns = node.campaigns if isinstance(node, Account) else []
    if isinstance(node, Campaign):
        campaigns = [node]
    if edge == "adsets" and campaigns:
        return [adset for campaign in campaigns for adset in campaign.adsets]
    if edge == "ads":
        sets: Iterable[AdSet] = [node] if isinstance(node, AdSet) else ()
        sets = sets or [adset for campaign in campaigns for adset in campaign.adsets]
        return [ad for adset in sets for ad in adset.ads]
    return None


def list_children(call: Call, items: list[Listed], path: str | None = None) -> dict[str, Any]:
    """The answer of a list edge."""
    shown = [item for item in items if item.created <= call.now]
    shown = _wanted(call, shown)
    shown.sort(key=lambda item: (-int(item.created), item.id))
    return answer(call, shown, lambda _, item: (-int(item.created), item.id), path)


def list_accounts(call: Call, accounts: Sequence[Account], path: str | None = None) -> dict[str, Any]:
    order = sorted(accounts, key=lambda account: account.id)
    return answer(call, order, lambda _, account: (account.id,), path)


def answer(call: Call, items: Sequence[Any], place: Any, path: str | None = None) -> dict[str, Any]:
    limit = call.request.number("limit", DEFAULT_LIMIT)
    if limit > call.state.settings.page_ceiling:
        raise reduce_the_amount()
    wanted = parse_fields(call.request.params.get("fields"))
    page, paging = page_of(call, items, place, limit, path)
    body: dict[str, Any] = {"data": [show(item, wanted, call) for item in page]}
    if not page and wanted and items:
        _check_fields(items[0], wanted, call)
    if paging:
        body["paging"] = paging
    summary = call.request.params.get("summary", "")
    if summary and summary.lower() not in ("0", "false"):
        body["summary"] = {"total_count": len(items)}
    call.weigh(len(body["data"]))
    return body


def _check_fields(sample: Any, wanted: list[Field], call: Call) -> None:
    """A wrong field is refused even when the page has no rows."""
    show(sample, wanted, call)


def _wanted(call: Call, items: list[Listed]) -> list[Listed]:
    conditions = read_filtering(call.request)
    statuses = call.request.words("effective_status")
    asks_status = statuses is not None or any(
        condition.field in ("effective_status", "delivery_info") for condition in conditions
    )
    found = []
    for item in items:
        status = effective_status(item, call.now)
        if not asks_status and hidden_by_default(status):
            continue
        if statuses is not None and status not in statuses:
            continue
        if all(condition.holds(_value(item, condition, call)) for condition in conditions):
            found.append(item)
    return found


def _value(item: Listed, condition: Condition, call: Call) -> Any:
    target: Any = item
    if condition.level is not None and condition.level not in PREFIXES[type(item)]:
        target = _ancestor(item, condition.level)
    if condition.field == "delivery_info":
        return DELIVERY.get(effective_status(target, call.now), "inactive")
    if condition.field == "updated_time":
        return int(updated(target, call.now))
    if condition.field == "created_time":
        return int(target.created)
    getter = KINDS[type(target)][1].get(condition.field)
    if getter is None:
        raise invalid(
            f"Filtering field {condition.field} with operation {condition.operator} is not supported"
        )
    value = getter(target, call)
    return "" if value is None else value


def _ancestor(item: Listed, level: str) -> Listed:
    if level == "campaign":
        return item.campaign
    if level == "adset" and isinstance(item, Ad):
        return item.adset
    raise invalid(f"Filtering field {level}.* is not supported on this edge")
