"""Keys that we hold ourselves: a list of `id:base64`, newest first. The first seals, all open."""

import base64
import binascii
import re
from dataclasses import dataclass, field

from .errors import SealBroken
from .keys import DataKey

MAKE_ONE = "python -c 'import base64, os; print(\"k1:\" + base64.b64encode(os.urandom(32)).decode())'"


class BadKeys(ValueError):
    """A list of keys that can not be read. The text says which entry, and never what it holds."""


def parse(text: str, name: str = "TOKEN_KEYS") -> dict[str, bytes]:
    """Key id to 32 key bytes, in the order given."""
    keys: dict[str, bytes] = {}
    for position, part in enumerate(text.split(","), start=1):
        key_id, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", key_id) or len(key) != 32 or key_id in keys:
            raise BadKeys(
                f"{name}, entry {position} is not id:base64 of 32 bytes with an id of its own. Make one: {MAKE_ONE}"
            )
        keys[key_id] = key
    return keys


@dataclass(frozen=True)
class LocalKeys:
    """`name` is where the keys stand, for messages."""

    keys: dict[str, bytes] = field(repr=False)
    name: str = "TOKEN_KEYS"

    def check(self) -> None:
        """They are here."""

    def newest_id(self) -> str:
        return next(iter(self.keys))

    def holds(self, key_id: str) -> bool:
        return key_id in self.keys

    def fresh(self, place: str) -> DataKey:
        key_id = self.newest_id()
        return DataKey(key_id, self.keys[key_id])

    def key(self, key_id: str, wrapped: bytes, place: str) -> bytes:
        if wrapped:
            raise SealBroken(f"The key {key_id!r} of {self.name} wraps no other keys. The text was changed.")
        return self.keys[key_id]
