"""HashiCorp Vault's transit engine: it wraps the data key of each text with a key that never leaves it."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from django.conf import settings

from .cache import KeyCache
from .errors import KeysAway, SealBroken
from .keys import DataKey

_PREFIX = "vault:"
_SECONDS = 4


class TransitKeys:
    """`name` is the key's name, or `mount/name` where the engine is not at `transit`.

    Sealed texts name the version too: after a rotation at Vault the older ones can be told from the newest.
    """

    def __init__(self, name: str) -> None:
        mount, _, self._key = name.rpartition("/")
        self._mount = mount or "transit"
        self._transit = _client().secrets.transit
        self._cache = KeyCache()

    def check(self) -> None:
        """The probe that every start makes shows whether Vault answers; an older key shows it when it is needed."""

    def newest_id(self) -> str:
        """Only Vault knows, and says so with what it wraps."""
        return self._id(self._wrap(os.urandom(32), "newest"))

    def holds(self, key_id: str) -> bool:
        return key_id.rpartition(":")[0] == f"{_PREFIX}{self._mount}/{self._key}"

    def fresh(self, place: str) -> DataKey:
        key = os.urandom(32)
        wrapped = self._wrap(key, place)
        return DataKey(self._id(wrapped), key, wrapped.encode())

    def key(self, key_id: str, wrapped: bytes, place: str) -> bytes:
        return self._cache.get(wrapped, place, lambda: self._unwrap(wrapped, place))

    def _wrap(self, key: bytes, place: str) -> str:
        with self._told(opening=False):
            answer = self._transit.encrypt_data(
                self._key,
                plaintext=_encoded(key),
                associated_data=_encoded(place.encode()),
                mount_point=self._mount,
            )
            return str(answer["data"]["ciphertext"])

    def _unwrap(self, wrapped: bytes, place: str) -> bytes:
        with self._told(opening=True):
            answer = self._transit.decrypt_data(
                self._key,
                ciphertext=wrapped.decode(errors="replace"),
                associated_data=_encoded(place.encode()),
                mount_point=self._mount,
            )
            return base64.b64decode(answer["data"]["plaintext"])

    def _id(self, wrapped: str) -> str:
        """From `vault:v3:…`."""
        return f"{_PREFIX}{self._mount}/{self._key}:{wrapped.split(':')[1]}"

    @contextmanager
    def _told(self, *, opening: bool) -> Iterator[None]:
        """Turns what Vault and the network answer into our errors."""
        from hvac import exceptions

        key = f"Vault's transit key {self._mount}/{self._key}"
        try:
            yield
        except requests.RequestException as error:
            raise KeysAway(
                f"Vault does not answer at {settings.VAULT_ADDR} ({type(error).__name__}). "
                "Check VAULT_ADDR and the network."
            ) from error
        except (exceptions.Forbidden, exceptions.Unauthorized) as error:
            raise KeysAway(
                f"Vault refuses {key}: VAULT_TOKEN is wrong or has expired, or its policy lacks update on "
                f"{self._mount}/encrypt/{self._key} and {self._mount}/decrypt/{self._key}."
            ) from error
        except (exceptions.VaultDown, exceptions.VaultNotInitialized) as error:
            raise KeysAway(f"Vault at {settings.VAULT_ADDR} is sealed. Unseal it.") from error
        except exceptions.InvalidRequest as error:
            reason = ", ".join(error.errors or []) or "no reason given"
            if opening and "not found" not in reason:
                raise SealBroken(
                    f"A value sealed with {key} does not open ({reason}): it was changed, belongs to another row, or "
                    "min_decryption_version is above its version. Connect again."
                ) from error
            raise KeysAway(f"{key} gives no key ({reason}). Make it: vault write -f {self._path}.") from error
        except exceptions.InvalidPath as error:
            raise KeysAway(f"{key} is not there. Make it: vault write -f {self._path}.") from error
        except (exceptions.VaultError, KeyError, TypeError, ValueError, IndexError) as error:
            raise KeysAway(
                f"{key} gives no key ({type(error).__name__}). See Vault's log, then try again."
            ) from error

    @property
    def _path(self) -> str:
        return f"{self._mount}/keys/{self._key}"


def _client() -> Any:
    try:
        import hvac
    except ImportError as error:
        raise KeysAway(
            "TOKEN_KEYS_FROM names HashiCorp Vault, which needs hvac. Install the extra: pip install '.[vault]'."
        ) from error
    if not settings.VAULT_ADDR:
        raise KeysAway("TOKEN_KEYS_FROM names Vault, and VAULT_ADDR is empty. Set it to Vault's address.")
    return hvac.Client(
        url=settings.VAULT_ADDR,
        token=settings.VAULT_TOKEN,
        namespace=settings.VAULT_NAMESPACE or None,
        timeout=_SECONDS,
    )


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
