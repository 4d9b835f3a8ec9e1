"""How far back the health page looks, and in which steps."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.ui.charts import Step

from .models import CallSlot


@dataclass(frozen=True)
class Span:
    """`24h`: 24 steps of one hour, the last of which is not over."""

    name: str
    label: str
    grain: CallSlot.Grain
    step: Step
    length: timedelta
    steps: int

    @property
    def per(self) -> str:
        """`3 hours`, after "per"."""
        number = self.length // (_HOUR if self.step == "hour" else _MINUTE)
        return self.step if number == 1 else f"{number} {self.step}s"

    def starts(self, now: datetime) -> list[datetime]:
        """When each step begins, oldest first."""
        since_midnight = now - now.replace(hour=0, minute=0, second=0, microsecond=0)
        last = now - since_midnight % self.length
        return [last - self.length * n for n in reversed(range(self.steps))]


_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
SPANS = {
    span.name: span
    for span in (
        Span("1h", "1 hour", CallSlot.Grain.MINUTE, "minute", _MINUTE, 60),
        Span("24h", "24 hours", CallSlot.Grain.HOUR, "hour", _HOUR, 24),
        Span("7d", "7 days", CallSlot.Grain.HOUR, "hour", 3 * _HOUR, 7 * 8),
    )
}
USUAL = SPANS["24h"]
