"""The life of a token on one line: granted, renewed, warned, today, its end, the end of the access to data."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from apps.ui import formats

from .models import SOON, Connection


@dataclass(frozen=True)
class Mark:
    """A moment on the line; `x` in percent of its length. A minor one gives way on a phone."""

    name: str
    at: datetime
    x: float
    anchor: str = "middle"
    tone: str = ""
    minor: bool = False

    @property
    def day(self) -> str:
        return formats.day(self.at)


@dataclass(frozen=True)
class Lifeline:
    marks: list[Mark]
    today: float
    warned_from: float
    ends: float
    words: str

    @property
    def left(self) -> float:
        """How much of the line is still to come before the end."""
        return max(0.0, round(self.ends - max(self.today, self.warned_from), 2))

    @property
    def warned_for(self) -> float:
        """How much of the warning is over."""
        return max(0.0, round(self.today - self.warned_from, 2))


def of(connection: Connection) -> Lifeline | None:
    """None of a token that never ends, or whose end nobody knows."""
    begun, end = connection.issued_at or connection.created_at, connection.expires_at
    if end is None or not connection.works or end <= begun:
        return None
    now, data_end = timezone.now(), connection.data_access_expires_at
    last = max(filter(None, (end, data_end, now)))

    def x(moment: datetime) -> float:
        return round(100 * min(1.0, max(0.0, (moment - begun) / (last - begun))), 2)

    warn = end - timedelta(days=SOON)
    is_urgent = now >= warn
    marks = [Mark("Granted", begun, 0.0, "start")]
    tried = connection.renewal_tried_at
    if connection.renewal_error and tried and begun < tried < now:
        marks.append(Mark("Not renewed", tried, x(tried), minor=True))
    marks.append(Mark("Expires", end, x(end), "end" if x(end) > 90 else "middle", "w" if is_urgent else ""))
    if data_end and data_end > end:
        marks.append(Mark("Data access ends", data_end, x(data_end), "end", minor=True))
    told = [f"{mark.name.lower()} {formats.day(mark.at, year=True)}" for mark in marks]
    words = f"Timeline: {', '.join(told)}; today {formats.day(now, year=True)}"
    return Lifeline(_apart(marks), x(now), max(0.0, x(warn)), x(end), words)


def _apart(marks: list[Mark]) -> list[Mark]:
    """Without minor marks that would be written over their neighbours."""
    kept: list[Mark] = []
    for mark in marks:
        close = any(abs(mark.x - other.x) < 14 for other in marks if other is not mark)
        if not (mark.minor and close):
            kept.append(mark)
    return kept
