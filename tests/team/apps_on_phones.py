"""A phone with an authenticator app, in its own few lines (RFC 6238)."""

import base64
import hmac
import re
import time


def code(secret, ahead=0):
    """The six digits that the phone shows now, or so many seconds ahead."""
    step = int(time.time() + ahead) // 30
    mac = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    offset = mac[19] % 16
    return str((int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF) % 1_000_000).zfill(6)


def secret_on(page):
    """The secret as the pairing page spells it out."""
    return re.search(r'<code id="secret">([A-Z2-7]{32})</code>', page).group(1)


def recovery_codes_on(page):
    return re.findall(r"\d{8}", page.split('id="recovery_codes"')[1].split("</pre>")[0])
