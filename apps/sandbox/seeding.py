"""Chance that always falls the same way: every draw is named by the seed and by what it is for."""

from __future__ import annotations

import hashlib
import random

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def draw(seed: int, *what: object) -> random.Random:
    """A generator of its own for one thing of the world."""
    return random.Random(int.from_bytes(digest(seed, *what), "big"))  # noqa: S311 - scenery, not secrets


def digest(seed: int, *what: object, size: int = 16) -> bytes:
    name = "|".join(map(str, (seed, *what)))
    return hashlib.blake2b(name.encode(), digest_size=size).digest()


def digits(seed: int, *what: object, prefix: str = "", length: int = 15) -> str:
    """An id: `prefix`, then digits up to `length`."""
    number = int.from_bytes(digest(seed, *what), "big")
    return prefix + str(number % 10**18).zfill(18)[: length - len(prefix)]


def letters(seed: int, *what: object, length: int) -> str:
    """Text that looks like a token: letters and digits without a pattern."""
    number = int.from_bytes(hashlib.shake_256(digest(seed, *what)).digest(length), "big")
    text = ""
    while len(text) < length:
        number, rest = divmod(number, 62)
        text += BASE62[rest]
    return text
