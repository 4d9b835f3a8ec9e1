"""Reads the environment: one small reader per kind of value, each with a sentence for the value it refuses."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def load_file(path: Path) -> None:
    """Take `NAME=value` lines of a `.env` file into the environment; what is already set there wins.

    Blank lines, `#` lines, an `export ` prefix and matching quotes around a value are understood.
    """
    if not path.is_file():
        return
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = re.fullmatch(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", line)
        if not match:
            raise ImproperlyConfigured(
                f"{path}, line {number} is not NAME=value. Correct or remove that line."
            )
        name, value = match[1], match[2].strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        os.environ.setdefault(name, value)


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def boolean(name: str, *, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in _TRUE:
        return True
    if value.strip().lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no. Use 1 or 0.")


def number(name: str, *, default: float, least: float) -> float:
    value = text(name)
    if not value:
        return default
    try:
        parsed = float(value)
    except ValueError:
        parsed = float("nan")
    if not least <= parsed < float("inf"):
        raise ImproperlyConfigured(f"{name}={value!r} is not a number of at least {least:g}. Correct it.")
    return parsed


def items(name: str) -> list[str]:
    """A comma separated list, without its blanks."""
    return [part.strip() for part in text(name).split(",") if part.strip()]


def address(name: str, default: str = "") -> str:
    """An http(s) address without its trailing slash."""
    value = text(name, default).rstrip("/")
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or "@" in parts.netloc:
        raise ImproperlyConfigured(
            f"{name}={value!r} is not an address. Write it like https://graph.facebook.com."
        )
    return value


def pattern(name: str, default: str, form: str, example: str) -> str:
    """A value of a fixed form."""
    value = text(name, default)
    if not re.fullmatch(form, value):
        raise ImproperlyConfigured(f"{name}={value!r} has the wrong form. Write it like {example}.")
    return value
