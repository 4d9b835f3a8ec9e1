"""What Meta's error codes mean, and the one place that decides it.

`classify` is used for every error, in single answers and in members of a batch. The seven-digit values are
listed by Meta as codes but normally arrive as the subcode of 100, 200 or 613: the pair is looked up first,
then the subcode alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.graphapi import codes_access, codes_limits, codes_requests
from apps.graphapi.entries import Category, Entry

CATALOGUE: tuple[Entry, ...] = codes_limits.ROWS + codes_access.ROWS + codes_requests.ROWS
"""Every row, for pages that list them."""

UNKNOWN = codes_requests.UNKNOWN
_SEVEN_DIGITS = 1_000_000


@dataclass(frozen=True)
class Phrase:
    """A message that decides where the code does not. `codes`: those whose own row it overrules."""

    codes: frozenset[int]
    parts: tuple[str, ...]
    entry: Entry

    def fits(self, message: str) -> bool:
        """Whether every part is in the message, in any case."""
        return all(part in message.lower() for part in self.parts)


PHRASES = (
    Phrase(frozenset({1, 2}), ("reduce the amount of data",), codes_limits.REDUCE_THE_DATA),
    Phrase(frozenset({100}), ("cannot include", "in summary param"), codes_limits.SUMMARY_PARAM),
    Phrase(frozenset({100}), ("issing permission",), codes_access.MISSING_PERMISSION),
    # Code 1 without this would be asked again as a hiccup; the secret stays wrong.
    Phrase(frozenset({1, 100}), ("validating client secret",), codes_requests.APP_SECRET),
    Phrase(frozenset({100}), ("appsecret_proof",), codes_requests.APP_SECRET),
)

RANGES = (
    (range(200, 300), codes_access.PERMISSION_FAMILY),
    (range(80000, 80015), codes_limits.USE_CASE_RANGE),
)
SUBCODE_RANGES = ((range(2804000, 2805000), codes_requests.CONVERSION_EVENT),)


def _by_subcode(rows: Iterable[Entry]) -> dict[int, Entry]:
    """Seven-digit subcodes that mean one thing whatever the code; a row without a code wins."""
    alone: dict[int, Entry] = {}
    for row in sorted(rows, key=lambda row: row.code is not None):
        if row.subcode is not None and row.subcode >= _SEVEN_DIGITS:
            alone.setdefault(row.subcode, row)
    return alone


_PAIRS = {(row.code, row.subcode): row for row in CATALOGUE}
_ALONE = _by_subcode(CATALOGUE)


def classify(
    code: int | None,
    subcode: int | None = None,
    *,
    message: str = "",
    type: str = "",
    is_transient: bool | None = None,
    status: int | None = None,
) -> Entry:
    """The row for an error of Meta's; `UNKNOWN` when nothing fits, never a guess.

    Order: pair, subcode alone, message exceptions, code, range of codes, `is_transient`, HTTP 5xx, messages
    under any code.
    """
    return (
        _pair(code, subcode)
        or _subcode(code, subcode)
        or _phrase(code, message)
        or _code(code)
        or (codes_limits.BATCH_REFUSED if type == "GraphBatchException" else None)
        or (codes_limits.IS_TRANSIENT if is_transient else None)
        or (codes_limits.SERVER_FAULT if status is not None and status >= 500 else None)
        or _phrase(None, message)
        or UNKNOWN
    )


def is_new(code: int | None, subcode: int | None, entry: Entry) -> bool:
    """Whether this row says nothing of the subcode, or without one of the code: Meta's own words tell more."""
    return entry.category is Category.UNKNOWN or (subcode is not None and entry is _code(code))


def _pair(code: int | None, subcode: int | None) -> Entry | None:
    return _PAIRS.get((code, subcode)) if code is not None and subcode is not None else None


def _subcode(code: int | None, subcode: int | None) -> Entry | None:
    """By the subcode alone; Meta lists these values as codes, so one may come in that place too."""
    for value in (subcode, code):
        if value is not None and value >= _SEVEN_DIGITS:
            return _ALONE.get(value) or next((row for span, row in SUBCODE_RANGES if value in span), None)
    return None


def _phrase(code: int | None, message: str) -> Entry | None:
    """A message exception; with a code, only one that may overrule the code's row."""
    fitting = (phrase for phrase in PHRASES if code is None or code in phrase.codes)
    return next((phrase.entry for phrase in fitting if phrase.fits(message)), None)


def _code(code: int | None) -> Entry | None:
    if code is None:
        return None
    return _PAIRS.get((code, None)) or next((row for span, row in RANGES if code in span), None)
