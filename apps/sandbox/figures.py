"""Sums of days turned into the fields of an insights row. Every number is text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .audience import people
from .currency import major, ratio
from .metrics import (
    CLICKS,
    IMPRESSIONS,
    LINK_CLICKS,
    OFF_META,
    PIECES,
    SLOT,
    SPEND,
    VALUED,
    WINDOWS,
    conversion_slot,
    default_slot,
    default_value_slot,
    value_slot,
)

PIXEL = "offsite_conversion.fb_pixel_"
ENGAGEMENT = ("link_click", "video_view", "post_reaction", "comment", "post_save")
ON_META_TYPES = {
    "link_click": ("link_click",),
    "landing_page_view": ("landing_page_view",),
    "video_view": ("video_view",),
    "post_reaction": ("post_reaction",),
    "comment": ("comment",),
    "onsite_conversion.post_save": ("post_save",),
    "like": ("like",),
    "post_engagement": ENGAGEMENT,
    "page_engagement": (*ENGAGEMENT, "like"),
    "onsite_conversion.messaging_conversation_started_7d": ("messaging",),
    "onsite_conversion.lead_grouped": ("form_lead",),
}
# The same conversions under several names: never to be added up.
OFF_META_TYPES = {
    "view_content": (f"{PIXEL}view_content", "view_content", "omni_view_content"),
    "add_to_cart": (f"{PIXEL}add_to_cart", "add_to_cart", "omni_add_to_cart"),
    "initiate_checkout": (f"{PIXEL}initiate_checkout", "initiate_checkout", "omni_initiated_checkout"),
    "purchase": (f"{PIXEL}purchase", "purchase", "omni_purchase"),
    "lead": (f"{PIXEL}lead",),
    "complete_registration": (
        f"{PIXEL}complete_registration",
        "complete_registration",
        "omni_complete_registration",
    ),
    "app_install": ("mobile_app_install", "omni_app_install"),
}


@dataclass(frozen=True)
class Amounts:
    """One action type: its default figure and one per requested window."""

    kind: str
    default: int
    windows: dict[str, int]

    def __bool__(self) -> bool:
        return bool(self.default or any(self.windows.values()))

    def told(self, spell: Callable[[int], str]) -> dict[str, str]:
        row = {"action_type": self.kind, "value": spell(self.default)}
        row.update((window, spell(amount)) for window, amount in self.windows.items() if amount)
        return row


@dataclass(frozen=True)
class Figures:
    """The totals of one row, and what is needed to spell them."""

    totals: list[int]
    unit: int
    pool: int
    windows: tuple[str, ...]
    unique: str  # "told", "absent" or "zero"

    @property
    def impressions(self) -> int:
        return self.totals[IMPRESSIONS]

    @property
    def spend(self) -> int:
        return self.totals[SPEND]

    @property
    def reach(self) -> int:
        return people(self.impressions, self.pool)

    def on_meta(self, name: str) -> int:
        return self.totals[SLOT[name]]

    def actions(self) -> list[Amounts]:
        found = [self._on_meta(kind, parts) for kind, parts in ON_META_TYPES.items()]
        for name in OFF_META:
            amounts = self._windowed(conversion_slot(name), self.totals[default_slot(name)])
            found += [Amounts(kind, *amounts) for kind in OFF_META_TYPES[name]]
        forms = self._on_meta("lead", ("form_lead",))
        default, windows = self._windowed(conversion_slot("lead"), self.totals[default_slot("lead")])
        joined = {window: forms.windows[window] + count for window, count in windows.items()}
        found.append(Amounts("lead", forms.default + default, joined))
        return [amounts for amounts in found if amounts]

    def values(self, names: tuple[str, ...] = VALUED) -> list[Amounts]:
        found = []
        for name in names:
            amounts = self._windowed(value_slot(name), self.totals[default_value_slot(name)])
            found += [Amounts(kind, *amounts) for kind in OFF_META_TYPES[name]]
        return [amounts for amounts in found if amounts]

    def _on_meta(self, kind: str, parts: tuple[str, ...]) -> Amounts:
        count = sum(self.on_meta(part) for part in parts)
        seen = ("1d_view",) if kind == "video_view" else ("1d_click", "7d_click", "28d_click")
        return Amounts(kind, count, {window: count if window in seen else 0 for window in self.windows})

    def _windowed(self, start: int, default: int) -> tuple[int, dict[str, int]]:
        pieces = self.totals[start : start + len(PIECES)]
        if not any(pieces):
            return default, dict.fromkeys(self.windows, 0)
        return default, {window: sum(pieces[piece] for piece in WINDOWS[window]) for window in self.windows}

    # Spelling

    def money(self, minor: int) -> str:
        return major(minor, self.unit)

    def cost(self, of: int) -> str | None:
        """Spend for each of `of`, in major units."""
        return ratio(self.spend, of * self.unit) if of else None

    def percent(self, part: int, whole: int | None = None) -> str | None:
        whole = self.impressions if whole is None else whole
        return ratio(part * 100, whole) if whole else None


def _count(name: str) -> Callable[[Figures], str]:
    return lambda figures: str(figures.on_meta(name))


def _unique(tell: Callable[[Figures], str | None]) -> Callable[[Figures], str | None]:
    def told(figures: Figures) -> str | None:
        if figures.unique == "absent":
            return None
        return "0" if figures.unique == "zero" else tell(figures)

    return told


def _list(kind: str, slot: str) -> Callable[[Figures], list[dict[str, str]] | None]:
    def told(figures: Figures) -> list[dict[str, str]] | None:
        count = figures.on_meta(slot)
        return [{"action_type": kind, "value": str(count)}] if count else None

    return told


def _engagement(figures: Figures) -> int:
    return sum(figures.on_meta(part) for part in ENGAGEMENT)


def _actions(figures: Figures) -> list[dict[str, str]] | None:
    return [amounts.told(str) for amounts in figures.actions()] or None


def _action_values(figures: Figures) -> list[dict[str, str]] | None:
    return [amounts.told(figures.money) for amounts in figures.values()] or None


def _cost_per_action(figures: Figures) -> list[dict[str, str]] | None:
    return [
        amounts.told(lambda count: ratio(figures.spend, count * figures.unit))
        for amounts in figures.actions()
        if amounts.default and figures.spend
    ] or None


def _roas(kind: str) -> Callable[[Figures], list[dict[str, str]] | None]:
    def told(figures: Figures) -> list[dict[str, str]] | None:
        if not figures.spend:
            return None
        bought = [amounts for amounts in figures.values(("purchase",)) if amounts.kind == kind]
        return [amounts.told(lambda value: ratio(value, figures.spend)) for amounts in bought] or None

    return told


def _unique_clicks(figures: Figures) -> int:
    return people(figures.totals[CLICKS], figures.pool)


def _unique_links(figures: Figures) -> int:
    return people(figures.totals[LINK_CLICKS], figures.pool)


METRICS: dict[str, Callable[[Figures], Any]] = {
    "impressions": _count("impressions"),
    "clicks": _count("clicks"),
    "inline_link_clicks": _count("link_click"),
    "spend": lambda f: f.money(f.spend),
    "reach": _unique(lambda f: str(f.reach)),
    "frequency": _unique(lambda f: ratio(f.impressions, f.reach) if f.reach else None),
    "cpp": _unique(lambda f: ratio(f.spend * 1000, f.reach * f.unit) if f.reach else None),
    "cpm": lambda f: ratio(f.spend * 1000, f.impressions * f.unit) if f.impressions else None,
    "cpc": lambda f: f.cost(f.totals[CLICKS]),
    "ctr": lambda f: f.percent(f.totals[CLICKS]),
    "inline_link_click_ctr": lambda f: f.percent(f.totals[LINK_CLICKS]),
    "cost_per_inline_link_click": lambda f: f.cost(f.totals[LINK_CLICKS]),
    "unique_clicks": _unique(lambda f: str(_unique_clicks(f))),
    "unique_ctr": _unique(lambda f: f.percent(_unique_clicks(f), f.reach)),
    "cost_per_unique_click": _unique(lambda f: f.cost(_unique_clicks(f))),
    "unique_inline_link_clicks": _unique(lambda f: str(_unique_links(f))),
    "cost_per_unique_inline_link_click": _unique(lambda f: f.cost(_unique_links(f))),
    "inline_post_engagement": lambda f: str(_engagement(f)),
    "cost_per_inline_post_engagement": lambda f: f.cost(_engagement(f)),
    "outbound_clicks": _list("outbound_click", "outbound_click"),
    "video_thruplay_watched_actions": _list("video_view", "thruplay"),
    "actions": _actions,
    "action_values": _action_values,
    "cost_per_action_type": _cost_per_action,
    "purchase_roas": _roas("omni_purchase"),
    "website_purchase_roas": _roas(f"{PIXEL}purchase"),
}
