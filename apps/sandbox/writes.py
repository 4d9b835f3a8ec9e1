"""POST and DELETE on campaigns, ad sets and ads: status, name and budgets."""

from __future__ import annotations

from typing import Any

from .call import Call
from .errors import fault, invalid
from .fields import parse_fields
from .nodes import show
from .objects import Ad, AdSet, Campaign

STATUSES = ("ACTIVE", "PAUSED", "DELETED", "ARCHIVED")
BUDGETS = ("daily_budget", "lifetime_budget")


def write(call: Call, node: Campaign | AdSet | Ad) -> dict[str, Any]:
    changes = _read(call, node)
    if "validate_only" not in (call.request.words("execution_options") or []):
        if isinstance(node, AdSet) and any(name in changes for name in BUDGETS):
            call.state.usage.change_budget(node.id, call.now)
        _apply(call, node, changes)
    body: dict[str, Any] = {"success": True}
    if call.request.params.get("fields"):
        body |= show(node, parse_fields(call.request.params["fields"]), call)
    return body


def delete(call: Call, node: Campaign | AdSet | Ad) -> dict[str, Any]:
    _apply(call, node, {"status": "DELETED"})
    return {"success": True}


def _read(call: Call, node: Campaign | AdSet | Ad) -> dict[str, Any]:
    params = call.request.params
    changes: dict[str, Any] = {}
    if "status" in params:
        if params["status"] not in STATUSES:
            raise invalid(f"Param status must be one of {{{', '.join(STATUSES)}}}")
        changes["status"] = params["status"]
    if "name" in params:
        if not params["name"].strip():
            raise invalid("Param name must be a non-empty UTF8 encoded string")
        changes["name"] = params["name"]
    for name in BUDGETS:
        if name in params:
            changes[name] = _budget(call, node, name)
    return changes


def _budget(call: Call, node: Campaign | AdSet | Ad, name: str) -> int:
    text = call.request.params[name]
    if not text.isdigit():
        raise invalid(f"Param {name} must be an integer")
    if isinstance(node, AdSet) and (node.campaign.daily_budget or node.campaign.lifetime_budget):
        raise _budget_fault(
            1885621, "Budget Set Twice", "The campaign of this ad set has a budget of its own.", name
        )
    if isinstance(node, Ad):
        raise invalid(f"Param {name} is not valid for an ad")
    if int(text) < 100:
        raise _budget_fault(
            1487901, "Budget too low", "The budget for your ad set is too low. Please raise it.", name
        )
    return int(text)


def _budget_fault(subcode: int, title: str, message: str, field: str) -> Exception:
    return fault(
        "Invalid parameter",
        100,
        subcode,
        is_transient=False,
        error_user_title=title,
        error_user_msg=message,
        error_data=f'{{"blame_field_specs":[["{field}"]]}}',
    )


def _apply(call: Call, node: Campaign | AdSet | Ad, changes: dict[str, Any]) -> None:
    status = changes.pop("status", None)
    if status is not None:
        node.changes.append((call.now, status))
    node.edits.update(changes)
    node.edited = call.now
    call.state.world.revision += 1
