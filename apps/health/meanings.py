"""Which row of the catalogue explains a group, and the words around it that are the same for all."""

from apps.graphapi import CATALOGUE, Category, Entry, Retry, Who, classify
from apps.graphapi.catalogue import UNKNOWN, is_new
from apps.graphapi.errors import BY_CATEGORY, GraphError

from .models import ErrorGroup

CATEGORIES = {
    Category.AUTH: "Token",
    Category.PERMISSION: "Permission",
    Category.ACCOUNT: "Ad account",
    Category.POLICY: "Meta's rules",
    Category.RATE_LIMIT: "Rate limit",
    Category.TRANSIENT: "Passing trouble",
    Category.TOO_MUCH_DATA: "Too much data",
    Category.INVALID: "Wrong call",
    Category.VERSION: "API version",
    Category.UNKNOWN: "Unknown code",
}

# Whether asking again helps.
RETRIES = {
    Retry.SOON: "Tried again by itself, in a moment.",
    Retry.ONCE: "Tried once more by itself.",
    Retry.LATER: "Tried again by itself, after the wait.",
    Retry.SMALLER: "Asked again by itself, in smaller parts.",
    Retry.NEVER: "Not tried again: it would fail the same way.",
}

WHO = {
    Who.NOBODY: "Nobody",
    Who.ENGINEER: "Whoever runs this program",
    Who.ADMIN: "An admin",
    Who.ACCOUNT_OWNER: "Owner of the ad account",
    Who.META: "Meta support",
}


def entry_of(group: ErrorGroup) -> Entry:
    """The row for a group; what the code does not tell, its kind and the category it was filed under do."""
    category = Category(group.category)
    if group.code is None:
        kind = _KINDS.get(group.kind, GraphError)
        return kind.default_entry if kind.default_entry.category is category else _of(category)
    entry = classify(group.code, group.subcode, message=group.message)
    # The flag or the HTTP status told more than the code.
    return _of(category) if entry is UNKNOWN else entry


def is_unknown(group: ErrorGroup) -> bool:
    """Whether the catalogue lacks the code, or knows the code and not the subcode."""
    return is_new(group.code, group.subcode, entry_of(group))


def _of(category: Category) -> Entry:
    return BY_CATEGORY[category].default_entry


def _every_kind(kind: type[GraphError]) -> dict[str, type[GraphError]]:
    found = {kind.__name__: kind}
    for more in kind.__subclasses__():
        found |= _every_kind(more)
    return found


_KINDS = _every_kind(GraphError)


def title(group: ErrorGroup) -> str:
    """The headline: what it is, without a full stop."""
    entry = entry_of(group)
    if entry is UNKNOWN and group.code is not None:
        return f"Unknown code {group.pair}"
    return entry.meaning.removesuffix(".")


def pairs_that_mean(words: str) -> list[tuple[int | None, int | None]]:
    """(code, subcode) of the rows of the catalogue with these words in them."""
    wanted = words.casefold()
    return [
        (row.code, row.subcode)
        for row in CATALOGUE
        if wanted in row.meaning.casefold() or wanted in row.action.casefold()
    ]
