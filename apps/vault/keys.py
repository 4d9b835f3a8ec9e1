"""What every keeper of keys can do. There are few: a list of our own, AWS KMS, HashiCorp Vault."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class DataKey:
    """A key that seals one text. `wrapped` is what its keeper needs to give it again; empty: the id is enough."""

    id: str
    key: bytes = field(repr=False)
    wrapped: bytes = b""


class KeyRing(Protocol):
    def check(self) -> None:
        """Raise KeysAway when it could give no key now."""

    def newest_id(self) -> str:
        """The id of the key that seals now."""

    def holds(self, key_id: str) -> bool:
        """Whether texts that name this key are for this ring to open."""

    def fresh(self, place: str) -> DataKey:
        """A key to seal with, for one place."""

    def key(self, key_id: str, wrapped: bytes, place: str) -> bytes:
        """The key that a text was sealed with. Raises SealBroken, or KeysAway."""
