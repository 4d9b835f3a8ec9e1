"""`signed_request`: how Meta tells an app of one of its users.

Sources: the Facebook Login pages "Deauthorize Callback" and "Data Deletion Request Callback".
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 4096
ALGORITHM = "HMAC-SHA256"


class BadSignedRequest(ValueError):
    """It does not come from Meta, or is too long, or can not be read. The text says which, and quotes nothing."""


@dataclass(frozen=True)
class SignedRequest:
    """Whom it is about, and when Meta signed it (unix seconds)."""

    user_id: str
    issued_at: int


def read_signed_request(text: str, secrets: Iterable[str]) -> SignedRequest:
    """What Meta signed with one of these app secrets (the present and the previous one). BadSignedRequest."""
    if len(text) > LONGEST:
        raise BadSignedRequest("The signed_request is too long.")
    signature, dot, payload = text.partition(".")
    if not (signature and dot and payload and text.isascii()):
        raise BadSignedRequest("The signed_request is not two parts with a dot between them.")
    given = _decoded(signature)
    made = [
        hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest() for secret in secrets if secret
    ]
    # All of them are compared, each in constant time.
    if sum(hmac.compare_digest(given, one) for one in made) == 0:
        raise BadSignedRequest("The signature of the signed_request is not Meta's.")
    try:
        claims = json.loads(_decoded(payload))
    except (ValueError, RecursionError) as error:
        raise BadSignedRequest("The payload of the signed_request is not JSON.") from error
    if not isinstance(claims, dict) or str(claims.get("algorithm")).upper() != ALGORITHM:
        raise BadSignedRequest(f"The algorithm of the signed_request is not {ALGORITHM}.")
    user_id, issued_at = str(claims.get("user_id") or ""), claims.get("issued_at")
    if not (user_id.isascii() and user_id.isdigit() and len(user_id) <= 32) or type(issued_at) is not int:
        raise BadSignedRequest("The signed_request names no user, or no time.")
    return SignedRequest(user_id, issued_at)


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSignedRequest("The signed_request is not base64url.") from error
