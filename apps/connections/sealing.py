"""Seals what must never lie in clear: AES-256-GCM, the key's id beside the ciphertext, bound to its row and field.

A sealed text is `v1:<key id>:<base64 of nonce and ciphertext>`. The associated data names the table, the row and the
field, so that a sealed text moved to another place does not open there.
"""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE_BYTES = 12


class SealBroken(Exception):
    """A sealed text that can not be opened: its key is missing, it was changed, or it belongs to another row."""


def seal(clear: str, place: str) -> str:
    """Seal for one place (`table|row|field`) with the newest key."""
    key_id, key = next(iter(settings.TOKEN_KEYS.items()))
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, clear.encode(), _associated(key_id, place))
    return f"v1:{key_id}:{base64.b64encode(sealed).decode('ascii')}"


def unseal(sealed: str, place: str) -> str:
    """The clear text, or SealBroken."""
    version, _, rest = sealed.partition(":")
    key_id, _, encoded = rest.partition(":")
    if version != "v1":
        raise SealBroken("A sealed value has an unknown form.")
    key = settings.TOKEN_KEYS.get(key_id)
    if key is None:
        raise SealBroken(f"The key {key_id!r} is not in TOKEN_KEYS. Put it back, or connect again.")
    try:
        raw = base64.b64decode(encoded, validate=True)
        return (
            AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _associated(key_id, place)).decode()
        )
    except (binascii.Error, InvalidTag, ValueError) as error:
        raise SealBroken(
            f"A value sealed with the key {key_id!r} does not open: it was changed, or TOKEN_KEYS holds another key "
            "under that id. Put the right key back, or connect again."
        ) from error


def _associated(key_id: str, place: str) -> bytes:
    return f"v1|{key_id}|{place}".encode()
