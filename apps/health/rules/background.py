from collections.abc import Iterator
from datetime import timedelta

from apps.health import heartbeat
from apps.health.findings import Asked, Finding, Rule, place

KEY = "background"


def stopped(asked: Asked) -> Iterator[Finding]:
    """Nothing came through beat, the broker and a worker. Found by whoever still lives: see `health.watch`."""
    at = heartbeat.last()
    if at is None or asked.now - at <= timedelta(minutes=asked.threshold):
        return
    asked.explained.everything = True
    yield Finding(
        KEY,
        "crit",
        "Background work has stopped",
        f"Nothing was done since {at:%-d %b, %H:%M} UTC: beat, the broker or every worker is down. Until they run "
        "again nothing is synced or checked.",
        action="Open health",
        url=place("health:index") or place("health:alerts"),
    )


STOPPED = Rule(
    "background",
    "Background work stops",
    "No heartbeat through beat and a worker for {threshold} minutes",
    stopped,
    threshold=int(heartbeat.LATE.total_seconds() // 60),
    least=3,
    most=12,
    unit="min",
    calm=timedelta(0),
)
