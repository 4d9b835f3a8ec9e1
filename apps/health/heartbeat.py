"""Whether beat, broker and workers live. The one writer of `Heartbeat`."""

from datetime import datetime, timedelta

from django.utils import timezone

from .models import Heartbeat

# A minute's work that went through beat and a worker; a look at all rules, whoever made it.
BACKGROUND, LOOK = "background", "look"
# Beat sends one each minute. Older than this: people are told, and nobody is sent to us (`/readyz`) any more.
LATE = timedelta(minutes=10)
LOST = timedelta(minutes=15)


def mark(name: str) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now()})


def last(name: str = BACKGROUND) -> datetime | None:
    """None: there never was a worker."""
    at: datetime | None = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    return at


def silent_since(longer_than: timedelta = LATE) -> datetime | None:
    """Since when nothing was heard; None while all is well, and where there never was a worker."""
    at = last()
    return at if at is not None and timezone.now() - at > longer_than else None
