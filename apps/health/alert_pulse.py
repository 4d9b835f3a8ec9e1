"""What stands around every page: a badge for what fires, and a line when nothing is done in the background."""

from typing import Any

from django.urls import reverse

from apps.ui.navigation import Badge
from apps.ui.pulse import PulseLine

from . import heartbeat
from .models import Alert, Severity


def badge(user: Any) -> Badge | None:
    """How many alerts fire, in the colour of the worst."""
    worst = list(Alert.objects.firing().values_list("severity", flat=True))
    if not worst:
        return None
    return Badge(f"{len(worst):,}", "crit" if Severity.CRIT in worst else "warn")


def background(user: Any) -> PulseLine | None:
    """Only while it is silent: what is well needs no line."""
    if not user.has_perm("team.view_alerts") or heartbeat.silent_since() is None:
        return None
    return PulseLine("Background", "stopped", "crit", reverse("health:alerts"))
