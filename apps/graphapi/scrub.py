"""Secrets out of texts. Meta's messages, `paging.next` and the HTTP library's own log echo them."""

import logging
import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "***"
SECRET_PARAMS = (
    "access_token",
    "appsecret_proof",
    "input_token",
    "client_secret",
    "fb_exchange_token",
    "revoke_token",
    "app_secret",
    "signed_request",
)
"""Parameters whose value is a secret wherever it appears."""

_NAMED = re.compile(
    rf"({'|'.join(SECRET_PARAMS)})([\\\"']*\s*(?:=|:|%3D|%3A)\s*[\\\"']*)[^&\s\\\"'<>,;)}}\]]+", re.IGNORECASE
)
_LOGIN_CODE = re.compile(r"\b(code=)(?:AQ[\w-]+|[\w-]{20,})")
_BEARER = re.compile(r"\b(Bearer\s+)\S+", re.IGNORECASE)
_BARE = re.compile(r"EAA[A-Za-z0-9]+|\d{5,}(?:\||%7[Cc])[\w-]{6,}")
_SHORTEST = 6  # a known secret shorter than this would blot out ordinary words


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with everything that looks like, or is known to be, a secret replaced by `***`."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, MASK).replace(quote(secret, safe=""), MASK)
    text = _NAMED.sub(rf"\1\2{MASK}", text)
    text = _LOGIN_CODE.sub(rf"\1{MASK}", text)
    text = _BEARER.sub(rf"\1{MASK}", text)
    return _BARE.sub(MASK, text)


def tidy(text: object, *, secrets: Iterable[str] = (), longest: int = 2000) -> str:
    """Any value of Meta's as a text that is safe to log, store and show; not a string → empty.

    Only a window of the text is looked at, larger than what is kept, so that no secret survives by being cut.
    """
    if not isinstance(text, str):
        return ""
    window = text[: 2 * longest + 2000].encode("utf-8", "replace").decode("utf-8")
    printable = window if window.isprintable() else "".join(c if c.isprintable() else " " for c in window)
    return " ".join(scrub(printable, secrets)[:longest].split())


class ScrubFilter(logging.Filter):
    """Takes secrets out of records; urllib3 logs whole URLs at debug level."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place and let it pass."""
        record.msg, record.args = scrub(record.getMessage()), None
        return True


SCRUB_FILTER = ScrubFilter()
