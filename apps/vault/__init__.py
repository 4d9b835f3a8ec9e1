"""Seals what must never lie in clear, with keys from the environment, AWS or HashiCorp Vault. Knows nothing of ours."""

from .errors import KeysAway, SealBroken
from .seals import seal, unseal

__all__ = ["KeysAway", "SealBroken", "seal", "unseal"]
