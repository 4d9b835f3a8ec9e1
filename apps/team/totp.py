"""Six-digit codes of authenticator apps (RFC 6238: SHA-1, 30 seconds). Pure functions."""

import base64
import hashlib
import hmac
import struct

PERIOD = 30
DIGITS = 6
# A clock may be one step off. Further away a code is recognised, so that the page can say why it is refused.
TOLERANCE = 1
RECOGNISED = 20


def step_at(seconds: float) -> int:
    return int(seconds // PERIOD)


def code_of(secret: str, step: int) -> str:
    key = base64.b32decode(secret, casefold=True)
    mac = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: str, code: str, now: float) -> int | None:
    """The step near `now` that this code belongs to, the nearest first; None when it belongs to none."""
    here, found = step_at(now), None
    for distance in sorted(range(-RECOGNISED, RECOGNISED + 1), key=abs, reverse=True):
        # Every step is compared, so that the time taken tells nothing.
        if hmac.compare_digest(code_of(secret, here + distance).encode(), code.encode()):
            found = here + distance
    return found


def in_time(step: int, now: float) -> bool:
    return abs(step - step_at(now)) <= TOLERANCE
