"""What is counted for an ad on a day: one tuple of whole numbers, so that sums are exact.

On-Meta counts come first. Off-Meta conversions follow, each cut into five pieces that do not overlap;
a window such as `7d_click` is a sum of pieces. The money of three of them closes the tuple.
"""

from __future__ import annotations

from operator import itemgetter

ON_META = (
    "impressions",
    "spend",
    "clicks",
    "link_click",
    "outbound_click",
    "landing_page_view",
    "video_view",
    "thruplay",
    "post_reaction",
    "comment",
    "post_save",
    "like",
    "messaging",
    "form_lead",
)
OFF_META = (
    "view_content",
    "add_to_cart",
    "initiate_checkout",
    "purchase",
    "lead",
    "complete_registration",
    "app_install",
)
VALUED = ("add_to_cart", "initiate_checkout", "purchase")
PIECES = ("click_1d", "click_2d_7d", "click_8d_28d", "view_1d", "engaged_view_1d")

SLOT = {name: n for n, name in enumerate(ON_META)}
COUNTS = len(ON_META)
CONVERSIONS = len(OFF_META) * len(PIECES)
VALUES_AT = COUNTS + CONVERSIONS
DEFAULTS_AT = VALUES_AT + len(VALUED) * len(PIECES)
# Behind the pieces: each conversion, then each value, as the ad set's own attribution setting sees it.
DEFAULT_VALUES_AT = DEFAULTS_AT + len(OFF_META)
SIZE = DEFAULT_VALUES_AT + len(VALUED)
IMPRESSIONS, SPEND, CLICKS, LINK_CLICKS = 0, 1, 2, 3

# The pieces a window adds up; 7d_view and 28d_view still parse and hold nothing.
WINDOWS: dict[str, tuple[int, ...]] = {
    "1d_click": (0,),
    "7d_click": (0, 1),
    "28d_click": (0, 1, 2),
    "1d_view": (3,),
    "1d_ev": (4,),
    "7d_view": (),
    "28d_view": (),
}
ATTRIBUTION: dict[str, tuple[int, ...]] = {
    "1d_click": (0,),
    "7d_click": (0, 1),
    "7d_click_1d_view": (0, 1, 3),
}


def conversion_slot(name: str) -> int:
    """Where the pieces of an off-Meta conversion begin."""
    return COUNTS + OFF_META.index(name) * len(PIECES)


def value_slot(name: str) -> int:
    """Where the pieces of its value begin."""
    return VALUES_AT + VALUED.index(name) * len(PIECES)


def default_slot(name: str) -> int:
    return DEFAULTS_AT + OFF_META.index(name)


def default_value_slot(name: str) -> int:
    return DEFAULT_VALUES_AT + VALUED.index(name)


# Where the pieces of each conversion, then of each value, begin.
STARTS = (*map(conversion_slot, OFF_META), *map(value_slot, VALUED))
_COUNTED = {
    name: [itemgetter(*(start + piece for start in STARTS)) for piece in pieces]
    for name, pieces in ATTRIBUTION.items()
}


def with_defaults(pieces: list[int], attribution: str) -> list[int]:
    """Counts, pieces and values, followed by what the attribution setting makes of them."""
    return pieces + [sum(parts) for parts in zip(*(of(pieces) for of in _COUNTED[attribution]), strict=True)]


def with_default_columns(columns: list[list[int]], attribution: str) -> list[list[int]]:
    """The same for many at once, one column for each slot."""
    counted = ATTRIBUTION[attribution]
    return columns + [
        [sum(parts) for parts in zip(*(columns[start + piece] for piece in counted), strict=True)]
        for start in STARTS
    ]
