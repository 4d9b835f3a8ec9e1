"""The keepers of keys that the settings name, newest first: the first seals, all open."""

from django.conf import settings

from .errors import SealBroken
from .keys import KeyRing
from .local import LocalKeys


def rings() -> list[KeyRing]:
    return [LocalKeys(settings.TOKEN_KEYS)]


def newest() -> KeyRing:
    return rings()[0]


def holding(key_id: str) -> KeyRing:
    """The ring that opens what names this key, or SealBroken."""
    for ring in rings():
        if ring.holds(key_id):
            return ring
    raise SealBroken(f"The key {key_id!r} is not in TOKEN_KEYS. Put it back, or connect again.")
