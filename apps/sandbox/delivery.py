"""What an ad did on a day: a fixed final figure for (seed, ad, day), and how much of it is known by now.

The final figure never changes. What is told grows towards it: during the day with the hours that have
passed, and for 28 days afterwards while conversions (and a little spend) are still coming in.
"""

from __future__ import annotations

import hashlib
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from .metrics import COUNTS, OFF_META, PIECES, SPEND, VALUED, with_defaults
from .objects import Account, Ad
from .world import World

MILLION = 1_000_000
SETTLED_AFTER = 28 * 86400
CACHED_DAYS = 80_000

MONTHS = (860, 880, 930, 960, 980, 970, 930, 920, 1000, 1050, 1180, 1200)
SHOP_WEEK = (1000, 1010, 1020, 990, 960, 1070, 1130)
OFFICE_WEEK = (1090, 1110, 1100, 1070, 980, 790, 770)
HOURS = (14, 9, 7, 6, 7, 12, 22, 34, 42, 46, 48, 50, 53, 52, 50, 50, 51, 54, 60, 66, 71, 70, 58, 38)

# Share of the final conversions known so many seconds after the day ended.
CONVERSIONS_KNOWN = (
    (0, 640_000),
    (1 * 86400, 760_000),
    (2 * 86400, 830_000),
    (4 * 86400, 890_000),
    (7 * 86400, 935_000),
    (14 * 86400, 972_000),
    (21 * 86400, 990_000),
    (SETTLED_AFTER, MILLION),
)
SPEND_KNOWN = ((0, 988_000), (1 * 86400, 994_000), (3 * 86400, 999_000), (SETTLED_AFTER, MILLION))
# How conversions divide over the five pieces, in thousandths.
PIECE_SHARES = (560, 190, 80, 130, 40)

Vector = tuple[int, ...]


class Final(NamedTuple):
    """`counts` end up true; `units` is the money of one conversion of each valued kind."""

    counts: tuple[int, ...]
    units: tuple[int, ...]
    dice: int


def _day_curve() -> list[int]:
    """Millionths of a day's delivery done at each quarter of an hour."""
    total, done, curve = sum(HOURS) * 4, 0, [0]
    for hour in HOURS:
        for _ in range(4):
            done += hour
            curve.append(done * MILLION // total)
    return curve


DAY_CURVE = _day_curve()


class Delivery:
    """Counts ads' days and remembers them; everything told is as of the last settled quarter of an hour."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._finals: dict[tuple[str, int], Final | None] = {}
        self._told: dict[tuple[str, int], Vector | None] = {}
        self._stamp: tuple[int, int] = (0, 0)

    def told(self, ad: Ad, day: int, settled: int) -> Vector | None:
        """The ad's figures for that day as known at `settled`; None when it did not run."""
        if self._stamp != (settled, self.world.revision) or len(self._told) > CACHED_DAYS:
            self._told.clear()
            self._stamp = (settled, self.world.revision)
        key = (ad.id, day)
        if key not in self._told:
            self._told[key] = self._tell(ad, day, settled)
        return self._told[key]

    def _tell(self, ad: Ad, day: int, settled: int) -> Vector | None:
        served = served_share(ad, day, settled)
        if not served:
            return None
        if len(self._finals) > CACHED_DAYS:
            self._finals.clear()
        key = (ad.id, day)
        if key not in self._finals:
            self._finals[key] = final_day(self.world.seed, ad, day)
        final = self._finals[key]
        if final is None:
            return None
        age = settled - ad.account.midnight(day + 1)
        figures = _scaled(final, served, age, self._restatement(ad.account, day))
        return tuple(with_defaults(figures, ad.campaign.attribution))

    def _restatement(self, account: Account, day: int) -> tuple[float, float]:
        restated = self.world.restated
        if not restated:
            return (0.0, 0.0)
        return restated.get((account.id, day)) or restated.get((account.id, None)) or (0.0, 0.0)


def served_share(ad: Ad, day: int, now: float) -> int:
    """Millionths of the day's delivery that have happened: hours passed, less those it was switched off."""
    account = ad.account
    begins, ends = account.midnight(day), account.midnight(day + 1)
    if now <= begins:
        return 0
    links = (ad, ad.adset, ad.campaign)
    if not (account.changes or any(link.changes for link in links)):
        if not (account.delivers_on(day) and all(link.runs_on(day) for link in links)):
            return 0
        return _curve(now, begins, ends)
    spans = [(float(begins), min(now, float(ends)))]
    spans = _cut(spans, account.delivers_on(day), account.switches, begins)
    for link in links:
        spans = _cut(spans, link.runs_on(day), link.switches, begins)
    return sum(_curve(till, begins, ends) - _curve(since, begins, ends) for since, till in spans)


def _curve(moment: float, begins: int, ends: int) -> int:
    if moment >= ends:
        return MILLION
    return DAY_CURVE[int((moment - begins) * 96 / (ends - begins))]


def _cut(
    spans: list[tuple[float, float]], planned: bool, switches: list[tuple[float, bool]], begins: float
) -> list[tuple[float, float]]:
    """The parts of `spans` during which something was on."""
    on, kept = planned, []
    edges = [switch for switch in switches if switch[0] > begins]
    for _, state in [switch for switch in switches if switch[0] <= begins]:
        on = state
    for since, till in spans:
        at, state = since, on
        for moment, next_state in edges:
            cut = min(max(moment, at), till)
            if state and cut > at:
                kept.append((at, cut))
            at, state = cut, next_state
        if state and till > at:
            kept.append((at, till))
    return kept


def _known(curve: tuple[tuple[int, int], ...], age: int) -> int:
    if age <= 0:
        return curve[0][1]
    for (left, low), (right, high) in pairwise(curve):
        if age < right:
            return low + (high - low) * (age - left) // (right - left)
    return MILLION


def _scaled(final: Final, served: int, age: int, bump: tuple[float, float]) -> list[int]:
    """Only floors of growing products, so no figure ever falls while time passes."""
    dice = final.dice
    if served == MILLION and age >= SETTLED_AFTER and bump == (0.0, 0.0):
        counts = list(final.counts)
    else:
        counts = [(count * served + dice) // MILLION if count else 0 for count in final.counts]
        conversions = served * _known(CONVERSIONS_KNOWN, age) // MILLION
        conversions = int(conversions * (100 + bump[0]) / 100)
        for slot in range(COUNTS, len(final.counts)):
            if final.counts[slot]:
                luck = (dice + slot * 381_966) % MILLION
                counts[slot] = (final.counts[slot] * conversions + luck) // MILLION
        known = int(_known(SPEND_KNOWN, age) * (100 + bump[1]) / 100)
        counts[SPEND] = final.counts[SPEND] * (served * known // MILLION) // MILLION
    for name, unit in zip(VALUED, final.units, strict=True):
        first = COUNTS + OFF_META.index(name) * len(PIECES)
        counts += [count * unit for count in counts[first : first + len(PIECES)]]
    return counts


def final_day(seed: int, ad: Ad, day: int) -> Final | None:
    """Everything the ad will ever be credited with for that day."""
    noise = hashlib.blake2b(f"{seed}|{ad.id}|{day}".encode(), digest_size=40).digest()
    chance = [int.from_bytes(noise[n : n + 2], "big") for n in range(0, 40, 2)]  # each 0..65535
    profile = ad.profile
    pace = _pace(ad, day) * (750 + chance[0] * 500 // 65536) // 1000
    spend = profile.spend * pace // 1000
    cpm = max(1, profile.cpm * (850 + chance[1] * 300 // 65536) // 1000)
    impressions = spend * 1000 // cpm
    if impressions < 5:
        return None
    on_meta = _on_meta(ad, impressions, spend, chance)
    off_meta, units = _off_meta(ad, spend, on_meta[3], chance)
    return Final((*on_meta, *off_meta), units, int.from_bytes(noise[36:], "big") % MILLION)


def _pace(ad: Ad, day: int) -> int:
    """Thousandths of a plain day: season, weekday, a slow wave and Black Friday."""
    when = date.fromordinal(day)
    week = SHOP_WEEK if ad.account.plan.trade == "shop" else OFFICE_WEEK
    pace = MONTHS[when.month - 1] * week[when.weekday()] // 1000
    length = 40 + int(ad.id[-4:]) % 31
    into = (day + int(ad.id[-7:-4])) % length
    pace = pace * (880 + 240 * min(into, length - into) * 2 // length) // 1000
    if when.month == 11 and 20 <= when.day <= 30:
        pace = pace * 1300 // 1000
    return pace


def _lot(expected_thousandths: int, luck: int) -> int:
    """A whole number that is right on average: 2,300 is 2, sometimes 3."""
    return (expected_thousandths * 65536 + luck * 1000) // (1000 * 65536)


def _on_meta(ad: Ad, impressions: int, spend: int, chance: list[int]) -> tuple[int, ...]:
    profile = ad.profile
    swing = 800 + chance[2] * 400 // 65536
    clicks = min(impressions, _lot(impressions * profile.clicks * swing // 100_000, chance[3]))
    links = clicks * profile.link // 1000
    outbound = links * 940 // 1000
    landing = outbound * profile.landing // 1000
    video = impressions * profile.video // 1000 * (850 + chance[4] * 300 // 65536) // 1000
    reactions = _lot(impressions * profile.reactions // 100, chance[5])
    comments = _lot(reactions * 60, chance[6])
    saves = _lot(reactions * 110, chance[7])
    likes = _lot(reactions * 45, chance[8])
    family = ad.campaign.family
    messages = _lot(spend * 1000 // profile.lead_cost, chance[9]) if family == "engagement" else 0
    forms = _lot(spend * 550 // profile.lead_cost, chance[10]) if family == "leads" else 0
    return (
        impressions,
        spend,
        clicks,
        links,
        outbound,
        landing,
        video,
        video * 310 // 1000,
        reactions,
        comments,
        saves,
        likes,
        messages,
        forms,
    )


def _off_meta(ad: Ad, spend: int, links: int, chance: list[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    profile, family = ad.profile, ad.campaign.family
    roas = profile.roas if family == "sales" else profile.roas // 12
    bought = spend * roas // max(1, profile.order_value)  # thousandths of a purchase
    if family in ("leads", "engagement", "app"):
        bought = 0
    leads = spend * 450 // profile.lead_cost if family == "leads" else 0
    installs = spend * 2500 // profile.lead_cost if family == "app" else 0
    wanted = {
        "view_content": max(bought * 14, links * 500 if family != "app" else 0),
        "add_to_cart": bought * 5,
        "initiate_checkout": bought * 21 // 10,
        "purchase": bought,
        "lead": leads,
        "complete_registration": leads * 3 // 10,
        "app_install": installs,
    }
    pieces: list[int] = []
    for n, name in enumerate(OFF_META):
        pieces += _pieces(wanted[name], chance[11 + n % 7], ad)
    basket = profile.order_value * (800 + chance[18] * 400 // 65536) // 1000
    return tuple(pieces), (basket * 85 // 100, basket * 95 // 100, basket)


def _pieces(expected: int, luck: int, ad: Ad) -> list[int]:
    if not expected:
        return [0] * len(PIECES)
    shares = PIECE_SHARES if ad.profile.video > 100 else (*PIECE_SHARES[:4], 0)
    return [_lot(expected * share // 1000, (luck + 13_107 * n) % 65536) for n, share in enumerate(shares)]
