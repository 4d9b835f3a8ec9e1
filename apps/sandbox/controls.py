"""The knobs under `/_sandbox/`: each takes a JSON object, checks it, and says in words what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from . import page, userevents
from .agency import STATUSES
from .appnode import VERIFICATION, App
from .faults import KINDS, BadScript, read_script
from .objects import Account
from .reports import OUTCOMES
from .settings import TIERS, Settings
from .state import State
from .tokens import DEATHS
from .usage import APP_WIDE, TYPES
from .wire import Answer

Given = Mapping[str, Any]
Body = dict[str, Any]
CAPS = ("sync_row_cap", "async_row_cap")
JSON = {"content-type": "application/json; charset=UTF-8"}


class BadControl(ValueError):
    """A control was asked for something it cannot do; the text says what to change."""


def answer(state: State, method: str, path: str, raw: bytes, url: str) -> Answer:
    if path == "" and method == "GET":
        html = page.render(told(state, {}), url)
        return Answer(200, html, {"content-type": "text/html; charset=utf-8"})
    if path not in CONTROLS:
        return _refused(404, f"There is no control {path!r}. Known: {', '.join(CONTROLS)}.")
    wanted = "GET" if path == "state" else "POST"
    if method != wanted:
        return _refused(405, f"/_sandbox/{path} takes {wanted}.")
    try:
        given = json.loads(raw) if raw.strip() else {}
        if not isinstance(given, dict):
            raise BadControl("Send a JSON object.")
        return Answer(200, perform(state, path, given), dict(JSON))
    except json.JSONDecodeError as error:
        return _refused(400, f"The body is not JSON: {error}.")
    except (BadControl, BadScript) as error:
        return _refused(400, str(error))


def _refused(status: int, message: str) -> Answer:
    return Answer(status, {"error": message}, dict(JSON))


def perform(state: State, name: str, given: Given) -> Body:
    return CONTROLS[name](state, given)


# Reading what was sent


def moment(value: object) -> float:
    """Seconds since 1970 from a number, a datetime or ISO text; times without a zone are UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            raise BadControl(f"{value!r} is not a time such as 2026-11-23T10:00:00Z.") from None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**11:
        return float(value)
    raise BadControl(f"{value!r} is not a time: give ISO text or seconds since 1970.")


def _only(given: Given, *known: str) -> None:
    for name in given:
        if name not in known:
            raise BadControl(f"Unknown key {name!r}. Known: {', '.join(known)}.")


def _number(given: Given, name: str, default: float | None = None, *, low: float, high: float) -> float:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadControl(f"{name} must be a number from {low:g} to {high:g}, not {value!r}.")
    return value


def _bool(given: Given, name: str) -> bool:
    value = given[name]
    if not isinstance(value, bool):
        raise BadControl(f"{name} must be true or false, not {value!r}.")
    return value


def _account(state: State, given: Given) -> Account:
    text = str(given.get("account", ""))
    account = state.world.account_by_id.get(text.removeprefix("act_"))
    if account is None:
        raise BadControl(f"There is no account {text!r}. Give one of those in /_sandbox/state.")
    return account


# The controls


def told(state: State, given: Given) -> Body:
    now = state.clock.now()
    usage = state.usage
    return {
        "seed": state.seed,
        "app_id": state.tokens.app_id,
        "clock": {
            "now": state.clock.text(),
            "timestamp": now,
            "frozen": state.clock.frozen,
            "speed": state.clock.speed,
            "held": state.clock.held is not None,
        },
        "settings": asdict(state.settings),
        "tokens": [_token(token) for token in state.tokens.by_text.values()],
        "people": [{"person": one.key, "id": one.id, "name": one.name} for one in state.people.all.values()],
        "accounts": [_told_account(account, now) for account in state.world.accounts],
        "allowances": usage.state(now),
        "refused_calls": usage.refused,
        "calls_while_blocked": sum(usage.calls_while_blocked.values()),
        "faults": state.faults.told(),
        "poisoned": sorted(state.poisoned),
        "reports": [run.told(now) for run in list(state.reports.runs.values())[-20:]],
        "calls": state.calls,
        "exchanges": state.tokens.exchanges,
        "call_counts": dict(sorted(state.counts.items())),
        "last_calls": list(state.log)[-100:],
    }


def _token(token: Any) -> Body:
    keys = (
        "name",
        "purpose",
        "kind",
        "app_id",
        "subject_id",
        "scopes",
        "targets",
        "issued_at",
        "expires_at",
        "subcode",
    )
    return {key: getattr(token, key) for key in keys} | {"token": token.text}


def _told_account(account: Account, now: float) -> Body:
    return {
        "id": f"act_{account.id}",
        "name": account.plan.name,
        "currency": account.plan.currency,
        "timezone": account.plan.zone,
        "account_status": account.status(now),
        "local_time": account.stamp(now),
    }


def clock(state: State, given: Given) -> Body:
    _only(given, "set", "advance", "freeze", "speed", "hold")
    if not given:
        raise BadControl("Give set, advance, freeze, speed or hold.")
    # All is read before anything moves.
    to = moment(given["set"]) if "set" in given else None
    by = _number(given, "advance", 0, low=-(10**9), high=10**9)
    frozen = _bool(given, "freeze") if "freeze" in given else None
    speed = _number(given, "speed", low=0.001, high=1_000_000) if "speed" in given else None
    held = _bool(given, "hold") if "hold" in given else None
    if to is not None:
        state.clock.set(to)
    if by:
        state.clock.advance(by)
    if speed is not None:
        state.clock.run(speed)
    if frozen is not None:
        state.clock.freeze(frozen)
    if held is not None:
        state.clock.hold(held)
    return {"now": state.clock.text(), "frozen": state.clock.frozen, "speed": state.clock.speed}


def faults(state: State, given: Given) -> Body:
    if given.get("clear") is True:
        _only(given, "clear")
        state.faults.reset()
    else:
        if "kind" not in given:
            kinds = "; ".join(f"{kind}: {what}" for kind, what in KINDS.items())
            raise BadControl(f"Give a kind. {kinds}.")
        state.faults.add(read_script(given))
    return {"faults": state.faults.told()}


def allowance(state: State, given: Given) -> Body:
    _only(given, "type", "account", "level", "minutes", "app_id")
    kind = given.get("type")
    if kind not in TYPES:
        raise BadControl(f"type must be one of: {', '.join(TYPES)}.")
    account = "" if kind in APP_WIDE else _account(state, given).id
    app = str(given.get("app_id") or state.tokens.app_id)
    if "level" not in given and "minutes" not in given:
        raise BadControl("Give level (percent), minutes of a block, or both.")
    now = state.clock.now()
    if "level" in given:
        state.usage.set_level(kind, app, account, _number(given, "level", low=0, high=1000), now)
    if "minutes" in given:
        state.usage.block(kind, app, account, _number(given, "minutes", low=0, high=10_000), now)
    return {"allowances": state.usage.state(now)}


def revoke(state: State, given: Given) -> Body:
    _only(given, "token", "subcode")
    subcode = given.get("subcode", 458)
    known = sorted({*DEATHS, 463})
    if subcode not in known:
        raise BadControl(f"subcode must be one of: {', '.join(map(str, known))}.")
    token = state.tokens.kill(str(given.get("token", "")), subcode)
    if token is None:
        raise BadControl("There is no such token. Give a token's text or name from /_sandbox/state.")
    return {"revoked": token.name, "subcode": subcode}


def login(state: State, given: Given) -> Body:
    _only(given, "token")
    token = state.tokens.log_in(str(given.get("token", "")), state.clock.now())
    if token is None:
        raise BadControl("There is no such person. Give a user token's text or name from /_sandbox/state.")
    return {"name": token.name, "token": token.text}


def reach(state: State, given: Given) -> Body:
    _only(given, "token", "accounts", "scopes", "declined", "expired")
    text = str(given.get("token", ""))
    token = state.tokens.by_text.get(text) or state.tokens.by_name.get(text)
    if token is None:
        raise BadControl("There is no such token. Give a token's text or name from /_sandbox/state.")
    accounts, scopes = given.get("accounts"), given.get("scopes", token.scopes)
    if accounts is not None and not isinstance(accounts, list):
        raise BadControl("accounts must be a list of ids, or null for all.")
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise BadControl("scopes must be a list of texts.")
    said = {
        "declined": given.get("declined", token.removed),
        "expired": given.get("expired", token.lapsed),
    }
    if not all(
        isinstance(one, list) and all(isinstance(scope, str) for scope in one) for one in said.values()
    ):
        raise BadControl("declined and expired must be lists of texts.")
    if accounts is not None:
        accounts = [_account(state, {"account": one}).id for one in accounts]
    if "accounts" in given:
        token.targets = accounts
    token.scopes = list(scopes)
    token.removed, token.lapsed = said["declined"], said["expired"]
    return _token(token)


def callback(state: State, given: Given) -> Body:
    """Somebody removes the app, or wants their data deleted: Meta tells the app, here and now."""
    _only(given, "kind", "url", "person")
    kind, url = given.get("kind"), str(given.get("url", ""))
    if kind not in ("deauthorize", "deletion"):
        raise BadControl("kind must be deauthorize or deletion.")
    if not userevents.is_near(url):
        raise BadControl(
            "url must be an http address of this machine, like http://localhost:8000/hooks/meta/…."
        )
    person = state.people.all.get(str(given.get("person", "zoe")))
    if person is None:
        raise BadControl(f"person must be one of: {', '.join(state.people.all)}.")
    for token in state.tokens.by_text.values():
        if token.subject_id == person.id and token.app_id == state.tokens.app_id:
            token.subcode = token.subcode or 458
    secret = state.tokens.secrets[state.tokens.app_id]
    return userevents.post(url, userevents.signed(person.id, secret, state.clock.now()))


def restate(state: State, given: Given) -> Body:
    _only(given, "account", "day", "conversions_percent", "spend_percent")
    account = _account(state, given)
    day = given.get("day")
    try:
        ordinal = None if day is None else date.fromisoformat(str(day)).toordinal()
    except ValueError:
        raise BadControl(f"day must look like 2026-11-20, not {day!r}.") from None
    conversions = _number(given, "conversions_percent", 10, low=-90, high=1000)
    spend = _number(given, "spend_percent", 1, low=-90, high=1000)
    state.world.restate(account, ordinal, conversions, spend)
    return {"account": f"act_{account.id}", "day": day, "conversions_percent": conversions}


def poison(state: State, given: Given) -> Body:
    _only(given, "object", "clear")
    if given.get("clear") is True:
        state.poisoned.clear()
    else:
        text = str(given.get("object", ""))
        thing = state.world.find(text, state.clock.now())
        if thing is None or isinstance(thing, Account):
            raise BadControl(f"There is no object {text!r}. Give the id of a campaign, an ad set or an ad.")
        state.poisoned.add(thing.id)
    return {"poisoned": sorted(state.poisoned)}


def account(state: State, given: Given) -> Body:
    _only(given, "account", "account_status", "gated_breakdowns", *CAPS)
    chosen = _account(state, given)
    status = given.get("account_status")
    if status is not None and status not in STATUSES:
        known = ", ".join(f"{code} {name}" for code, name in STATUSES.items())
        raise BadControl(f"account_status must be one of: {known}.")
    caps = {name: int(_number(given, name, low=1, high=10**9)) for name in CAPS if name in given}
    for name, value in caps.items():
        setattr(chosen, name, value)
    if "gated_breakdowns" in given:
        chosen.gated_breakdowns = _bool(given, "gated_breakdowns")
    if status is not None:
        chosen.changes.append((state.clock.now(), status))
    state.world.revision += 1
    return _told_account(chosen, state.clock.now())


def reports(state: State, given: Given) -> Body:
    _only(given, "next")
    outcomes = given.get("next")
    if not isinstance(outcomes, list) or not all(one in OUTCOMES for one in outcomes):
        raise BadControl(f"next must be a list of: {', '.join(OUTCOMES)}.")
    state.reports.script.extend(outcomes)
    return {"next": list(state.reports.script)}


def settings(state: State, given: Given) -> Body:
    apply_settings(state.settings, given)
    if "tier" in given:
        state.usage.reset()
    return asdict(state.settings)


def apply_settings(chosen: Settings, given: Given) -> None:
    """All or nothing."""
    defaults = asdict(Settings())
    _only(given, *defaults)
    for name, value in given.items():
        if name == "tier":
            if value not in TIERS:
                raise BadControl(f"tier must be one of: {', '.join(TIERS)}.")
        elif isinstance(defaults[name], bool):
            _bool(given, name)
        else:
            _number(given, name, low=0 if name == "report_seconds" else 1, high=10**9)
    for name, value in given.items():
        setattr(chosen, name, value)


def app(state: State, given: Given) -> Body:
    """What the app's dashboard holds: addresses, permissions, the verification of the businesses."""
    known = asdict(App())
    _only(given, *known)
    for name, value in given.items():
        if not isinstance(value, type(known[name])):
            raise BadControl(f"{name} must be a {type(known[name]).__name__}.")
    if given.get("verification_status", "verified") not in VERIFICATION:
        raise BadControl(f"verification_status must be one of: {', '.join(VERIFICATION)}.")
    for name, value in given.items():
        setattr(state.app, name, value)
    return {name: getattr(state.app, name) for name in known if not name.startswith("subscri")}


def reset(state: State, given: Given) -> Body:
    _only(given)
    state.reset()
    return {"reset": True, "now": state.clock.text()}


CONTROLS: dict[str, Callable[[State, Given], Body]] = {
    "state": told,
    "clock": clock,
    "faults": faults,
    "allowance": allowance,
    "revoke": revoke,
    "login": login,
    "reach": reach,
    "callback": callback,
    "restate": restate,
    "poison": poison,
    "account": account,
    "reports": reports,
    "settings": settings,
    "app": app,
    "reset": reset,
}
