"""How much of each allowance is spent, read from the headers of an answer. No header, no value.

Sources: the Marketing API page "Rate Limiting" and the Graph API page "Rate Limits". Headers come once enough
calls have been made, on failures too, and in the `headers` of each member of a batch.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apps.graphapi.accounts import bare_id
from apps.graphapi.entries import Scope
from apps.graphapi.limits import BLOCK_SECONDS_FULL, BLOCK_SECONDS_LIMITED, TIER_LIMITED
from apps.graphapi.scrub import scrub, tidy

APP = "x-app-usage"
ACCOUNT = "x-ad-account-usage"
BUSINESS_USE_CASE = "x-business-use-case-usage"
INSIGHTS = "x-fb-ads-insights-throttle"
INSIGHTS_REACH = "x-fb-ads-insights-reach-throttle"
HEADERS = (APP, ACCOUNT, BUSINESS_USE_CASE, INSIGHTS, INSIGHTS_REACH)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One allowance. Figures are percent, may be fractions and may pass 100; None: not in the header.

    `object_id`: bare digits of the account, page, business or catalogue; empty for the app as a whole, and
    when the header does not name the account and the path did not either.
    `type`: for business use cases Meta's word (`ads_insights`, `ads_management`, …), kept as it comes.
    `regain_seconds`: time until access comes back (business use cases), or until the score is back to 0.
    `tier`: `development_access` (limited), `standard_access` (full) or empty.
    """

    scope: Scope
    object_id: str = ""
    type: str = ""
    call_count: float | None = None
    total_cputime: float | None = None
    total_time: float | None = None
    percent: float | None = None
    regain_seconds: float = 0.0
    tier: str = ""

    @property
    def peak(self) -> float:
        """The largest of the percentages, 0 without any."""
        figures = (self.call_count, self.total_cputime, self.total_time, self.percent)
        return max((figure for figure in figures if figure is not None), default=0.0)

    @property
    def blocked_for(self) -> float:
        """Seconds for which this allowance is closed, 0 when it is open."""
        if self.peak >= 100:
            return max(self.regain_seconds, shortest_block(self.tier))
        return self.regain_seconds if self.scope is Scope.BUSINESS_USE_CASE else 0.0


@dataclass(frozen=True)
class Usage:
    """All allowances that one answer told about. `raw`: the headers as they came, (lower-case name, text)."""

    readings: tuple[Reading, ...] = ()
    raw: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.readings)

    @property
    def peak(self) -> float:
        """The largest percentage of all."""
        return max((reading.peak for reading in self.readings), default=0.0)

    @property
    def blocked_for(self) -> float:
        """Seconds until every allowance named here is open again."""
        return max((reading.blocked_for for reading in self.readings), default=0.0)

    @property
    def tier(self) -> str:
        """The app's access tier, empty when no header names it."""
        return next((reading.tier for reading in self.readings if reading.tier), "")

    def for_account(self, account: str) -> "Usage":
        """The readings about one ad account (`act_42` or `42`); app-wide ones are left out."""
        wanted = bare_id(account)
        return Usage(tuple(reading for reading in self.readings if reading.object_id == wanted), self.raw)

    def for_app(self) -> "Usage":
        """The readings about the app as a whole."""
        wide = (Scope.APP, Scope.INSIGHTS_APP, Scope.INSIGHTS_REACH_APP)
        return Usage(tuple(reading for reading in self.readings if reading.scope in wide), self.raw)

    def regain_seconds(self, *, account: str = "", use_case: str = "") -> float:
        """Longest wait named for this account and use case; blocks of other accounts do not count."""
        mine = [r for r in self.readings if not account or r.object_id in ("", bare_id(account))]
        of_case = [r for r in mine if r.type == use_case] if use_case else []
        return max((r.regain_seconds for r in of_case or mine or self.readings), default=0.0)


def shortest_block(tier: str) -> float:
    """Seconds of the shortest block Meta imposes on an app of this tier."""
    return BLOCK_SECONDS_LIMITED if tier == TIER_LIMITED else BLOCK_SECONDS_FULL


def read_usage(
    headers: Mapping[str, str], account: str | None = None, *, secrets: tuple[str, ...] = ()
) -> Usage | None:
    """All readings in an answer's headers (names in any case), or None when there are none.

    `account`: bare id from the path of the call, because two of the headers do not name theirs.
    """
    named = {name.lower(): scrub(text, secrets) for name, text in headers.items() if name.lower() in HEADERS}
    readings = tuple(reading for name in HEADERS for reading in _read(name, named.get(name), account or ""))
    raw = tuple((name, tidy(named[name])) for name in HEADERS if name in named)
    return Usage(readings, raw) if readings else None


def _read(name: str, text: str | None, account: str) -> Iterator[Reading]:
    body = _json(text)
    if not isinstance(body, dict):
        return
    if name == APP:
        yield from _useful([_reading(Scope.APP, "", body)])
    elif name == ACCOUNT:
        yield from _useful([_reading(Scope.ACCOUNT, account, body, percent="acc_id_util_pct")])
    elif name == BUSINESS_USE_CASE:
        yield from _use_cases(body)
    elif name == INSIGHTS:
        yield from _insights(body, account, Scope.INSIGHTS_APP, Scope.INSIGHTS_ACCOUNT)
    else:
        yield from _insights(body, account, Scope.INSIGHTS_REACH_APP, Scope.INSIGHTS_REACH_ACCOUNT)


def _use_cases(body: dict[str, Any]) -> Iterator[Reading]:
    for object_id, entries in body.items():
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, dict):
                yield _reading(Scope.BUSINESS_USE_CASE, bare_id(tidy(object_id, longest=64)), entry)


def _insights(body: dict[str, Any], account: str, app: Scope, one: Scope) -> Iterator[Reading]:
    yield from _useful(
        [
            _reading(app, "", body, percent="app_id_util_pct"),
            _reading(one, account, body, percent="acc_id_util_pct"),
        ]
    )


def _useful(readings: Iterable[Reading]) -> Iterator[Reading]:
    """Leave out readings of which the header held no figure at all."""
    for reading in readings:
        figures = (reading.call_count, reading.total_cputime, reading.total_time, reading.percent)
        if any(figure is not None for figure in figures):
            yield reading


def _reading(scope: Scope, object_id: str, body: dict[str, Any], percent: str = "") -> Reading:
    minutes = _number(body.get("estimated_time_to_regain_access")) or 0.0
    seconds = _number(body.get("reset_time_duration")) or 0.0
    return Reading(
        scope=scope,
        object_id=object_id,
        type=tidy(body.get("type"), longest=64),
        call_count=_number(body.get("call_count")),
        total_cputime=_number(body.get("total_cputime")),
        total_time=_number(body.get("total_time")),
        percent=_number(body.get(percent)) if percent else None,
        regain_seconds=max(minutes * 60, seconds),
        tier=tidy(body.get("ads_api_access_tier"), longest=64),
    )


def _json(text: str | None) -> Any:
    try:
        return json.loads(text or "")
    except (ValueError, RecursionError):
        return None


def _number(value: Any) -> float | None:
    """A finite number that is not negative, from a number or its text; anything else is no figure."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None
