"""Moves every sealed value to the newest key while the system works.

Each value is opened and sealed anew with no lock held, and stored in one statement, only if it is still what was read.
So whoever stores a new token meanwhile wins, and wherever this is killed every value opens.
"""

from dataclasses import dataclass, field

from . import columns, rings
from .errors import KeysAway, SealBroken
from .seals import Sealed, seal, unseal

# A value that was changed meanwhile is looked at again.
_PASSES = 5


@dataclass
class Rewrapped:
    """What came of it. `broken` is name and reason of what could not be opened."""

    key_id: str
    moved: int = 0
    already: int = 0
    changed: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        values = "1 value" if self.moved == 1 else f"{self.moved} values"
        moved = f"{values} moved to the key {self.key_id}; {self.already} had it already."
        if self.changed:
            moved += f" {self.changed} changed each time somebody looked: run it again."
        if self.broken:
            moved += f" {len(self.broken)} could not be opened:"
        return "\n".join([moved, *(f"  {name}: {reason}" for name, reason in self.broken)])


def rewrap() -> Rewrapped:
    """Raises KeysAway when the keys can not be had; what was moved until then stays moved."""
    result = Rewrapped(rings.newest().newest_id())
    values = columns.values()
    for _ in range(_PASSES):
        changed = {value.place for value in values if not _settled(value, result)}
        values = (value for value in columns.values() if value.place in changed)
        if not changed:
            break
    result.changed = len(changed)
    return result


def _settled(value: columns.SealedValue, result: Rewrapped) -> bool:
    """Move one value, and note what came of it. False: it was changed meanwhile."""
    try:
        clear = unseal(value.sealed, value.place)
        value.opened()
        if Sealed.parse(value.sealed).key_id == result.key_id:
            result.already += 1
            return True
        moved = value.swap(seal(clear, value.place))
    except KeysAway:
        raise
    except SealBroken as error:
        result.broken.append((value.name, str(error)))
        return True
    result.moved += moved
    return moved
