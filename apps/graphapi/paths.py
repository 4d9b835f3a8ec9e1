"""Paths of the Graph API, and the patterns under which calls are counted."""

import re
from urllib.parse import quote

_VERSION = re.compile(r"v\d+\.\d+")
_ACCOUNT = re.compile(r"act_(\d+)")
_WORD = re.compile(r"[a-z][a-z_]*")


def check_version(version: str) -> str:
    """`v26.0`, or ValueError."""
    if not _VERSION.fullmatch(version):
        raise ValueError(f"{version[:20]!r} is not a Graph API version; write it like v26.0.")
    return version


def clean(path: str) -> str:
    """A path relative to the version, quoted for the wire; ValueError on anything but plain segments."""
    path = path.strip("/")
    segments = path.split("/") if path else []
    if any(mark in path for mark in ("?", "#", "://")) or not all(s.strip(".") for s in segments):
        raise ValueError("A path has no scheme, query, fragment or empty step; parameters are arguments.")
    if segments and _VERSION.fullmatch(segments[0]):
        raise ValueError("Leave the version out of the path; the client adds its own.")
    return quote(path, safe="/:,")


def pattern(path: str) -> str:
    """The path without ids: `act_42/insights` → `act_{id}/insights`; anything but a plain word is an id."""
    return "/".join(_blank(segment) for segment in path.strip("/").split("/"))


def account_of(path: str) -> str | None:
    """Digits of the ad account that the path names, or None."""
    found = _ACCOUNT.fullmatch(path.strip("/").split("/")[0])
    return found[1] if found else None


def _blank(segment: str) -> str:
    if segment.startswith("act_"):
        return "act_{id}"
    return segment if not segment or _WORD.fullmatch(segment) else "{id}"
