"""Who saw the ads: how a day's figures divide over ages, places and placements, and how many people it was.

Every split of a count adds up to the count again. Reach does not: people who saw two ads are one person.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from operator import add, sub
from typing import NamedTuple

from . import wording
from .delivery import DAY_CURVE, MILLION
from .metrics import (
    CLICKS,
    COUNTS,
    DEFAULTS_AT,
    IMPRESSIONS,
    LINK_CLICKS,
    PIECES,
    SLOT,
    SPEND,
    VALUED,
    VALUES_AT,
    conversion_slot,
    value_slot,
    with_default_columns,
)
from .objects import Ad
from .seeding import draw

HOURLY = "hourly_stats_aggregated_by_advertiser_time_zone"
AGES = (("18-24", 150), ("25-34", 270), ("35-44", 230), ("45-54", 170), ("55-64", 110), ("65+", 70))
GENDERS = (("female", 540), ("male", 440), ("unknown", 20))
PLACEMENTS = (
    (("facebook", "feed"), 330),
    (("facebook", "facebook_reels"), 90),
    (("facebook", "facebook_stories"), 50),
    (("facebook", "marketplace"), 45),
    (("facebook", "right_hand_column"), 15),
    (("instagram", "feed"), 190),
    (("instagram", "instagram_stories"), 120),
    (("instagram", "instagram_reels"), 100),
    (("instagram", "instagram_explore"), 20),
    (("audience_network", "an_classic"), 30),
    (("messenger", "messenger_stories"), 10),
)
DEVICES = (
    ("iphone", 420),
    ("android_smartphone", 400),
    ("desktop", 110),
    ("ipad", 40),
    ("android_tablet", 25),
    ("other", 5),
)
DEVICE_PLATFORMS = (("mobile_app", 840), ("desktop", 110), ("mobile_web", 50))

ALLOWED: tuple[frozenset[str], ...] = tuple(
    frozenset(names.split(","))
    for names in (
        "age",
        "gender",
        "age,gender",
        "country",
        "region",
        "publisher_platform",
        "publisher_platform,platform_position",
        "publisher_platform,impression_device",
        "publisher_platform,platform_position,impression_device",
        "device_platform",
        "impression_device",
        HOURLY,
    )
)
# Known to Meta, accepted, and always empty here (as for an account that has not opted in).
EMPTY = frozenset(
    {
        "product_id",
        "frequency_value",
        "comscore_market",
        "dma",
        "hourly_stats_aggregated_by_audience_time_zone",
        "body_asset",
        "image_asset",
        "title_asset",
        "video_asset",
        "link_url_asset",
        "description_asset",
        "call_to_action_asset",
        "ad_format_asset",
    }
)
# Off-Meta conversions cannot be told apart by these.
BLIND_TO_CONVERSIONS = frozenset({"region", HOURLY})


class Cells(NamedTuple):
    """`labels` of each cell, and running weights for what is shown, paid and answered."""

    labels: list[tuple[str, ...]]
    shown: list[int]
    paid: list[int]
    answered: list[int]


def _joint(names: tuple[str, ...], currency: str) -> list[tuple[dict[str, str], int]]:
    """The finest cells needed for these breakdowns, with plain weights."""
    cells: list[tuple[dict[str, str], int]] = [({}, 1)]
    if "age" in names or "gender" in names:
        cells = [
            ({"age": age, "gender": gender}, much * more) for age, much in AGES for gender, more in GENDERS
        ]
    elif "publisher_platform" in names:
        cells = [
            ({"publisher_platform": platform, "platform_position": position}, much)
            for (platform, position), much in PLACEMENTS
        ]
    elif "country" in names:
        cells = [({"country": country}, much) for country, much in wording.COUNTRIES[currency]]
    elif "region" in names:
        regions = wording.REGIONS[currency]
        cells = [({"region": region}, 300 // (n + 1)) for n, region in enumerate(regions)]
    elif "device_platform" in names:
        cells = [({"device_platform": device}, much) for device, much in DEVICE_PLATFORMS]
    if "impression_device" in names:
        cells = [
            (labels | {"impression_device": device}, weight * much)
            for labels, weight in cells
            for device, much in DEVICES
        ]
    return cells


@lru_cache(maxsize=20_000)
def cells_of(ad: Ad, names: tuple[str, ...]) -> Cells:
    """How this ad's audience divides; every ad leans its own way."""
    joint = _joint(names, ad.account.plan.currency)
    chance = draw(0, ad.id, "audience", *sorted(joint[0][0]))
    weights = [weight * chance.randrange(500, 1500) for _, weight in joint]
    paid = [weight * chance.randrange(800, 1250) for weight in weights]
    answered = [weight * chance.randrange(500, 1700) for weight in weights]
    labels = [tuple(cell[name] for name in names) for cell, _ in joint]
    return Cells(labels, _running(weights), _running(paid), _running(answered))


def hour_cells(served: int) -> Cells:
    """The hours that have passed in a day of which so many millionths are served."""
    weights = [max(0, min(served, DAY_CURVE[4 * hour + 4]) - DAY_CURVE[4 * hour]) for hour in range(24)]
    labels: list[tuple[str, ...]] = [(f"{hour:02d}:00:00 - {hour:02d}:59:59",) for hour in range(24)]
    if not any(weights):
        weights[0] = 1
    running = _running(weights)
    return Cells(labels, running, running, running)


def _running(weights: list[int]) -> list[int]:
    total, sums = 0, []
    for weight in weights:
        total += weight
        sums.append(total)
    return sums


def split(
    figures: Sequence[int], cells: Cells, dice: int, attribution: str, conversions: bool
) -> list[tuple[int, ...]]:
    """One set of figures per cell; each count adds up to the whole again. Counted in columns, one per slot."""
    nothing = [0] * len(cells.labels)
    columns = [nothing] * DEFAULTS_AT

    def share(slot: int, weights: list[int]) -> None:
        if figures[slot]:
            columns[slot] = _pieces(figures[slot], weights, dice + slot * 7_919)

    _split_nested(figures, columns, cells, dice)
    share(SPEND, cells.paid)
    for slot in range(SLOT["video_view"], COUNTS):
        share(slot, cells.shown if slot <= SLOT["thruplay"] else cells.answered)
    if conversions:
        for slot in range(COUNTS, VALUES_AT):
            share(slot, cells.answered)
        for name in VALUED:
            _price(figures, columns, conversion_slot(name), value_slot(name))
    return list(zip(*with_default_columns(columns, attribution), strict=True))


def _split_nested(figures: Sequence[int], columns: list[list[int]], cells: Cells, dice: int) -> None:
    """Landing page views lie within outbound clicks, those within link clicks, within clicks, within
    impressions: in every cell as in the whole."""
    inner = 0
    chain = (SLOT["landing_page_view"], SLOT["outbound_click"], LINK_CLICKS, CLICKS, IMPRESSIONS)
    sums = [0] * len(cells.labels)
    for slot in chain:
        weights = cells.shown if slot == IMPRESSIONS else cells.answered
        sums = list(map(add, sums, _pieces(figures[slot] - inner, weights, dice + slot * 7_919)))
        columns[slot] = sums
        inner = figures[slot]


def _price(figures: Sequence[int], columns: list[list[int]], counts: int, values: int) -> None:
    for piece in range(len(PIECES)):
        count = figures[counts + piece]
        if count:
            unit = figures[values + piece] // count
            columns[values + piece] = [amount * unit for amount in columns[counts + piece]]


def _pieces(amount: int, weights: list[int], luck: int) -> list[int]:
    """`amount` cut along running weights into whole numbers that add up to it."""
    total = weights[-1]
    offset = luck % total
    reached = [(weight * amount + offset) // total for weight in weights]
    return list(map(sub, reached, [0, *reached]))


def people(impressions: int, pool: int) -> int:
    """How many different people so many impressions met in a pool of that size.

    Rounding up keeps the whole at or below the sum of its parts; 23/20 is how often the same person is met
    even on a small day.
    """
    if impressions <= 0:
        return 0
    top = 20 * impressions * pool
    return min(impressions, -(-top // (20 * impressions + 23 * pool)))


__all__ = [
    "ALLOWED",
    "BLIND_TO_CONVERSIONS",
    "EMPTY",
    "HOURLY",
    "MILLION",
    "cells_of",
    "hour_cells",
    "people",
    "split",
]
