"""Batches: up to 50 calls in one, each answered with its own status, headers and JSON text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from .errors import fault, invalid
from .wire import Answer, Request, parse_query, split_target

MAX_ITEMS = 50
CONTENT_TYPE = "text/javascript; charset=UTF-8"
REFERENCE = re.compile(r"\{result=([\w-]+):\$((?:\.[\w*]+|\[[\w*']+\])*)\}")
Handler = Callable[[Request], Answer | None]


def too_many() -> Answer:
    message = f"Too many requests in batch message. Maximum batch size is {MAX_ITEMS}"
    return Answer(400, {"error": {"message": message, "type": "GraphBatchException"}})


def read_items(request: Request) -> list[dict[str, Any]]:
    items = request.json("batch")
    if not isinstance(items, list) or not items:
        raise invalid("param batch must be a non-empty array.")
    for n, item in enumerate(items):
        if not isinstance(item, dict) or not item.get("method") or "relative_url" not in item:
            raise invalid(f"param batch[{n}] must have method and relative_url.")
    return items


def run(outer: Request, items: list[dict[str, Any]], handle: Handler) -> list[dict[str, Any] | None]:
    """Answers in the order of the items; `handle` gives None for one that did not finish."""
    with_headers = outer.params.get("include_headers", "true").lower() not in ("0", "false")
    answers: dict[int, dict[str, Any] | None] = {}
    results: dict[str, Any] = {}
    for n in _order(items):
        item = items[n]
        request = _request(outer, item, results)
        answer = handle(request) if request is not None else _unresolved()
        answers[n] = _told(answer, with_headers)
        if answer is not None and item.get("name"):
            results[item["name"]] = answer.body if answer.status == 200 else None
        omits = item.get("omit_response_on_success", _is_referenced(item, items))
        if answer is not None and answer.status == 200 and omits:
            answers[n] = None
    return [answers[n] for n in range(len(items))]


def _told(answer: Answer | None, with_headers: bool) -> dict[str, Any] | None:
    if answer is None:
        return None
    told: dict[str, Any] = {"code": answer.status}
    if with_headers:
        headers = {"Content-Type": CONTENT_TYPE} | answer.headers
        headers.pop("content-type", None)
        told["headers"] = [{"name": name, "value": value} for name, value in headers.items()]
    told["body"] = answer.text()
    return told


def _unresolved() -> Answer:
    wrong = invalid("A referenced result is not available: the request it names failed or came later.")
    return Answer(400, {"error": wrong.body})


def _names(item: dict[str, Any]) -> set[str]:
    """The items this one needs to come first."""
    text = f"{item.get('relative_url', '')} {item.get('body', '')}"
    found = {match.group(1) for match in REFERENCE.finditer(text)}
    if item.get("depends_on"):
        found.add(str(item["depends_on"]))
    return found


def _is_referenced(item: dict[str, Any], items: list[dict[str, Any]]) -> bool:
    return bool(item.get("name")) and any(item["name"] in _names(other) for other in items)


def _order(items: list[dict[str, Any]]) -> list[int]:
    """As given, but an item waits for those it names."""
    position = {item["name"]: n for n, item in enumerate(items) if item.get("name")}
    done: list[int] = []
    waiting = list(range(len(items)))
    while waiting:
        ready = [
            n for n in waiting if all(position[name] in done for name in _names(items[n]) if name in position)
        ]
        if not ready:
            raise fault("(#100) The requests of this batch wait for each other", 100)
        done += ready
        waiting = [n for n in waiting if n not in ready]
    return done


def _request(outer: Request, item: dict[str, Any], results: dict[str, Any]) -> Request | None:
    """The item as a request of its own; None when a reference has no result."""
    try:
        url = _filled(str(item["relative_url"]), results)
        body = _filled(str(item.get("body") or ""), results)
    except LookupError:
        return None
    if any(results.get(name, "") is None for name in _names(item)):
        return None
    path, query = split_target(url)
    path = path.strip("/")
    if not re.match(r"v\d+\.\d+(/|$)", path):
        path = f"{outer.version}/{path}"
    params = query | parse_query(body)
    own = "access_token" in params
    if not own and outer.params.get("access_token"):
        params["access_token"] = outer.params["access_token"]
    if not own and "appsecret_proof" not in params:
        inherited = ("appsecret_proof", "appsecret_time")
        params |= {name: outer.params[name] for name in inherited if name in outer.params}
    return Request(
        method=str(item["method"]).upper(),
        path=path,
        params=params,
        query=query,
        bearer=None if own else outer.bearer,
        host=outer.host,
        in_batch=True,
    )


def _filled(text: str, results: dict[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        name, path = match.groups()
        found = _walk([results[name]], re.findall(r"[\w*]+", path))
        return quote(",".join(one if isinstance(one, str) else json.dumps(one) for one in found))

    return REFERENCE.sub(value, text)


def _walk(values: list[Any], steps: list[str]) -> list[Any]:
    """A small JSONPath: names, positions and the star."""
    for step in steps:
        found: list[Any] = []
        for value in values:
            if step == "*":
                found += list(value.values()) if isinstance(value, dict) else list(value or [])
            elif isinstance(value, dict) and step in value:
                found.append(value[step])
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                found.append(value[int(step)])
        values = found
    return values
