"""Meta's values as the database takes them."""

from typing import Any

_LARGEST = 2**63 - 1


def clean(value: Any) -> str:
    """Text without what PostgreSQL refuses: the NUL character, and halves of an emoji that was cut in two."""
    return "" if value is None else str(value).replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def whole(value: Any) -> int | None:
    """A count or an amount in minor units, given as digits; None when there is none, or none that can be kept."""
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if abs(number) <= _LARGEST else None
