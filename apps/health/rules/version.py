from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings

from apps.graphapi.versions import LATEST, support
from apps.health.findings import Asked, Finding, Rule, place


def ending(asked: Asked) -> Iterator[Finding]:
    """The version in every address ends soon, or is over."""
    version, today = settings.META_API_VERSION, asked.now.date()
    ends = support(version).ends
    older = not support(version).known and _number(version) < _number(LATEST)  # than our table goes back
    if not older and (ends is None or ends - today > timedelta(days=asked.threshold)):
        return
    over = older or (ends is not None and ends < today)
    when = f"{' since' if over else ' on'} {ends:%-d %b %Y}" if ends else ""
    yield Finding(
        "version",
        "crit" if over else "warn",
        f"Version {version} of Meta's API {'has ended' if over else 'ends soon'}",
        f"It {'is over' if over else 'ends'}{when}. Read Meta's changelog, set META_API_VERSION to {LATEST} "
        "and start anew.",
        action="Open setup",
        url=place("connections:setup"),
    )


def _number(version: str) -> float:
    return float(version.removeprefix("v"))


ENDING = Rule(
    "version",
    "The API version ends",
    "META_API_VERSION ends within {threshold} days, by Meta's calendar",
    ending,
    threshold=60,
    least=7,
    most=180,
    unit="days",
)
