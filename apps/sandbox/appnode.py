"""The app as a node: what its dashboard holds, its permissions, and what it is subscribed to."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import GraphFault, fault, invalid, missing_object
from .fields import parse_fields
from .objects import Account

if TYPE_CHECKING:
    from .call import Call

HANDSHAKE_SECONDS = 5
CHALLENGE = "1158201444"
OBJECTS = ("ad_account", "page", "user", "permissions", "application")
# Known to Meta; without a value here.
FIELDS = frozenset(
    [
        "app_domains",
        "app_type",
        "business",
        "category",
        "company",
        "contact_email",
        "created_time",
        "deauth_callback_url",
        "description",
        "icon_url",
        "id",
        "link",
        "logo_url",
        "name",
        "namespace",
        "owner_business",
        "privacy_policy_url",
        "server_ip_whitelist",
        "terms_of_service_url",
        "user_support_email",
        "website_url",
    ]
)
VERIFICATION = (
    "expired", "failed", "ineligible", "not_verified", "pending", "pending_need_more_info", "pending_submission",
    "rejected", "revoked", "verified",
)  # fmt: skip


@dataclass
class App:
    """Changeable while running, under `/_sandbox/app`. An empty address is one that nobody has filled in."""

    name: str = "Ads Console"
    namespace: str = "ads-console"
    privacy_policy_url: str = "https://ads.example.com/privacy/"
    terms_of_service_url: str = ""
    deauth_callback_url: str = ""
    contact_email: str = "ads@example.com"
    verification_status: str = "verified"  # of every business
    live_permissions: list[str] = field(default_factory=lambda: ["ads_read", "business_management"])
    unapproved_permissions: list[str] = field(default_factory=lambda: ["ads_management"])
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    subscribed: dict[str, set[str]] = field(default_factory=dict)  # apps by bare account id


def answer(call: Call, edge: str | None) -> dict[str, Any]:
    if edge is None:
        return _node(call)
    if edge not in ("permissions", "subscriptions"):
        raise missing_object(call.token.app_id, call.request.method.lower())
    if call.token.kind != "APP":
        raise fault("(#15) This method must be called with an app access_token.", 15)
    if edge == "permissions":
        return _permissions(call.state.app)
    return {"GET": _subscriptions, "POST": _subscribe, "DELETE": _unsubscribe}[call.request.method](call)


def _node(call: Call) -> dict[str, Any]:
    app, row = call.state.app, {}
    wanted = [one.name for one in parse_fields(call.request.params.get("fields"))] or [
        "name",
        "namespace",
        "link",
    ]
    for name in wanted:
        if name not in FIELDS:
            raise fault(f"(#100) Tried accessing nonexisting field ({name}) on node type (Application)", 100)
        value = f"https://www.facebook.com/games/?app_id={call.token.app_id}" if name == "link" else ""
        value = value or getattr(app, name, "")
        if value:
            row[name] = value
    return row | {"id": call.token.app_id}


def _permissions(app: App) -> dict[str, Any]:
    rows = [{"permission": name, "status": "live"} for name in app.live_permissions]
    rows += [{"permission": name, "status": "unapproved"} for name in app.unapproved_permissions]
    return {"data": rows}


def _subscriptions(call: Call) -> dict[str, Any]:
    return {"data": list(call.state.app.subscriptions.values())}


def _subscribe(call: Call) -> dict[str, Any]:
    params = call.request.params
    thing, address = params.get("object", ""), params.get("callback_url", "")
    if thing not in OBJECTS:
        raise invalid(f"Param object must be one of {{{', '.join(OBJECTS)}}}")
    if not address.startswith(("http://", "https://")):
        raise invalid("(#100) Param callback_url must be a valid URL")
    _shake_hands(address, params.get("verify_token", ""))
    known = call.state.app.subscriptions.get(thing, {"fields": []})
    names = {one["name"] for one in known["fields"]} | set(call.request.words("fields") or [])
    call.state.app.subscriptions[thing] = {
        "object": thing,
        "callback_url": address,
        "active": True,
        "fields": [{"name": name, "version": call.request.version} for name in sorted(names)],
    }
    return {"success": True}


def _shake_hands(address: str, token: str) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": CHALLENGE, "hub.verify_token": token}
    try:
        url = f"{address}{'&' if '?' in address else '?'}{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=HANDSHAKE_SECONDS) as response:  # noqa: S310  # nosec B310
            echoed = response.read(100).decode("utf-8", "replace")
    except urllib.error.HTTPError as refused:
        raise _unverified(f"HTTP Status Code = {refused.code}") from None
    except OSError:
        raise _unverified("the callback could not be reached") from None
    if echoed != CHALLENGE:
        raise _unverified("the challenge was not echoed")


def _unverified(why: str) -> GraphFault:
    return fault(f"(#2200) Callback verification failed with the following errors: {why}", 2200)


def _unsubscribe(call: Call) -> dict[str, Any]:
    app, thing = call.state.app, call.request.params.get("object")
    fields = set(call.request.words("fields") or [])
    if thing is None:
        app.subscriptions.clear()
    elif thing in app.subscriptions and fields:
        one = app.subscriptions[thing]
        one["fields"] = [known for known in one["fields"] if known["name"] not in fields]
    else:
        app.subscriptions.pop(thing, None)
    return {"success": True}


def subscribed_apps(call: Call, account: Account) -> dict[str, Any]:
    """Whether the app hears of an ad account."""
    apps = call.state.app.subscribed.setdefault(account.id, set())
    if call.request.method == "GET":
        return {"data": [{"app_id": app_id, "app_name": call.state.app.name} for app_id in sorted(apps)]}
    app_id = call.request.params.get("app_id") or call.token.app_id
    if app_id != call.token.app_id:
        raise invalid("The parameter app_id must be the app of the token")
    if call.request.method == "DELETE":
        apps.discard(app_id)
    else:
        apps.add(app_id)
    return {"success": True}
