"""Token endpoints: debug_token, /oauth/*, /me/permissions and the tokens of system users."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from .call import Call
from .errors import fault, invalid
from .state import State
from .tokens import SIXTY_DAYS, Token, debug_data, garbage_data
from .wire import Request

Body = dict[str, Any]
SHORT_LIVED = 86400


def debug_token(call: Call) -> Body:
    text = call.request.params.get("input_token")
    if not text:
        raise invalid("The parameter input_token is required")
    tokens = call.state.tokens
    app_id = tokens.app_of(text)
    if app_id is not None:
        inspected = Token("app", "", text, "APP", app_id, app_id, "Ads Console", [], 0)
    elif text in tokens.by_text:
        inspected = tokens.by_text[text]
    else:
        return {"data": garbage_data()}
    if inspected.app_id != call.token.app_id:
        raise invalid("The App_id in the input_token did not match the Viewing App")
    return {"data": debug_data(inspected, call.now)}


def access_token(state: State, request: Request, now: float) -> Body:
    """Issue a token against the app's id and secret."""
    params = request.params
    _check_client(state, params)
    grant = params.get("grant_type")
    if grant == "client_credentials":
        return {"access_token": next(iter(state.tokens.opaque_app_tokens)), "token_type": "bearer"}
    if grant == "fb_exchange_token":
        return _exchange(state, params, now)
    if params.get("code"):
        return _for_code(state, params, now)
    raise invalid("The grant_type is not supported; give client_credentials or fb_exchange_token")


def _for_code(state: State, params: dict[str, str], now: float) -> Body:
    token = state.people.redeem(params, state.tokens, now)
    return {
        "access_token": token.text,
        "token_type": "bearer",
        "expires_in": int(token.expires_at - now) - 16,
    }


def _check_client(state: State, params: dict[str, str]) -> None:
    secret = state.tokens.secrets.get(params.get("client_id", ""))
    if secret is None:
        raise fault("Error validating application. Cannot get application info due to a system error.", 101)
    if not hmac.compare_digest(secret.encode(), params.get("client_secret", "").encode()):
        raise fault("Error validating client secret.", 1)


def _exchange(state: State, params: dict[str, str], now: float) -> Body:
    old = state.tokens.find(params.get("fb_exchange_token"), now)
    if old.kind == "APP" or old.app_id != params["client_id"]:
        raise invalid("The token does not belong to this app")
    expires = _new_end(old, params, now, extends=state.settings.extend_user_tokens)
    state.tokens.exchanges += 1
    new = state.tokens.mint(old, issued_at=now, expires_at=expires, scopes=list(old.scopes))
    body: Body = {"access_token": new.text, "token_type": "bearer"}
    if expires:
        body["expires_in"] = int(expires - now) - 56
    return body


def _new_end(old: Token, params: dict[str, str], now: float, *, extends: bool) -> float:
    """A never-ending token stays so; a long-lived user token is extended only where told; the others get 60 days."""
    if not old.expires_at:
        return 0
    wants_sixty = params.get("set_token_expires_in_60_days", "").lower() in ("1", "true")
    short = old.expires_at - old.issued_at < SHORT_LIVED
    if (old.kind == "SYSTEM_USER" and wants_sixty) or (old.kind == "USER" and (short or extends)):
        return int(now) + SIXTY_DAYS
    return old.expires_at


def revoke(state: State, request: Request, now: float) -> Body:
    _check_client(state, request.params)
    caller = state.tokens.find(request.token, now)
    doomed = state.tokens.by_text.get(request.params.get("revoke_token", ""))
    if doomed is None:
        raise invalid("The parameter revoke_token is not a token")
    if {caller.app_id, doomed.app_id} != {request.params["client_id"]}:
        raise invalid("The tokens do not belong to this app")
    doomed.subcode = 458
    return {"success": "true"}


def permissions(call: Call) -> Body:
    token = call.token
    told = (("granted", token.scopes), ("declined", token.removed), ("expired", token.lapsed))
    return {"data": [{"permission": scope, "status": status} for status, scopes in told for scope in scopes]}


def remove_permissions(call: Call, scope: str | None) -> Body:
    """Remove one permission, or the whole app, from all tokens of the caller."""
    for token in call.state.tokens.by_text.values():
        if token.subject_id != call.token.subject_id or token.app_id != call.token.app_id:
            continue
        if scope is None:
            token.subcode = token.subcode or 458
        elif scope in token.scopes:
            token.scopes.remove(scope)
            token.removed.append(scope)
    return {"success": True}


OPEN: dict[tuple[str, ...], Callable[[State, Request, float], Body]] = {
    ("oauth", "access_token"): access_token,
    ("oauth", "revoke"): revoke,
}
