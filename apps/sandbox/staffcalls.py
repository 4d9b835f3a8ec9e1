"""The edges of system users: made, given ad accounts by tasks, given the app, given tokens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from . import edges
from .call import Call
from .errors import GraphFault, fault, invalid, missing_object, scope_missing
from .fields import parse_fields
from .objects import Account, Business
from .staff import READING, Staff, SystemUser
from .tokens import SIXTY_DAYS

ROLES = ("ADMIN", "EMPLOYEE")
EMPLOYEES = {"full": 10, "limited": 1}
ADMINS = 1
WRITING = ("ADVERTISE", "ANALYZE")
COMBINATIONS = (frozenset(READING), frozenset(WRITING), frozenset(("MANAGE", *WRITING)))
KNOWN_TASKS = ("MANAGE", "ADVERTISE", "ANALYZE", "DRAFT", "AA_ANALYZE")


def of_business(call: Call, owner: Business) -> dict[str, Any]:
    staff = call.state.staff
    if call.request.method == "POST":
        return {"id": _create(call, staff, owner).id}
    return _listed(call, [_row(user, call) for user in staff.of(owner)])


def _create(call: Call, staff: Staff, owner: Business) -> SystemUser:
    name, role = call.request.params.get("name", "").strip(), call.request.params.get("role", "EMPLOYEE")
    if not name:
        raise invalid("The parameter name is required")
    if role not in ROLES:
        raise invalid(f"Param role must be one of {{{', '.join(ROLES)}}}")
    room = ADMINS if role == "ADMIN" else EMPLOYEES[call.state.settings.tier]
    if sum(user.role == role for user in staff.of(owner)) >= room:
        raise _full(room)
    return staff.create(owner, name, role, call.now)


def _full(room: int) -> GraphFault:
    return fault(
        "Invalid parameter", 100, 1349194, is_transient=False,
        error_user_title="System User Limit Reached",
        error_user_msg=f"This business can have at most {room} system users of this role.",
    )  # fmt: skip


def of_user(call: Call, user: SystemUser, edge: str) -> dict[str, Any] | None:
    """An edge of a system user; None when it is not one of ours."""
    if edge not in ("applications", "access_tokens", "assigned_ad_accounts"):
        return None
    if not call.token.may("business_management") and call.token.subject_id != user.id:
        raise scope_missing("business_management")
    if edge == "assigned_ad_accounts":
        mine = call.state.world.accounts if user.targets is None else _accounts(call, user.targets)
        return edges.list_accounts(call, mine, f"{user.id}/{edge}")
    if not call.token.may("business_management"):
        raise scope_missing("business_management")
    return _install(call, user) if edge == "applications" else _tokens(call, user)


def _accounts(call: Call, ids: Iterable[str]) -> list[Account]:
    return [call.state.world.account_by_id[one] for one in ids]


def _install(call: Call, user: SystemUser) -> dict[str, Any]:
    if call.request.method != "POST":
        raise missing_object(user.id, call.request.method.lower())
    _check_app(call)
    user.apps.add(call.token.app_id)
    return {"success": True}


def _check_app(call: Call) -> None:
    if call.request.params.get("business_app") != call.token.app_id:
        raise invalid("The parameter business_app is required and must be the app of the token")


def _tokens(call: Call, user: SystemUser) -> dict[str, Any]:
    """POST makes a token of that system user; DELETE ends all of them."""
    tokens = call.state.tokens
    if call.request.method == "DELETE":
        for token in tokens.by_text.values():
            if token.subject_id == user.id:
                token.subcode = token.subcode or 458
        return {"success": True}
    if call.request.method != "POST":
        raise missing_object(user.id, "get")
    _check_app(call)
    if call.token.app_id not in user.apps:
        raise fault(
            f"Error validating access token: The user has not authorized application {call.token.app_id}.",
            190,
            458,
        )
    holder = next((one for one in tokens.by_text.values() if one.subject_id == user.id), None)
    scopes = call.request.words("scope") or (list(holder.scopes) if holder else [])
    if not scopes:
        raise invalid("The parameter scope is required")
    end = int(call.now) + SIXTY_DAYS if call.request.flag("set_token_expires_in_60_days") else 0
    like = call.state.staff.holder(user)
    return {"access_token": tokens.mint(like, issued_at=call.now, expires_at=end, scopes=scopes).text}


def assigned_users(call: Call, account: Account) -> dict[str, Any]:
    """Who is assigned to an ad account, and with which tasks."""
    if not call.token.may("business_management"):
        raise scope_missing("business_management")
    if call.request.method == "GET":
        return _assigned(call, account)
    user = call.state.staff.by_id.get(call.request.params.get("user", ""))
    if user is None or user.business is not account.business:
        raise missing_object(call.request.params.get("user", ""), call.request.method.lower())
    if call.request.method == "DELETE":
        user.unassign(account.id)
        return {"success": True}
    tasks = call.request.words("tasks") or []
    if unknown := [task for task in tasks if task not in KNOWN_TASKS]:
        raise invalid(
            f'Param tasks[0] must be one of {{{", ".join(KNOWN_TASKS)}}} - got value "{unknown[0]}"'
        )
    if frozenset(tasks) not in COMBINATIONS:
        raise fault(
            "Invalid parameter", 100, 1752129, is_transient=False,
            error_user_title="Invalid Task Combination",
            error_user_msg="These tasks can not be assigned together.",
        )  # fmt: skip
    user.assign(account.id, tuple(tasks))
    return {"success": True}


def _assigned(call: Call, account: Account) -> dict[str, Any]:
    business = call.request.params.get("business")
    if not business:
        raise invalid("The parameter business is required")
    users = [user for user in call.state.staff.by_id.values() if user.business.id == business]
    rows = [
        {"id": user.id, "name": user.name, "tasks": list(user.tasks[account.id])}
        for user in users
        if account.id in user.tasks
    ]
    return _listed(call, rows)


def _row(user: SystemUser, call: Call) -> dict[str, Any]:
    row = {
        "id": user.id, "name": user.name, "role": user.role,
        "created_time": _stamp(user.created),
    }  # fmt: skip
    wanted = [one.name for one in parse_fields(call.request.params.get("fields"))] or ["id", "name", "role"]
    if unknown := [name for name in wanted if name not in row]:
        raise fault(f"(#100) Tried accessing nonexisting field ({unknown[0]}) on node type (SystemUser)", 100)
    return {name: value for name, value in row.items() if name in wanted or name == "id"}


def _listed(call: Call, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of rows: these lists are short, but whoever pages must find pages."""
    limit, after = call.request.number("limit", 25), call.request.params.get("after", "")
    start = next((n + 1 for n, row in enumerate(rows) if row["id"] == after), 0)
    page = rows[start : start + limit]
    body: dict[str, Any] = {"data": page}
    if page:
        body["paging"] = {"cursors": {"before": page[0]["id"], "after": page[-1]["id"]}}
        if start + limit < len(rows):
            body["paging"]["next"] = (
                f"{call.base_url}/{call.request.path}?after={page[-1]['id']}&limit={limit}"
            )
    return body


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
