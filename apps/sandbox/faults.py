"""Scripted trouble: the next so many calls that match, or some of all, get something else than their answer."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import GraphFault, fault
from .wire import Answer, Request

KINDS = {
    "error": "a Graph error made of code, subcode, status, message, type, is_transient, title, user_message",
    "html_502": "an HTML page with status 502",
    "empty": "status 200 without a body",
    "cut_off": "half of the real answer, then the connection closes",
    "text": "status 200 with plain text instead of JSON",
    "error_200": "the same Graph error with status 200",
    "unavailable": "status 200 with the text Service Unavailable",
    "delay": "the real answer after `seconds`",
    "timeout": "`seconds` of silence, then the connection closes",
    "reset": "the connection is reset",
    "null_item": "a batch item that comes back null",
    "headers": "the real answer with the given header values changed; null removes one",
}
# What happens to a connection cannot happen to an item of a batch, and the other way round.
WHOLE_ONLY = frozenset({"cut_off", "delay", "timeout", "reset"})
ITEM_ONLY = frozenset({"null_item"})
HTML = (
    "<!DOCTYPE html><html><head><title>Error</title></head>"
    "<body><h1>Sorry, something went wrong.</h1></body></html>"
)


class BadScript(ValueError):
    """A script the sandbox cannot follow; the text says what to change."""


@dataclass
class Script:
    """`times` counts down; a script at 0 is over.

    With a `rate`, from 0 to 1, it hits that share of the calls that match, for ever unless `times` is given. The dice
    are thrown anew from `seed`: the same calls in the same order meet the same trouble.
    """

    kind: str
    times: int | None = None
    rate: float | None = None
    seed: int = 0
    method: str | None = None
    path: str = ".*"
    code: int = 1
    subcode: int | None = None
    status: int = 400
    message: str = "An unknown error occurred"
    type: str = "OAuthException"
    is_transient: bool | None = None
    title: str | None = None
    user_message: str | None = None
    seconds: float = 1.0
    headers: dict[str, str | None] = field(default_factory=dict)
    used: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 - scripted, not secret
        if self.times is None and self.rate is None:
            self.times = 1

    def matches(self, request: Request) -> bool:
        if self.times == 0 or self.kind in (WHOLE_ONLY if request.in_batch else ITEM_ONLY):
            return False
        wanted = self.method is None or self.method.upper() == request.method
        if not wanted or re.search(self.path, f"/{request.path}") is None:
            return False
        return self.rate is None or self._dice.random() < self.rate

    def use(self) -> None:
        self.used += 1
        if self.times is not None:
            self.times -= 1

    def graph_fault(self) -> GraphFault:
        extra: dict[str, Any] = {}
        if self.is_transient is not None:
            extra["is_transient"] = self.is_transient
        if self.title:
            extra["error_user_title"] = self.title
        if self.user_message:
            extra["error_user_msg"] = self.user_message
        status = 200 if self.kind == "error_200" else self.status
        return fault(self.message, self.code, self.subcode, status=status, kind=self.type, **extra)

    def told(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "times": self.times,
            "rate": self.rate,
            "used": self.used,
            "method": self.method,
            "path": self.path,
        }


class Faults:
    def __init__(self) -> None:
        self.scripts: list[Script] = []

    def reset(self) -> None:
        self.scripts.clear()

    def add(self, script: Script) -> Script:
        self.scripts.append(script)
        return script

    def take(self, request: Request) -> Script | None:
        """The first script that applies to this call, used up by one."""
        for script in self.scripts:
            if script.matches(request):
                script.use()
                return script
        return None

    def told(self) -> list[dict[str, Any]]:
        return [script.told() for script in self.scripts]


def read_script(given: Mapping[str, Any]) -> Script:
    """A script from a control's JSON."""
    known = set(Script.__dataclass_fields__) - {"used"}
    unknown = sorted(set(given) - known)
    if unknown:
        raise BadScript(f"Unknown key {unknown[0]!r}. Known: {', '.join(sorted(known))}.")
    if given.get("kind") not in KINDS:
        raise BadScript(f"kind must be one of: {', '.join(KINDS)}.")
    if not isinstance(given.get("seed", 0), int):
        raise BadScript(f"seed must be a whole number, not {given['seed']!r}.")
    script = Script(**given)
    _check(script)
    return script


def _check(script: Script) -> None:
    numbers = {"code": script.code, "status": script.status}
    if script.times is not None:
        numbers["times"] = script.times
    for name, value in numbers.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadScript(f"{name} must be a whole number, not {value!r}.")
    if script.times is not None and script.times < 1:
        raise BadScript("times must be 1 or more.")
    if script.rate is not None and not (isinstance(script.rate, int | float) and 0 <= script.rate <= 1):
        raise BadScript("rate must be a number from 0 to 1, such as 0.02 for two calls in a hundred.")
    if not 200 <= script.status <= 599:
        raise BadScript("status must be between 200 and 599.")
    if not isinstance(script.seconds, int | float) or not 0 <= script.seconds <= 600:
        raise BadScript("seconds must be a number between 0 and 600.")
    if not isinstance(script.headers, dict):
        raise BadScript("headers must be an object of names and texts (null removes one).")
    if script.method is not None and not isinstance(script.method, str):
        raise BadScript("method must be text, such as GET.")
    try:
        re.compile(script.path)
    except (re.error, TypeError) as error:
        raise BadScript(f"path is not a regular expression: {error}.") from None


def replacement(script: Script) -> Answer | None:
    """The answer that takes the place of the real one; None when the real one is still needed."""
    if script.kind == "html_502":
        return Answer(502, HTML, {"content-type": "text/html; charset=utf-8"})
    if script.kind == "empty":
        return Answer(200, "")
    if script.kind == "text":
        return Answer(200, "this is not JSON", {"content-type": "text/plain"})
    if script.kind == "unavailable":
        return Answer(200, "Service Unavailable", {"content-type": "text/plain"})
    return None
