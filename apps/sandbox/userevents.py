"""What Meta tells an app of its users: that somebody removed it, or wants their data deleted. Signed, as a form."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode, urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_near(url: str) -> bool:
    """Only to this machine: a sandbox bothers nobody else."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and parts.hostname in LOOPBACK


def signed(user_id: str, secret: str, now: float) -> str:
    claims = {"algorithm": "HMAC-SHA256", "issued_at": int(now), "user_id": user_id}
    payload = _base64(json.dumps(claims, separators=(",", ":")).encode())
    return f"{_base64(hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest())}.{payload}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def post(url: str, signed_request: str) -> dict[str, Any]:
    """Status and text of the answer; status 0 when there was none."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
    request = urllib.request.Request(url, urlencode({"signed_request": signed_request}).encode())  # noqa: S310
    try:
        with opener.open(request, timeout=10) as answer:
            return {"status": answer.status, "body": answer.read(10_000).decode("utf-8", "replace")}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read(10_000).decode("utf-8", "replace")}
    except OSError as error:
        return {"status": 0, "body": str(error)}
