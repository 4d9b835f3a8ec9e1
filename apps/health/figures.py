"""The figures of the health page: tiles and charts out of the traffic of a span."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from apps.ui import charts, formats
from apps.ui.parts import Kpi

from .traffic import AUTH, LIMITED, REQUEST, SERVER, Sums, Traffic

# Requests that Meta takes in one batch, and as many as should be in it.
MOST_IN_BATCH, WANTED_IN_BATCH = 50, 20
_TONES = {SERVER: "other", REQUEST: "c1", AUTH: "c5", LIMITED: "crit"}


def tiles(traffic: Traffic) -> list[Kpi]:
    total, steps = traffic.total, traffic.steps
    p50, p95, p99 = (formats.milliseconds(total.percentile(share)) for share in (0.5, 0.95, 0.99))
    return [
        Kpi(
            f"Calls, {traffic.span.label}",
            value=formats.integer(total.calls),
            note=f"in {formats.integer(total.trips)} requests",
            compared=False,
            spark=[step.calls for step in steps],
        ),
        Kpi(
            "Error rate",
            value=formats.percent(total.error_rate, 2),
            note=f"{formats.integer(total.failed)} error{'' if total.failed == 1 else 's'}",
            compared=False,
            spark=[step.error_rate for step in steps],
        ),
        Kpi(
            "Latency p95",
            value=p95,
            note=f"p50 {p50}, p99 {p99}" if total.trips else "no requests",
            compared=False,
            spark=[step.percentile(0.95) for step in steps],
        ),
        Kpi(
            "Batch fill",
            value=formats.decimal(total.fill, 1),
            note=f"of {MOST_IN_BATCH}, target {WANTED_IN_BATCH}" if total.envelopes else "no batches",
            compared=False,
            spark=[step.fill for step in steps],
        ),
    ]


def _timeline(traffic: Traffic) -> dict[str, Any]:
    """The axis, with the step that is not over marked."""
    days = [timezone.localtime(start) for start in traffic.starts]
    return {"days": days, "step": traffic.span.step, "partial": [charts.Band(days[-1], days[-1])]}


def _each(traffic: Traffic, of: Callable[[Sums], float | None]) -> list[float | None]:
    return [of(step) for step in traffic.steps]


def latency(traffic: Traffic) -> charts.Lines:
    def seconds(share: float) -> list[float | None]:
        found = _each(traffic, lambda step: step.percentile(share))
        return [None if value is None else value / 1000 for value in found]

    return charts.Lines(
        series=[
            charts.Series("p99", seconds(0.99), "c4"),
            charts.Series("p95", seconds(0.95), "c2"),
            charts.Series("p50", seconds(0.5), "c1"),
        ],
        format=charts.SECONDS,
        **_timeline(traffic),
    )


def volume(traffic: Traffic) -> charts.Trend:
    return charts.Trend(
        name="Calls",
        values=_each(traffic, lambda step: step.calls),
        format=charts.COUNT,
        **_timeline(traffic),
    )


def errors(traffic: Traffic) -> charts.Stack:
    return charts.Stack(
        series=[
            charts.Series(name, [step.errors[name] for step in traffic.steps], tone, hatch=name == LIMITED)
            for name, tone in _TONES.items()
        ],
        **_timeline(traffic),
    )


def fill(traffic: Traffic) -> charts.Lines:
    return charts.Lines(
        series=[charts.Series("Requests per batch", _each(traffic, lambda step: step.fill), "c1")],
        format=charts.Format(decimals=1),
        thresholds=[
            charts.Threshold(WANTED_IN_BATCH, f"target {WANTED_IN_BATCH}"),
            charts.Threshold(MOST_IN_BATCH, f"maximum {MOST_IN_BATCH}"),
        ],
        labels=False,
        **_timeline(traffic),
    )


def legend() -> list[tuple[str, str]]:
    """(key, name) of the classes of errors, the gravest first."""
    keys = {"other": "co"}
    return [(keys.get(tone, tone), name) for name, tone in reversed(_TONES.items())]
