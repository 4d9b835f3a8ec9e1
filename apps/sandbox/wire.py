"""A request taken apart and an answer put together, the way Graph spells both."""

from __future__ import annotations

import email.message
import email.parser
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from .errors import invalid


@dataclass
class Request:
    """One call: sent alone or as an item of a batch. `params` joins query and body; the body wins."""

    method: str
    path: str
    params: dict[str, str]
    query: dict[str, str] = field(default_factory=dict)
    bearer: str | None = None
    host: str = "localhost"
    version: str = ""
    in_batch: bool = False

    @property
    def token(self) -> str | None:
        return self.bearer or self.params.get("access_token")

    def json(self, name: str, default: Any = None) -> Any:
        """A parameter that carries JSON text."""
        text = self.params.get(name)
        if text is None or text == "":
            return default
        try:
            return json.loads(text)
        except ValueError:
            raise invalid(f"param {name} must be valid JSON.") from None

    def words(self, name: str) -> list[str] | None:
        """A list given as JSON or as a plain comma list."""
        text = self.params.get(name)
        if text is None or text == "":
            return None
        if text.lstrip().startswith("["):
            value = self.json(name)
            return [str(item) for item in value]
        return [word.strip() for word in text.split(",") if word.strip()]

    def number(self, name: str, default: int, *, low: int = 1) -> int:
        text = self.params.get(name)
        if text is None or text == "":
            return default
        try:
            value = int(text)
        except ValueError:
            raise invalid(f"Param {name} must be an integer") from None
        if value < low:
            raise invalid(f"Param {name} must be greater than or equal to {low}")
        return value

    def flag(self, name: str) -> bool:
        return self.params.get(name, "").lower() in ("1", "true")


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """Compact, ASCII only, slashes escaped: as Meta's serialiser writes it."""
        return self.body if isinstance(self.body, str) else dump(self.body)


def dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def parse_query(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))


def split_target(target: str) -> tuple[str, dict[str, str]]:
    path, _, query = target.partition("?")
    return unquote(path), parse_query(query)


def parse_body(content_type: str, raw: bytes) -> dict[str, str]:
    """Form, multipart or JSON, as parameters that are all text."""
    if not raw:
        return {}
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return _from_json(raw)
    if kind == "multipart/form-data":
        return _from_multipart(content_type, raw)
    return parse_query(raw.decode("utf-8", "replace"))


def _from_json(raw: bytes) -> dict[str, str]:
    try:
        value = json.loads(raw)
    except ValueError:
        raise invalid("The request body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise invalid("The request body must be a JSON object.")
    return {key: item if isinstance(item, str) else json.dumps(item) for key, item in value.items()}


def _from_multipart(content_type: str, raw: bytes) -> dict[str, str]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.parser.BytesParser().parsebytes(head + raw)
    fields: dict[str, str] = {}
    for part in message.get_payload() if message.is_multipart() else []:
        if not isinstance(part, email.message.Message):
            continue
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            fields[name] = payload.decode("utf-8", "replace")
    return fields
