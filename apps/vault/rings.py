"""The keepers of keys that TOKEN_KEYS_FROM names, newest first: the first seals, all open."""

import os
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings

from .aws_kms import KmsKeys
from .aws_secrets import SecretKeys
from .errors import SealBroken
from .hashicorp import TransitKeys
from .keys import KeyRing
from .local import LocalKeys

_SERVICES: dict[str, Callable[[str], KeyRing]] = {
    "aws-kms": KmsKeys,
    "aws-secrets": SecretKeys,
    "vault": TransitKeys,
}


def rings() -> list[KeyRing]:
    return [_ring(source) for source in settings.TOKEN_KEYS_FROM]


def newest() -> KeyRing:
    return _ring(settings.TOKEN_KEYS_FROM[0])


def holding(key_id: str) -> KeyRing:
    """The ring that opens what names this key, or SealBroken."""
    for ring in rings():
        if ring.holds(key_id):
            return ring
    if settings.TOKEN_KEYS_FROM == ["env"]:
        raise SealBroken(f"The key {key_id!r} is not in TOKEN_KEYS. Put it back, or connect again.")
    raise SealBroken(
        f"The key {key_id!r} is with none of TOKEN_KEYS_FROM ({', '.join(settings.TOKEN_KEYS_FROM)}). "
        "Name its keeper there, or connect again."
    )


def _ring(source: str) -> KeyRing:
    if source == "env":
        return LocalKeys(settings.TOKEN_KEYS)
    given = (settings.AWS_REGION, settings.VAULT_ADDR, settings.VAULT_TOKEN, settings.VAULT_NAMESPACE)
    return _service(source, given)


@lru_cache(maxsize=8)
def _service(source: str, given: tuple[str, ...]) -> KeyRing:
    """One client per process and service, kept as long as the settings stay."""
    kind, _, name = source.partition(":")
    return _SERVICES[kind](name)


# Two processes must not speak over one socket.
os.register_at_fork(after_in_child=_service.cache_clear)
