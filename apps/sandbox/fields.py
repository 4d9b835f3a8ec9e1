"""The `fields` parameter: `id,name,creative{id,name},insights.date_preset(last_7d){spend}`."""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import fault, invalid


@dataclass
class Field:
    """One wanted field; `sub` is None when it came without braces."""

    name: str
    arguments: dict[str, str] = field(default_factory=dict)
    sub: list[Field] | None = None


def parse_fields(text: str | None) -> list[Field]:
    if not text:
        return []
    if text.lstrip().startswith("["):
        text = text.strip().strip("[]").replace('"', "")
    reader = _Reader(text)
    wanted = reader.fields()
    if reader.at < len(text):
        raise _syntax(text[reader.at])
    return wanted


def _syntax(found: str) -> Exception:
    return fault(
        f'Syntax error "Expected end of string instead of "{found}"." in the fields parameter.', 2500
    )


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def fields(self) -> list[Field]:
        found: dict[str, Field] = {}
        while True:
            one = self.field()
            if one.name:
                found[one.name] = one
            if self.peek() != ",":
                return list(found.values())
            self.at += 1

    def field(self) -> Field:
        one = Field(self.word())
        while self.peek() == ".":
            self.at += 1
            argument = self.word()
            one.arguments[argument] = self.parentheses()
        if self.peek() == "{":
            self.at += 1
            one.sub = self.fields()
            if self.peek() != "}":
                raise invalid("Syntax error: a brace in the fields parameter is not closed")
            self.at += 1
        return one

    def word(self) -> str:
        start = self.at
        while self.peek() and self.peek() not in ",.{}()":
            self.at += 1
        return self.text[start : self.at].strip()

    def parentheses(self) -> str:
        if self.peek() != "(":
            return ""
        start, depth = self.at + 1, 0
        while self.peek():
            depth += {"(": 1, ")": -1}.get(self.peek(), 0)
            self.at += 1
            if depth == 0:
                break
        return self.text[start : self.at - 1]
