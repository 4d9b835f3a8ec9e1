"""Until when a version of the Graph API answers, and how long ads endpoints take it.

Source: the Graph API page "Versions" and the Marketing API page "Versions" (a version is supported for at least 90 days
after the next one ships), as of November 2026. Meta adds to it about every four months.
"""

from dataclasses import dataclass
from datetime import date

LATEST = "v26.0"
# Version: the last day of the Graph API, and of the Marketing API where Meta has named one.
_ENDS: dict[str, tuple[date | None, date | None]] = {
    "v26.0": (None, None),
    "v25.0": (date(2028, 7, 29), None),
    "v24.0": (date(2028, 2, 18), date(2026, 10, 6)),
    "v23.0": (date(2027, 10, 8), date(2026, 6, 9)),
    "v22.0": (date(2027, 5, 20), date(2026, 6, 9)),
    "v21.0": (date(2027, 1, 21), date(2026, 6, 9)),
    "v20.0": (date(2026, 9, 24), date(2026, 6, 9)),
}


@dataclass(frozen=True)
class Support:
    """How long a version is good for. `known` False: it is not in our table, older or newer than it."""

    version: str
    known: bool
    graph_ends: date | None = None
    ads_end: date | None = None

    @property
    def ends(self) -> date | None:
        """When the first calls fail; None while Meta has named no day."""
        return min((day for day in (self.graph_ends, self.ads_end) if day), default=None)


def support(version: str) -> Support:
    """What is known of a version such as `v26.0`."""
    if version not in _ENDS:
        return Support(version, known=False)
    return Support(version, True, *_ENDS[version])
