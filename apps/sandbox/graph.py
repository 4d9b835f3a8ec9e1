"""From a request to an answer: version, scripted trouble, token, allowance, and the right handler."""

from __future__ import annotations

import secrets
import sys
import time
import traceback
from typing import Any

from . import appnode, batch, edges, insights, nodes, oauth, reportcalls, staffcalls, writes
from .call import Call
from .errors import (
    GraphFault,
    ads_read_missing,
    data_access_over,
    deprecated_version,
    fault,
    internal,
    invalid,
    missing_object,
    scope_missing,
    unknown_path,
)
from .faults import Script, replacement
from .fields import Field, parse_fields
from .objects import Account, Ad, AdSet, Business, Campaign
from .reports import Run
from .seeding import BASE62
from .settings import LATEST, VERSIONS
from .state import State
from .tokens import MARKETING, Token
from .wire import Answer, Request

JSON = "application/json; charset=UTF-8"
LISTS = ("campaigns", "adsets", "ads")
Thing = Account | Campaign | AdSet | Ad


class ExpandingCall(Call):
    """A call whose fields may hold whole edges, as in `fields=campaigns.limit(5){id}`."""

    def expand(self, thing: Any, wanted: Field) -> dict[str, Any]:
        arguments = dict(wanted.arguments)
        inner = {name: value for name, value in self.request.params.items() if name == "access_token"}
        if wanted.sub:
            arguments["fields"] = _spelled(wanted.sub)
        node_id = f"act_{thing.id}" if isinstance(thing, Account) else thing.id
        path = f"{node_id}/{wanted.name}"
        request = Request("GET", path, inner | arguments, host=self.request.host)
        request.version = self.request.version
        call = ExpandingCall(
            self.state, request, self.token, self.now, self.settled, self.arrived, self.counted
        )
        if wanted.name == "insights":
            return insights.sync_answer(call, thing, path)
        return edges.list_children(call, edges.children(thing, wanted.name) or [], path)


def _spelled(fields: list[Field]) -> str:
    return ",".join(
        one.name
        + "".join(f".{name}({value})" for name, value in one.arguments.items())
        + (f"{{{_spelled(one.sub)}}}" if one.sub else "")
        for one in fields
    )


class Graph:
    def __init__(self, state: State) -> None:
        self.state = state

    def answer(self, request: Request, arrived: float) -> tuple[Answer, Script | None]:
        """The answer, and the script that has something to say about how it is sent."""
        script = self.state.faults.take(request)
        if script is not None:
            scripted = self._scripted(script, request)
            if scripted is not None:
                return scripted, script
        return self.handle(request, arrived), script

    def _scripted(self, script: Script, request: Request) -> Answer | None:
        call = self._supposed_call(request)
        if script.kind in ("error", "error_200"):
            return self._failed(script.graph_fault(), request, call)
        scripted = replacement(script)
        if scripted is not None:
            scripted.headers = self._headers(request, call) | scripted.headers
        return scripted

    def _supposed_call(self, request: Request) -> Call | None:
        """What the call would have been counted against, for the usage headers of a scripted answer."""
        parts = [part for part in request.path.split("/") if part and part not in VERSIONS]
        now = self.state.clock.now()
        thing = self.state.world.find(parts[0], now) if parts else None
        token = self.state.tokens.by_text.get(request.token or "")
        if thing is None or token is None:
            return None
        account = thing if isinstance(thing, Account) else thing.account
        kind = "ads_insights" if parts[-1] == "insights" else "ads_management"
        call = ExpandingCall(self.state, request, token, now, self.state.clock.settled(), 0.0)
        call.counted.append((token.app_id, account.id, kind))
        return call

    def handle(self, request: Request, arrived: float) -> Answer:
        call: Call | None = None
        try:
            rest = self._strip_version(request)
            open_handler = oauth.OPEN.get(tuple(rest))
            if open_handler is not None:
                body: Any = open_handler(self.state, request, self.state.clock.now())
                return Answer(200, body, self._headers(request, None))
            call = self._call(request, arrived)
            if not rest and request.method == "POST" and "batch" in request.params:
                return self._batch(call)
            body = self._dispatch(call, rest)
        except GraphFault as wrong:
            return self._failed(wrong, request, call)
        except Exception:  # noqa: BLE001 - a pretend Meta answers 500, as the real one would
            traceback.print_exc(file=sys.stderr)
            return self._failed(internal(), request, call)
        return Answer(200, body, self._headers(request, call))

    def _strip_version(self, request: Request) -> list[str]:
        parts = [part for part in request.path.split("/") if part]
        if not parts and request.method == "POST":
            request.version = LATEST
            return []
        if not parts or parts[0] not in VERSIONS:
            raise deprecated_version(LATEST)
        request.version = parts[0]
        request.path = "/".join(parts[1:])
        return parts[1:]

    def _call(self, request: Request, arrived: float) -> Call:
        state, now = self.state, self.state.clock.now()
        token = state.tokens.find(request.token, now)
        state.tokens.check_proof(token, request.params, now, required=state.settings.require_proof)
        return ExpandingCall(state, request, token, now, state.clock.settled(), arrived)

    # Batches

    def _batch(self, call: Call) -> Answer:
        items = batch.read_items(call.request)
        if len(items) > batch.MAX_ITEMS:
            answer = batch.too_many()
        else:
            answer = Answer(200, batch.run(call.request, items, lambda item: self._item(item, call.arrived)))
        answer.headers = self._headers(call.request, None)
        return answer

    def _item(self, request: Request, arrived: float) -> Answer | None:
        started = time.perf_counter()
        path = request.path
        answer, script = self.answer(request, arrived)
        if script is not None and script.kind == "null_item":
            self.state.remember(request.method, f"/{path}", "null", 0)
            return None
        if script is not None and script.kind == "headers":
            answer.headers = changed_headers(answer.headers, script)
        spent = (time.perf_counter() - started) * 1000
        self.state.remember(request.method, f"/{path}", answer.status, spent)
        return answer

    # Dispatch

    def _dispatch(self, call: Call, rest: list[str]) -> Any:
        if not rest or (len(rest) == 1 and "ids" in call.request.params):
            return self._many(call, rest[0] if rest else None)
        if rest == ["debug_token"]:
            call.count(None, "platform")
            return oauth.debug_token(call)
        if rest[0] == "me":
            return self._me(call, rest[1:])
        if len(rest) > 2:
            raise unknown_path("/".join(rest[2:]))
        return self._node(call, rest[0], rest[1] if len(rest) == 2 else None)

    def _me(self, call: Call, rest: list[str]) -> Any:
        call.count(None, "platform")
        if call.token.kind == "APP":
            raise fault(
                "An active access token must be used to query information about the current user.", 2500
            )
        if not rest:
            return _subject(call.token, call)
        if rest[0] == "permissions":
            if call.request.method == "DELETE":
                return oauth.remove_permissions(call, rest[1] if len(rest) > 1 else None)
            return oauth.permissions(call)
        if rest == ["adaccounts"]:
            return self._accounts(call, f"{call.token.subject_id}/adaccounts")
        if rest == ["businesses"]:
            return self._businesses(call)
        raise unknown_path("/".join(rest))

    def _accounts(self, call: Call, path: str, owner: Business | None = None) -> Any:
        if not call.token.reads_data(call.now):
            raise data_access_over()
        if not call.token.may(*MARKETING):
            raise ads_read_missing()
        reached = [one for one in self.state.world.accounts if call.token.reaches(one)]
        if owner is not None:
            reached = [one for one in reached if one.business is owner]
        return edges.list_accounts(call, reached, path)

    def _businesses(self, call: Call) -> Any:
        if not call.token.may("business_management"):
            raise scope_missing("business_management")
        owners = sorted(self.state.world.businesses, key=lambda one: one.id)
        return edges.answer(call, owners, lambda _, one: (one.id,))

    def _many(self, call: Call, edge: str | None) -> Any:
        """`?ids=1,2`: each id is counted as a call."""
        ids = call.request.words("ids")
        if not ids:
            raise fault("Unsupported get request. Please read the Graph API documentation.", 100)
        if len(ids) > 50:
            raise invalid("Too many IDs. Maximum: 50. Provided: " + str(len(ids)))
        return {one: self._node(call, one, edge, f"{one}/{edge}" if edge else None) for one in ids}

    def _node(self, call: Call, node_id: str, edge: str | None, path: str | None = None) -> Any:
        thing = self.state.world.find(node_id, call.now)
        if thing is not None:
            return self._ads_object(call, thing, node_id, edge, path)
        run = self.state.reports.find(node_id, call.now)
        if run is not None:
            return self._run(call, run, edge)
        return self._other(call, node_id, edge)

    def _ads_object(self, call: Call, thing: Thing, node_id: str, edge: str | None, path: str | None) -> Any:
        account = thing if isinstance(thing, Account) else thing.account
        method = call.request.method
        reporting = edge == "insights"
        writing = method != "GET" and not reporting
        call.count(account, "ads_insights" if reporting else "ads_management", write=writing)
        if reporting:
            call.open_account(account, node_id, insights=True)
            if method == "POST":
                return reportcalls.start(call, thing)
            return insights.sync_answer(call, thing, path)
        if isinstance(thing, Account) and edge == "assigned_users":
            return staffcalls.assigned_users(call, account)
        if isinstance(thing, Account) and edge == "subscribed_apps":
            call.open_for_writing(account, node_id)
            return appnode.subscribed_apps(call, account)
        if writing:
            call.open_for_writing(account, node_id)
            return self._write(call, thing, node_id, edge)
        call.open_account(account, node_id)
        return self._read(call, thing, edge, path)

    def _read(self, call: Call, thing: Thing, edge: str | None, path: str | None) -> Any:
        if edge is None:
            wanted = parse_fields(call.request.params.get("fields"))
            return nodes.show(thing, wanted, call)
        listed = None if isinstance(thing, Ad) or edge not in LISTS else edges.children(thing, edge)
        if listed is None:
            raise unknown_path(edge)
        return edges.list_children(call, listed, path)

    def _write(self, call: Call, thing: Thing, node_id: str, edge: str | None) -> Any:
        if edge is not None or isinstance(thing, Account):
            raise missing_object(node_id, call.request.method.lower())
        if call.request.method == "DELETE":
            return writes.delete(call, thing)
        return writes.write(call, thing)

    def _run(self, call: Call, run: Run, edge: str | None) -> Any:
        account = self.state.world.account_by_id[run.account_id]
        call.count(account, "ads_insights")
        call.open_account(account, run.id, insights=True)
        if edge is None:
            return reportcalls.look(call, run)
        node = self.state.world.find(run.node_id, call.now)
        if edge != "insights" or node is None:
            raise unknown_path(edge)
        return reportcalls.rows(call, run, node)

    def _other(self, call: Call, node_id: str, edge: str | None) -> Any:
        """Users, system users, businesses and creatives."""
        creative = self.state.world.creative_of.get(node_id)
        if creative is not None and edge is None and creative.created <= call.now:
            call.count(creative.account, "ads_management")
            call.open_account(creative.account, node_id)
            return nodes.show(nodes.Creative(creative), parse_fields(call.request.params.get("fields")), call)
        call.count(None, "platform")
        if node_id == call.token.app_id or (node_id == "app" and call.token.kind == "APP"):
            return appnode.answer(call, edge)
        owner = next((one for one in self.state.world.businesses if one.id == node_id), None)
        if owner is not None:
            return self._business(call, owner, edge)
        return self._user(call, node_id, edge)

    def _business(self, call: Call, owner: Business, edge: str | None) -> Any:
        if not call.token.may("business_management"):
            raise scope_missing("business_management")
        if edge is None:
            return nodes.show(owner, parse_fields(call.request.params.get("fields")), call)
        if edge == "owned_ad_accounts":
            return self._accounts(call, f"{owner.id}/{edge}", owner)
        if edge == "client_ad_accounts":
            return {"data": []}
        if edge == "system_users":
            return staffcalls.of_business(call, owner)
        raise unknown_path(edge)

    def _user(self, call: Call, node_id: str, edge: str | None) -> Any:
        member = self.state.staff.by_id.get(node_id)
        if member is not None and edge is not None and call.token.app_id == self.state.tokens.app_id:
            told = staffcalls.of_user(call, member, edge)
            if told is not None:
                return told
        known = {token.subject_id: token for token in self.state.tokens.by_text.values()}
        subject = call.token if call.token.subject_id == node_id else known.get(node_id)
        if subject is None and member is not None:
            subject = self.state.staff.holder(member)
        if subject is None or subject.app_id != call.token.app_id or call.token.kind == "APP":
            raise missing_object(node_id, call.request.method.lower())
        if edge is None:
            return _subject(subject, call)
        if edge == "adaccounts" and subject.subject_id == call.token.subject_id:
            return self._accounts(call, f"{node_id}/{edge}")
        if edge == "permissions" and subject.subject_id == call.token.subject_id:
            if call.request.method == "DELETE":
                return oauth.remove_permissions(call, call.request.params.get("permission"))
            return oauth.permissions(call)
        raise missing_object(node_id, call.request.method.lower())

    # Answers

    def _failed(self, wrong: GraphFault, request: Request, call: Call | None) -> Answer:
        if call is not None and wrong.status == 400 and wrong.body.get("code") == 100:
            for app, account, kind in call.counted[-1:]:
                if kind == "ads_insights":
                    self.state.usage.user_error(app, account)
        body = {"error": wrong.body | {"fbtrace_id": _trace()}}
        return Answer(wrong.status, body, self._headers(request, call))

    def _headers(self, request: Request, call: Call | None) -> dict[str, str]:
        headers = {
            "content-type": JSON,
            "facebook-api-version": request.version or LATEST,
            "x-fb-trace-id": _trace(),
            "x-fb-request-id": _trace(),
            "x-fb-rev": "1030512345",
            "x-fb-debug": secrets.token_urlsafe(48),
        }
        now = self.state.clock.now()
        for app, account, kind in call.counted if call is not None else []:
            told = self.state.usage.headers(app, account, kind, now)
            headers.update(_merged(headers, told))
        return headers


def _merged(headers: dict[str, str], told: dict[str, str]) -> dict[str, str]:
    """Several accounts in one call share one business-use-case header."""
    name = "x-business-use-case-usage"
    if name in headers and name in told:
        told[name] = headers[name][:-1] + "," + told[name][1:]
    return told


def changed_headers(headers: dict[str, str], script: Script) -> dict[str, str]:
    changed = dict(headers)
    for name, value in script.headers.items():
        if value is None:
            changed.pop(name.lower(), None)
        else:
            changed[name.lower()] = str(value)
    return changed


def _subject(token: Token, call: Call) -> dict[str, str]:
    wanted = {one.name for one in parse_fields(call.request.params.get("fields"))} or {"id", "name"}
    row = {"name": token.subject_name, "id": token.subject_id}
    if "email" in wanted and token.kind == "USER":
        row["email"] = "zoe@example.com"
    return {name: value for name, value in row.items() if name in wanted or name == "id"}


def _trace() -> str:
    return "A" + "".join(secrets.choice(BASE62) for _ in range(22))
