"""What stands around every page: the badge of what fires, the worst rate limit, a line when nothing works behind it."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.connections.models import AdAccount
from apps.ui.navigation import Badge
from apps.ui.pulse import Kind, PulseLine

from . import budgets, heartbeat
from .models import Alert, Severity


def rate_limits(user: Any) -> PulseLine | None:
    """The worst of the ad accounts that a person sees, and of the app."""
    accounts = None
    if not user.has_perm("team.view_all_accounts"):
        accounts = set(AdAccount.objects.visible_to(user).values_list("meta_id", flat=True))
    worst = budgets.worst(accounts)
    url = reverse("health:index") if user.has_perm("team.view_health") else ""
    if worst.blocked:
        word = "app blocked" if worst.app_is_blocked else f"{worst.blocked:,} blocked"
        return PulseLine(label="Rate limit", word=word, kind="crit", url=url)
    if worst.level is None:
        return None
    return PulseLine(label="Rate limit", word=f"{worst.level:.0f}%", kind=_kind(worst.level), url=url)


def _kind(level: float) -> Kind:
    if level >= settings.META_PACE_SLOW:
        return "warn"
    return "info" if level >= settings.META_PACE_TELL else "ok"


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
