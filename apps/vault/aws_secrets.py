"""AWS Secrets Manager: a list of keys in the form of TOKEN_KEYS, read at the start and kept in memory."""

import time
from collections.abc import Callable

from . import aws, local
from .errors import KeysAway
from .keys import DataKey
from .local import LocalKeys

# A text that names a key we do not know may mean that the list has grown: look again, but not all the time.
LOOK_AGAIN = 60.0


class SecretKeys:
    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._clock = name, clock
        self._client = aws.client("secretsmanager")
        self._read_at = 0.0
        self._kept: LocalKeys | None = None

    def check(self) -> None:
        self._keys()

    def newest_id(self) -> str:
        return self._keys().newest_id()

    def holds(self, key_id: str) -> bool:
        if not self._keys().holds(key_id) and self._clock() - self._read_at >= LOOK_AGAIN:
            self._kept = None
        return self._keys().holds(key_id)

    def fresh(self, place: str) -> DataKey:
        return self._keys().fresh(place)

    def key(self, key_id: str, wrapped: bytes, place: str) -> bytes:
        return self._keys().key(key_id, wrapped, place)

    def _keys(self) -> LocalKeys:
        if self._kept is None:
            self._kept = self._read()
            self._read_at = self._clock()
        return self._kept

    def _read(self) -> LocalKeys:
        with aws.told(f"The AWS secret {self._name}"):
            answer = self._client.get_secret_value(SecretId=self._name)
        try:
            return LocalKeys(
                local.parse(answer.get("SecretString") or "", f"The AWS secret {self._name}"), self._name
            )
        except local.BadKeys as error:
            raise KeysAway(str(error)) from error
