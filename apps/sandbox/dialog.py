"""The login dialog: the page where a person says yes, to all of it or to some of it, or no."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode, urlsplit

from .page import STYLE
from .people import Person, usual_scopes
from .settings import VERSIONS
from .state import State
from .wire import Answer

HTML = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}
KEPT = ("client_id", "redirect_uri", "state", "scope", "config_id", "auth_type", "response_type")


def is_dialog(path: str) -> bool:
    version, _, rest = path.strip("/").partition("/")
    return version in VERSIONS and rest.rstrip("/") == "dialog/oauth"


def answer(state: State, method: str, params: dict[str, str], ticked: list[str]) -> Answer:
    wrong = _wrong(state, params)
    if wrong:
        # As at Meta: these stay in the dialog and never come back to the site.
        return Answer(
            400, _frame("Error", f"<h1>Sorry, something went wrong.</h1><p>{escape(wrong)}</p>"), dict(HTML)
        )
    if method != "POST":
        return Answer(200, _page(state, params), dict(HTML))
    if params.get("answer") != "continue":
        return _back(params, error="access_denied", error_code="200", error_description="Permissions error",
                     error_reason="user_denied")  # fmt: skip
    person = state.people.all.get(params.get("person", ""))
    if person is None:
        return Answer(400, _frame("Error", "<h1>There is no such person.</h1>"), dict(HTML))
    asked = _offered(state, params, person)
    code = state.people.allow(
        person,
        app_id=params["client_id"],
        redirect_uri=params["redirect_uri"],
        asked=asked,
        ticked=[scope for scope in asked if scope in ticked],
        now=state.clock.now(),
    )
    return _back(params, code=code.text)


def _wrong(state: State, params: dict[str, str]) -> str:
    if params.get("client_id", "") not in state.tokens.secrets:
        return "Invalid App ID: The provided app ID does not look like a valid app ID."
    if params.get("response_type", "code") != "code":
        return "This sandbox gives codes only: response_type must be code."
    address = urlsplit(params.get("redirect_uri", ""))
    if address.scheme not in ("http", "https") or not address.hostname or address.fragment:
        return "Can't load URL: The domain of this URL isn't included in the app's domains."
    if address.scheme == "http" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
        return "Insecure login blocked: redirect addresses must use https."
    return ""


def _back(params: dict[str, str], **told: str) -> Answer:
    query = urlencode(told | ({"state": params["state"]} if "state" in params else {}))
    glue = "&" if "?" in params["redirect_uri"] else "?"
    location = f"{params['redirect_uri']}{glue}{query}#_=_"
    return Answer(302, "", {"location": location, "cache-control": "no-store"})


def _offered(state: State, params: dict[str, str], person: Person) -> list[str]:
    asked = usual_scopes(params.get("scope", ""), params.get("config_id", ""))
    return state.people.offered(person, asked, again=params.get("auth_type") == "rerequest")


def _page(state: State, params: dict[str, str]) -> str:
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{escape(params[name])}">'
        for name in KEPT
        if name in params
    )
    forms = "".join(_person(state, params, person, kept) for person in state.people.all.values())
    return _frame(
        "Log in", f"<h1>Ads Console wants access</h1><p>A pretend login dialog. Who are you?</p>{forms}"
    )


def _person(state: State, params: dict[str, str], person: Person, kept: str) -> str:
    boxes = "".join(
        f'<label><input type="checkbox" name="ticked" value="{escape(scope)}" checked> {escape(scope)}</label><br>'
        for scope in _offered(state, params, person)
    )
    name = escape(person.name)
    return (
        f'<form method="post"><fieldset><legend>{name}</legend>{kept}'
        f'<input type="hidden" name="person" value="{person.key}">{boxes}'
        f'<button name="answer" value="continue">Continue as {name}</button> '
        '<button name="answer" value="cancel">Cancel</button></fieldset></form>'
    )


def _frame(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )
