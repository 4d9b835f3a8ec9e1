"""AWS KMS: each text has a data key of its own, which only KMS can unwrap, and only for the text's place."""

from typing import Any

from . import aws
from .cache import KeyCache
from .keys import DataKey

_PREFIX = "aws-kms:"


class KmsKeys:
    """`name` is the key's ARN, id or alias. Sealed texts name the ARN, so an alias may be pointed elsewhere later."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._kms = aws.client("kms")
        self._arn = name if ":key/" in name else ""
        self._cache = KeyCache()

    def check(self) -> None:
        self.newest_id()

    def newest_id(self) -> str:
        if not self._arn:
            with aws.told(f"The KMS key {self._name}"):
                self._arn = self._kms.describe_key(KeyId=self._name)["KeyMetadata"]["Arn"]
        return _PREFIX + self._arn

    def holds(self, key_id: str) -> bool:
        return key_id.startswith(_PREFIX) and key_id == self.newest_id()

    def fresh(self, place: str) -> DataKey:
        key_id = self.newest_id()
        with aws.told(f"The KMS key {self._name}"):
            made = self._kms.generate_data_key(
                KeyId=self._arn, KeySpec="AES_256", EncryptionContext=_context(place)
            )
        return DataKey(key_id, made["Plaintext"], made["CiphertextBlob"])

    def key(self, key_id: str, wrapped: bytes, place: str) -> bytes:
        return self._cache.get(wrapped, place, lambda: self._unwrap(wrapped, place))

    def _unwrap(self, wrapped: bytes, place: str) -> bytes:
        with aws.told(f"The KMS key {self._name}"):
            answer: dict[str, Any] = self._kms.decrypt(
                KeyId=self._arn, CiphertextBlob=wrapped, EncryptionContext=_context(place)
            )
        key: bytes = answer["Plaintext"]
        return key


def _context(place: str) -> dict[str, str]:
    """Told to CloudTrail in clear with every use: it says which row was opened, and nothing of what it holds."""
    return {"place": place}
