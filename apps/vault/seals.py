"""Seals and opens single texts: AES-256-GCM, the key's id beside the ciphertext, bound to its row and field.

A sealed text is `v1:<key id>:<base64 of nonce and ciphertext>`, or, where a service wraps the key of each text,
`v2:<key id>:<base64 of the wrapped key>:<base64 of nonce and ciphertext>`. The associated data names the key and the
place (`table|row|field`), so that a sealed text moved to another place does not open there.

Sealing and opening may ask that service over the network: do neither inside a transaction.
"""

import base64
import binascii
import os
from dataclasses import dataclass
from urllib.parse import quote, unquote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import rings
from .errors import SealBroken

_NONCE_BYTES = 12


@dataclass(frozen=True)
class Sealed:
    """The parts of a sealed text."""

    version: str
    key_id: str
    wrapped: bytes
    nonce_and_ciphertext: bytes

    @classmethod
    def parse(cls, text: str) -> "Sealed":
        version, *parts = text.split(":")
        if (version, len(parts)) not in {("v1", 2), ("v2", 3)}:
            raise SealBroken("A sealed value has an unknown form.")
        key_id, *encoded = unquote(parts[0]), *parts[1:]
        try:
            wrapped, raw = [b"", *(base64.b64decode(part, validate=True) for part in encoded)][-2:]
        except (binascii.Error, ValueError) as error:
            raise SealBroken(
                f"A value sealed with the key {key_id!r} does not open: it was changed."
            ) from error
        return cls(version, key_id, wrapped, raw)

    def __str__(self) -> str:
        parts = [self.wrapped, self.nonce_and_ciphertext][self.version == "v1" :]
        encoded = [base64.b64encode(part).decode("ascii") for part in parts]
        return ":".join([self.version, quote(self.key_id, safe=""), *encoded])


def seal(clear: str, place: str) -> str:
    """Seal for one place (`table|row|field`) with the newest key. Raises KeysAway when there is none to be had."""
    data_key = rings.newest().fresh(place)
    version = "v2" if data_key.wrapped else "v1"
    nonce = os.urandom(_NONCE_BYTES)
    ciphertext = AESGCM(data_key.key).encrypt(nonce, clear.encode(), _associated(version, data_key.id, place))
    return str(Sealed(version, data_key.id, data_key.wrapped, nonce + ciphertext))


def unseal(sealed: str, place: str) -> str:
    """The clear text, or SealBroken; KeysAway when the keys can not be had now."""
    parts = Sealed.parse(sealed)
    key = rings.holding(parts.key_id).key(parts.key_id, parts.wrapped, place)
    nonce, ciphertext = parts.nonce_and_ciphertext[:_NONCE_BYTES], parts.nonce_and_ciphertext[_NONCE_BYTES:]
    try:
        return (
            AESGCM(key).decrypt(nonce, ciphertext, _associated(parts.version, parts.key_id, place)).decode()
        )
    except (InvalidTag, ValueError) as error:
        raise SealBroken(
            f"A value sealed with the key {parts.key_id!r} does not open: it was changed, or TOKEN_KEYS holds another "
            "key under that id. Put the right key back, or connect again."
        ) from error


def _associated(version: str, key_id: str, place: str) -> bytes:
    return f"{version}|{key_id}|{place}".encode()
