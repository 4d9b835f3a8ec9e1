"""Where sealing was before it had a package of its own: `apps.vault`."""

from apps.vault import SealBroken, seal, unseal

__all__ = ["SealBroken", "seal", "unseal"]
