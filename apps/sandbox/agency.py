"""The cast: three businesses, twelve ad accounts, where they live and what they are worth a day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

BUSINESSES = ("Nordlicht Agentur GmbH", "Blue Harbor Holdings LLC", "青空コマース株式会社")

ACTIVE, DISABLED, UNSETTLED = 1, 2, 3
STATUSES = {
    1: "ACTIVE",
    2: "DISABLED",
    3: "UNSETTLED",
    7: "PENDING_RISK_REVIEW",
    8: "PENDING_SETTLEMENT",
    9: "IN_GRACE_PERIOD",
    100: "PENDING_CLOSURE",
    101: "CLOSED",
}
DELIVERING = frozenset({1, 9})
RISK_PAYMENT = 3


@dataclass(frozen=True)
class AccountPlan:
    """One ad account as the script of the world has it. `daily` is its usual spend in minor units."""

    key: str
    name: str
    business: int
    currency: str
    zone: str
    zone_id: int
    daily: int
    cpm: tuple[int, int]
    order_value: tuple[int, int]
    trade: str  # shop, leads or brand
    attribution: str = "7d_click_1d_view"
    evergreens: int = 3
    has_series: bool = False
    legacy: int = 0
    falls: tuple[int, date] | None = None  # status, and the first day without delivery


def _euro(key: str, name: str, daily: int, trade: str, **more: Any) -> AccountPlan:
    return AccountPlan(
        key, name, 0, "EUR", "Europe/Berlin", 47, daily, (400, 1200), (3500, 14000), trade, **more
    )


def _dollar(key: str, name: str, daily: int, trade: str, **more: Any) -> AccountPlan:
    return AccountPlan(
        key, name, 1, "USD", "America/New_York", 7, daily, (600, 1700), (4000, 16000), trade, **more
    )


def _yen(key: str, name: str, daily: int, trade: str, **more: Any) -> AccountPlan:
    return AccountPlan(
        key, name, 2, "JPY", "Asia/Tokyo", 77, daily, (420, 1150), (3800, 15000), trade, **more
    )


def _real(key: str, name: str, daily: int, trade: str, **more: Any) -> AccountPlan:
    return AccountPlan(
        key, name, 1, "BRL", "America/Sao_Paulo", 25, daily, (900, 2600), (9000, 38000), trade, **more
    )


ACCOUNTS = (
    _euro("fjaell", "Fjäll & Forst Outdoor DE", 145_000, "shop", evergreens=3, has_series=True, legacy=1),
    _euro("brauhaus", "Brauhaus Müller – Online-Shop", 62_000, "shop", evergreens=4, legacy=1),
    _euro("velo", "Vélo « Étoile » Berlin", 38_000, "leads", evergreens=2, has_series=True),
    _euro(
        "cafe",
        "Café Größenwahn",
        24_000,
        "brand",
        evergreens=3,
        falls=(DISABLED, date(2026, 9, 14)),
    ),
    _euro("klinik", "Zahnklinik Schönblick", 31_000, "leads", attribution="1d_click", evergreens=3),
    _dollar("harbor", "Harbor Coffee Roasters", 210_000, "shop", evergreens=4, has_series=True, legacy=1),
    _dollar(
        "omalley",
        'O\'Malley "Quick" Tools',
        54_000,
        "shop",
        evergreens=3,
        falls=(UNSETTLED, date(2026, 11, 10)),
    ),
    _dollar("liberty", "Liberty Fitness 💪", 88_000, "leads", attribution="7d_click", evergreens=2),
    _yen("aozora", "青空コマース 公式ストア", 165_000, "shop", evergreens=3, has_series=True, legacy=1),
    _yen("kintsugi", "Kintsugi Studio 東京", 48_000, "brand", evergreens=2),
    _real("praia", "Praia Café & Açaí", 98_000, "brand", evergreens=3, has_series=True),
    _real("saojoao", "Loja São João", 260_000, "shop", evergreens=2, has_series=True),
)


def cast(size: int = len(ACCOUNTS)) -> list[AccountPlan]:
    """So many ad accounts: the twelve, then the same again under other names, for load."""
    rounds = range(-(-size // len(ACCOUNTS)))
    plans = [_again(plan, n) if n else plan for n in rounds for plan in ACCOUNTS]
    return plans[:size]


def _again(plan: AccountPlan, n: int) -> AccountPlan:
    return replace(plan, key=f"{plan.key}{n}", name=f"{plan.name} {n + 1}", falls=None)


def position(plan: AccountPlan) -> int:
    """Which of the twelve it is, or is a copy of."""
    return [one.key for one in ACCOUNTS].index(plan.key.rstrip("0123456789"))
