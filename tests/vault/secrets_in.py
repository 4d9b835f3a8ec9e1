"""Looks for secrets in whatever was left behind, however they may be written."""

import base64
import hashlib
import hmac
import json
from urllib.parse import quote

# A piece of a secret that is shorter than this may stand anywhere by chance.
LEAST = 16


def spellings(secret: str | bytes) -> set[bytes]:
    """The secret and its halves, plain, in hex, in base64 at any offset, as an address or JSON would have it."""
    whole = secret.encode() if isinstance(secret, str) else secret
    half = len(whole) // 2
    pieces = {whole} | ({whole[:half], whole[half:]} if half >= LEAST else set())
    found = set()
    for piece in pieces:
        found |= {piece, piece.hex().encode(), piece.hex().upper().encode(), quote(piece, safe="").encode()}
        for shift in range(3):
            # Base64 writes three bytes at a time; the edges depend on the neighbours and are left out.
            encoded = base64.b64encode(b"\0" * shift + piece)[4 if shift else 0 : -4]
            found |= {encoded, encoded.replace(b"+", b"-").replace(b"/", b"_")}
        if isinstance(secret, str):
            found.add(json.dumps(piece.decode())[1:-1].encode())
    return {spelling for spelling in found if len(spelling) >= LEAST}


def proof(token: str, app_secret: str) -> str:
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def traces(secrets: dict[str, str | bytes], places: dict[str, bytes]) -> list[str]:
    """`<secret> in <place>`, for each that is found."""
    return [
        f"{name} in {place}"
        for name, secret in secrets.items()
        for place, content in places.items()
        if any(spelling in content for spelling in spellings(secret))
    ]
