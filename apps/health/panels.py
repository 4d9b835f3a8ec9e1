"""The panels of the health page. Each is swapped alone and may fail alone; the others stay as they are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apps.reporting.freshness import LATE_AFTER

from . import ages, figures, spending, verdicts
from .budgets import STATES
from .models import HealthCheck
from .pages import HealthPage

# As many of the oldest ad accounts, and of the largest jobs, as a panel shows.
OLDEST = 6
LARGEST = 8


@dataclass(frozen=True)
class Panel:
    """`refresh`: seconds between looks. A chart that is drawn anew all the time can not be read."""

    name: str
    title: str
    width: str
    told: Callable[[HealthPage], dict[str, Any]]
    refresh: int = 30

    @property
    def id(self) -> str:
        return f"p-{self.name}"

    @property
    def template(self) -> str:
        return f"health/panels/{self.name}.html"


def _summary(page: HealthPage) -> dict[str, Any]:
    return {"kpis": figures.tiles(page.traffic), "verdict": verdicts.of(page)}


def _check(page: HealthPage) -> dict[str, Any]:
    latest = HealthCheck.objects.select_related("asked_by").order_by("-at").first()
    findings = latest.report.get("needs_a_person", []) if latest else []
    return {"latest": latest, "findings": findings}


def _app(page: HealthPage) -> dict[str, Any]:
    return {"rows": page.rows_of_app}


def _budgets(page: HealthPage) -> dict[str, Any]:
    return {
        "rows": page.rows_of_accounts,
        "shown": page.shown,
        "known": bool(page.budgets.of_accounts),
        "among": len(page.among),
        "skyline": page.skyline,
        "skyline_words": _in_words(page.skyline),
        "states": page.budgets.by_state(page.among),
        "uses": page.budgets.uses(),
        "tier": {"development_access": "Limited", "standard_access": "Full"}.get(page.tier, ""),
        "kinds": {name: kind for name, (kind, _) in STATES.items()},
    }


def _in_words(levels: list[float]) -> str:
    near = sum(level >= settings.META_PACE_TELL for level in levels)
    number = f"{len(levels):,} account{'' if len(levels) == 1 else 's'}"
    return f"{number} by the fullest allowance of each, worst first: {near:,} from {settings.META_PACE_TELL:.0f}% on"


def _tokens(page: HealthPage) -> dict[str, Any]:
    return {"rows": page.connections}


def _freshness(page: HealthPage) -> dict[str, Any]:
    shown = ages.of(page.ages[:OLDEST])
    counts = ages.by_kind(page.ages)
    return {
        "rows": shown,
        "rest": len(page.ages) - len(shown),
        "on_time": counts["ok"],
        "total": len(page.ages),
        "late_after": int(LATE_AFTER.total_seconds() // 60),
    }


def _latency(page: HealthPage) -> dict[str, Any]:
    return {"figure": figures.latency(page.traffic), "any": page.traffic.total.trips}


def _outcomes(page: HealthPage) -> dict[str, Any]:
    return {
        "volume": figures.volume(page.traffic),
        "errors": figures.errors(page.traffic),
        "legend": figures.legend(),
        "any": page.traffic.total.calls,
    }


def _fill(page: HealthPage) -> dict[str, Any]:
    return {"figure": figures.fill(page.traffic), "batches": page.traffic.total.envelopes}


def _jobs(page: HealthPage) -> dict[str, Any]:
    jobs = spending.jobs(page.now)
    total = sum(job.calls for job in jobs)
    return {
        "rows": [(job, job.calls / total) for job in jobs[:LARGEST]],
        "rest": sum(job.calls for job in jobs[LARGEST:]),
        "since": spending.since(page.now),
    }


_CHART = 300
PANELS = (
    Panel("summary", "Summary", "w12", _summary),
    Panel("budgets", "Rate-limit budgets", "w12", _budgets),
    Panel("app", "Allowances of the app", "w12", _app),
    Panel("check", "Daily check", "w12", _check),
    Panel("tokens", "Tokens", "w8", _tokens),
    Panel("freshness", "Data freshness", "w4", _freshness),
    Panel("latency", "Latency of Graph calls", "w6", _latency, _CHART),
    Panel("outcomes", "Calls by outcome", "w6", _outcomes, _CHART),
    Panel("fill", "Batch fill", "w6", _fill, _CHART),
    Panel("jobs", "What is using the budget", "w6", _jobs),
)
BY_ID = {panel.id: panel for panel in PANELS}
