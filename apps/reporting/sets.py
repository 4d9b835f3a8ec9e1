"""Sets of numbers: a level, whole or broken down. Which an ad account keeps, and what Meta lets anyone ask for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from apps.connections.models import AdAccount
from apps.graphapi.limits import (
    INSIGHTS_FREQUENCY_MAX_MONTHS,
    INSIGHTS_MAX_MONTHS,
    INSIGHTS_UNIQUE_MAX_MONTHS,
)

from .models import Level, SyncPlan


@dataclass(frozen=True)
class NumberSet:
    level: str
    breakdown: str
    label: str
    hourly: bool = False  # small enough to be read every hour; the others are nightly, each a run of its own

    @property
    def name(self) -> str:
        return f"{self.level}:{self.breakdown}" if self.breakdown else self.level

    @property
    def key(self) -> tuple[str, str]:
        return self.level, self.breakdown


# Every set an account can keep. The hourly ones are what the pages are made of and can not be left out.
SETS = {
    one.name: one
    for one in (
        NumberSet("account", "", "Account", hourly=True),
        NumberSet("campaign", "", "Campaigns", hourly=True),
        NumberSet("adset", "", "Ad sets"),
        NumberSet("ad", "", "Ads"),
        NumberSet("campaign", "age,gender", "Campaigns by age and gender"),
        NumberSet("campaign", "country", "Campaigns by country"),
        NumberSet("campaign", "publisher_platform,platform_position", "Campaigns by platform and position"),
        NumberSet("campaign", "device_platform", "Campaigns by device"),
    )
}
HOURLY = [one for one in SETS.values() if one.hourly]
NIGHTLY = [one for one in SETS.values() if not one.hourly]
DEFAULT = list(SETS)

_PLURALS = {"account": "Account", "campaign": "Campaigns", "adset": "Ad sets", "ad": "Ads"}

# Meta's table of combinations, as far as they are breakdowns and not action breakdowns.
_ASSETS = [
    "ad_format_asset", "body_asset", "call_to_action_asset", "description_asset", "image_asset", "link_url_asset",
    "title_asset", "video_asset",
]  # fmt: skip
_HOURLY_STATS = [
    "hourly_stats_aggregated_by_advertiser_time_zone",
    "hourly_stats_aggregated_by_audience_time_zone",
]
_COMBINATIONS = frozenset(
    frozenset(text.split(","))
    for text in [
        "age", "gender", "age,gender", "country", "region", "comscore_market", "device_platform", "impression_device",
        "publisher_platform", "publisher_platform,impression_device", "publisher_platform,platform_position",
        "publisher_platform,platform_position,impression_device", "product_id", "frequency_value", *_HOURLY_STATS,
        *(f"{asset}{more}" for asset in _ASSETS for more in ("", ",age", ",gender", ",age,gender")),
    ]
)  # fmt: skip
_NAMES = sorted(frozenset().union(*_COMBINATIONS))
_ALONE_MONTHS = {
    "frequency_value": INSIGHTS_FREQUENCY_MAX_MONTHS,
    **dict.fromkeys(_HOURLY_STATS, INSIGHTS_UNIQUE_MAX_MONTHS),
}
# Counted once per person, so Meta keeps them for a shorter time when they are broken down.
_UNIQUE_METRICS = {"reach", "frequency"}


def of(level: str, breakdown: str = "") -> NumberSet:
    """The set of this level and breakdown, known to us or not."""
    parts = breakdown.replace("_", " ").replace(",", ", ")
    by = f" by {parts}" if parts else ""
    found = SETS.get(f"{level}:{breakdown}" if breakdown else level)
    return found or NumberSet(level, breakdown, f"{_PLURALS[level]}{by}")


def kept(account: AdAccount) -> list[NumberSet]:
    return kept_by([account])[account.pk]


def kept_by(accounts: Iterable[AdAccount]) -> dict[int, list[NumberSet]]:
    """The sets that each of these accounts keeps, by account id. One query."""
    accounts = list(accounts)
    chosen = dict(SyncPlan.objects.filter(account__in=accounts).values_list("account_id", "sets"))
    return {account.pk: _in_order(chosen.get(account.pk) or DEFAULT) for account in accounts}


def keep(account: AdAccount, names: Iterable[str]) -> list[NumberSet]:
    """Let an account keep these sets from now on. What is stored of others stays."""
    chosen = _in_order(names)
    every = [one.name for one in chosen]
    SyncPlan.objects.update_or_create(account=account, defaults={"sets": [] if every == DEFAULT else every})
    return chosen


def _in_order(names: Iterable[str]) -> list[NumberSet]:
    wanted = set(names)
    return [one for one in SETS.values() if one.hourly or one.name in wanted]


def months_back(today: date, months: int) -> date:
    """The same day of an earlier month, the 28th at the latest."""
    count = today.year * 12 + today.month - 1 - months
    return date(count // 12, count % 12 + 1, min(today.day, 28))


def refusal(breakdown: str, since: date | None, today: date) -> str:
    """Why Meta would refuse this, as a sentence; empty when it would not. Nothing is asked to find out."""
    parts = breakdown.split(",") if breakdown else []
    if unknown := [part for part in parts if part not in _NAMES]:
        return f"{unknown[0]} is no breakdown that can be stored. Known are: {', '.join(_NAMES)}."
    if parts and (len(set(parts)) < len(parts) or frozenset(parts) not in _COMBINATIONS):
        return _bad_combination(parts)
    months = min([INSIGHTS_MAX_MONTHS, *(_ALONE_MONTHS.get(part, INSIGHTS_MAX_MONTHS) for part in parts)])
    first = months_back(today, months)
    if since and since < first:
        what = f"{breakdown} for" if months < INSIGHTS_MAX_MONTHS else "insights for"
        return f"Meta keeps {what} {months} months; {since} is before {first}. Begin there."
    return ""


def metrics(names: Iterable[str], breakdown: str, since: date, today: date) -> list[str]:
    """Those of these metrics that may be asked for: reach with a breakdown only as far back as Meta keeps it."""
    if not breakdown or since >= months_back(today, INSIGHTS_UNIQUE_MAX_MONTHS):
        return list(names)
    return [name for name in names if name not in _UNIQUE_METRICS]


def _bad_combination(parts: list[str]) -> str:
    with_first = sorted(
        ",".join(sorted(one)) for one in _COMBINATIONS if parts[0] in one and not one & set(_ASSETS)
    )
    options = f" {parts[0]} can be asked for as: {'; '.join(with_first)}." if with_first else ""
    return f"Meta does not combine {' with '.join(parts)}.{options}"


def levels_of(chosen: Iterable[NumberSet]) -> list[str]:
    levels = {one.level for one in chosen}
    return [level for level in Level.values if level in levels]
