"""An insights request, understood: level, days, fields, breakdowns, windows, conditions, order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from . import fieldnames
from .audience import ALLOWED, EMPTY
from .call import Call
from .errors import fault, invalid, wrong_level
from .fields import parse_fields
from .filtering import Condition, read_filtering
from .metrics import WINDOWS
from .objects import Account, Ad, AdSet, Campaign
from .periods import UNIQUE_MONTHS, Period, months_back, read_periods

LEVELS = ("account", "campaign", "adset", "ad")
NODE_LEVEL: dict[type, str] = {Account: "account", Campaign: "campaign", AdSet: "adset", Ad: "ad"}
# Accepted beside those that hold something; they never do here.
OTHER_WINDOWS = (
    "default",
    "dda",
    "custom",
    "incrementality",
    "incrementality_all_conversions",
    "incrementality_first_conversion",
    "1d_sequenced",
    "7d_sequenced",
    "28d_sequenced",
    "7d_view_all_conversions",
    "7d_view_first_conversion",
    "28d_view_all_conversions",
    "28d_view_first_conversion",
    "skan_click",
    "skan_click_second_postback",
    "skan_click_third_postback",
    "skan_view",
    "skan_view_second_postback",
    "skan_view_third_postback",
)
WINDOW_NAMES = frozenset(WINDOWS) | frozenset(OTHER_WINDOWS)
DEFAULT_FIELDS = {
    "account": ("account_id",),
    "campaign": ("account_id", "campaign_id"),
    "adset": ("account_id", "campaign_id", "adset_id"),
    "ad": ("account_id", "campaign_id", "adset_id", "ad_id"),
}


@dataclass(frozen=True)
class Query:
    level: str
    periods: list[Period]
    fields: list[str]
    breakdowns: tuple[str, ...]
    windows: tuple[str, ...]
    conditions: list[Condition]
    sort: tuple[str, bool] | None  # field, descending
    summary: list[str] | None
    unique_allowed: bool
    hidden: bool  # a breakdown that never has rows here

    def needs_conversions(self) -> bool:
        return any("action" in name or "roas" in name for name in (*self.fields, *(self.summary or ())))


def read_query(call: Call, node: Account | Campaign | AdSet | Ad) -> Query:
    account = node if isinstance(node, Account) else node.account
    today = account.local(call.now).date()
    level = _level(call, node)
    breakdowns = tuple(call.request.words("breakdowns") or ())
    _check_breakdowns(breakdowns)
    periods = read_periods(call.request, today)
    fields = _fields(call.request.params.get("fields"), level)
    oldest = date.fromordinal(min(since for since, _ in periods))
    return Query(
        level=level,
        periods=periods,
        fields=fields,
        breakdowns=breakdowns,
        windows=_windows(call),
        conditions=read_filtering(call.request),
        sort=_sort(call),
        summary=_summary(call, fields, level),
        unique_allowed=not breakdowns or oldest >= months_back(today, UNIQUE_MONTHS),
        hidden=bool(EMPTY & set(breakdowns))
        or (account.gated_breakdowns and "impression_device" in breakdowns),
    )


def _level(call: Call, node: Account | Campaign | AdSet | Ad) -> str:
    own = NODE_LEVEL[type(node)]
    level = call.request.params.get("level") or own
    if level not in LEVELS:
        raise invalid(f"level must be one of the following values: {', '.join(LEVELS)}")
    if LEVELS.index(level) < LEVELS.index(own):
        raise wrong_level()
    return level


def _fields(text: str | None, level: str) -> list[str]:
    names = [one.name for one in parse_fields(text)]
    if not names:
        return [*DEFAULT_FIELDS[level], "impressions", "spend"]
    for name in names:
        if name not in fieldnames.INSIGHTS:
            raise invalid(
                f"{name} is not valid for fields param. please check https://developers.facebook.com/docs/"
                "marketing-api/reference/ads-insights/ for all valid values"
            )
    return names


def _check_breakdowns(names: tuple[str, ...]) -> None:
    known = EMPTY.union(*ALLOWED)
    for n, name in enumerate(names):
        if name not in known:
            raise invalid(f"breakdowns[{n}] must be one of the following values: {', '.join(sorted(known))}")
    wanted = frozenset(names)
    if not wanted or wanted in ALLOWED or (len(wanted) == 1 and wanted <= EMPTY):
        return
    raise invalid(
        f"Current combination of data breakdown columns (action_type, {', '.join(names)}) is invalid"
    )


def _windows(call: Call) -> tuple[str, ...]:
    names = call.request.words("action_attribution_windows") or []
    for n, name in enumerate(names):
        if name not in WINDOW_NAMES:
            raise invalid(
                f"action_attribution_windows[{n}] must be one of the following values: "
                f"{', '.join(sorted(WINDOW_NAMES))}"
            )
    return tuple(name for name in names if name in WINDOWS)


def _sort(call: Call) -> tuple[str, bool] | None:
    names = call.request.words("sort")
    if not names:
        return None
    if len(names) > 1:
        raise invalid("param sort takes one element.")
    field, _, direction = names[0].rpartition("_")
    if direction not in ("ascending", "descending") or field not in fieldnames.INSIGHTS:
        raise invalid(f"param sort: {names[0]} is not a field followed by _ascending or _descending.")
    return field, direction == "descending"


def _summary(call: Call, fields: list[str], level: str) -> list[str] | None:
    if call.request.flag("default_summary"):
        return fields
    text = call.request.params.get("summary", "")
    if not text or text.lower() in ("0", "false"):
        return None
    if text.lower() in ("1", "true"):
        return fields
    names = _fields(text, level)
    for name in names:
        if name not in fields:
            raise fault(
                f"(#100) Cannot include {name} in summary param because they weren't there while creating "
                "the report run. All available values are: " + ", ".join(fields),
                100,
            )
    return names
