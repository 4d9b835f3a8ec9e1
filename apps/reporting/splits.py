"""How a report that is too large becomes smaller ones. Values only: nothing is asked, nothing is stored.

What is suspected is set apart first. Then days are halved, down to one; then objects, from campaigns down to the level
itself; then fields. What can be cut no more and still fails is poisoned.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

# What an object of each level stands in, from the top down, itself last.
LINES = {
    "account": [],
    "campaign": ["campaign"],
    "adset": ["campaign", "adset"],
    "ad": ["campaign", "adset", "ad"],
}


@dataclass(frozen=True)
class Part:
    """What one report asks for. `object_ids` are of `object_level`: only these or, `excluded`, all but these."""

    level: str
    since: date
    until: date
    fields: tuple[str, ...]
    breakdown: str = ""
    object_level: str = ""
    object_ids: tuple[str, ...] = ()
    excluded: bool = False

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def is_limited(self) -> bool:
        """Whether it names the objects that it is about."""
        return bool(self.object_ids) and not self.excluded

    @property
    def is_one_object(self) -> bool:
        return self.level == "account" or (
            self.is_limited and self.object_level == self.level and len(self.object_ids) == 1
        )


@dataclass(frozen=True)
class Listing:
    """Objects of one level inside a part; `is_complete`: there can be no others with numbers."""

    ids: tuple[str, ...]
    is_complete: bool = True


@dataclass(frozen=True)
class Suspects:
    """What failed alone elsewhere: fields, and objects of the report's own level.

    `hopeless`: objects of which nothing came (empty: the account). `gone`: fields that fail wherever they are asked.
    """

    fields: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()
    hopeless: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()

    def explain(self, part: Part) -> bool:
        """Whether a part is of suspects alone, so that its failure is no surprise."""
        of_objects = part.is_limited and part.object_level == part.level
        return self.fields.issuperset(part.fields) or (
            of_objects and self.objects.issuperset(part.object_ids)
        )


Below = Callable[[Part, str], Listing]


def split(part: Part, below: Below, suspects: Suspects = Suspects()) -> list[Part]:
    """Smaller parts that are the same together; none when it can not be cut. `below` lists a level's objects."""
    easy = _apart(part, "fields", suspects.fields) or _objects_apart(part, suspects.objects) or _by_days(part)
    if easy:
        return easy
    pieces, part = _by_objects(part, below)
    name = "" if part.level == "account" else ",".join(part.object_ids)
    if pieces or name in suspects.hopeless:
        return pieces
    return _by_fields(part)


def slices(since: date, until: date, days: int) -> list[tuple[date, date]]:
    """Stretches of so many days, the newest first; the oldest may be shorter."""
    found = []
    while until >= since:
        first = max(since, until - timedelta(days=max(days, 1) - 1))
        found.append((first, until))
        until = first - timedelta(days=1)
    return found


def grouped(part: Part, level: str, listing: Listing, size: int) -> list[Part]:
    """The part for so many objects at a time, and one for all others where the list may not be complete."""
    ids = listing.ids
    parts = [
        replace(part, object_level=level, object_ids=ids[start : start + size], excluded=False)
        for start in range(0, len(ids), max(size, 1))
    ]
    if not listing.is_complete:
        parts.append(replace(part, object_level=level, object_ids=ids, excluded=True))
    return parts


def grown(days: int, objects: int | None, *, most_days: int) -> tuple[int, int | None]:
    """A step back towards larger reports: first more objects, then more days."""
    if objects is not None:
        larger = objects * 2
        return days, larger if larger < _ALL else None
    return min(most_days, days + max(1, days // 2)), None


# A report that takes so many objects may take all of them.
_ALL = 256


def _objects_apart(part: Part, suspects: frozenset[str]) -> list[Part]:
    if not suspects or part.level == "account" or part.is_one_object:
        return []
    if not part.object_ids:
        bad = tuple(sorted(suspects))
        apart = replace(part, object_level=part.level, object_ids=bad)
        return [replace(apart, excluded=True), apart]
    if part.object_level != part.level:
        return []
    if part.excluded:
        bad = tuple(sorted(suspects - set(part.object_ids)))
        if not bad:
            return []
        return [
            replace(part, object_ids=part.object_ids + bad),
            replace(part, object_ids=bad, excluded=False),
        ]
    return _apart(part, "object_ids", suspects)


def _apart(part: Part, name: str, suspects: frozenset[str]) -> list[Part]:
    have: tuple[str, ...] = getattr(part, name)
    good = tuple(value for value in have if value not in suspects)
    bad = tuple(value for value in have if value in suspects)
    return [_with(part, name, good), _with(part, name, bad)] if good and bad else []


def _by_days(part: Part) -> list[Part]:
    if part.days == 1:
        return []
    middle = part.since + timedelta(days=(part.days - 1) // 2)
    return [replace(part, since=middle + timedelta(days=1)), replace(part, until=middle)]


def _by_objects(part: Part, below: Below) -> tuple[list[Part], Part]:
    """Pieces, or none and the part itself: by then named where it turned out to be about one object."""
    if part.is_limited and len(part.object_ids) > 1:
        return [_with(part, "object_ids", half) for half in _halves(part.object_ids)], part
    for level in _deeper(part):
        listing = below(part, level)
        if part.excluded:
            listing = replace(listing, ids=tuple(one for one in listing.ids if one not in part.object_ids))
        if not listing.ids:
            break
        pieces = grouped(part, level, listing, (len(listing.ids) + 1) // 2)
        if len(pieces) > 1:
            return pieces, part
        part = pieces[0]  # the only one: look inside
    return [], part


def _deeper(part: Part) -> list[str]:
    """The levels at which it has not been cut yet."""
    line = LINES[part.level]
    if part.excluded:
        return line[line.index(part.object_level) :]
    return line[line.index(part.object_level) + 1 :] if part.object_level else line


def _by_fields(part: Part) -> list[Part]:
    if len(part.fields) < 2:
        return []
    return [_with(part, "fields", half) for half in _halves(part.fields)]


def _halves(values: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    middle = (len(values) + 1) // 2
    return tuple(values[:middle]), tuple(values[middle:])


def _with(part: Part, name: str, values: tuple[str, ...]) -> Part:
    return replace(part, object_ids=values) if name == "object_ids" else replace(part, fields=values)
