"""Amounts: whole numbers of the smallest unit inside, text in Meta's two spellings outside."""

from __future__ import annotations

ZERO_DECIMAL = frozenset(["CLP", "COP", "CRC", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "TWD", "VND"])


def offset(currency: str) -> int:
    """How many of the API's minor units make one major unit."""
    return 1 if currency in ZERO_DECIMAL else 100


def major(minor: int, unit: int) -> str:
    """`1230, 100` is `"12.3"`: insights write major units without trailing zeros."""
    whole, rest = divmod(minor, unit)
    return f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)


def ratio(top: int, bottom: int) -> str:
    """A quotient with six places, rounded half up."""
    scaled = (2 * top * 1_000_000 + bottom) // (2 * bottom)
    whole, rest = divmod(scaled, 1_000_000)
    return f"{whole}.{rest:06d}"
